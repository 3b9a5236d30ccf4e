"""Windows: which places count, and that tagging in windows is tagging as a whole where the overlap is wide enough."""

import itertools

import pytest
import torch

from ldnet.annotation import annotate
from ldnet.decoding import bulk_tagger as decoding
from ldnet.text import windows as cutting
from ldnet.text.tokenisation import join_words
from ldnet.text.windows import LONGEST_WHOLE, OVERLAP, windows
from pipeline.evaluation.finished import bulk_tagger
from tests.factories import make_bidirectional_lm, make_lexicon, make_sentences, make_tagger

SENTENCES = make_sentences(300)
LEXICON = make_lexicon(SENTENCES)
LONG = list(itertools.chain.from_iterable(sentence.words for sentence in SENTENCES))


@pytest.mark.parametrize("words", [0, 1, LONGEST_WHOLE - 1, LONGEST_WHOLE])
def test_a_sentence_that_is_short_enough_is_one_window(words: int) -> None:
    assert windows([words]) == [(0, 0, words, 0, words + 1)]


@pytest.mark.parametrize("words", [LONGEST_WHOLE + 1, 2 * LONGEST_WHOLE, 1000, 12_345])
def test_each_place_counts_once_and_is_far_from_edges(words: int) -> None:
    found = windows([3, words, 4])
    assert [window.sentence for window in found] == [0, *[1] * (len(found) - 2), 2]
    of_long = found[1:-1]
    assert [place for window in of_long for place in range(window.first, window.last)] == list(range(words + 1))
    for window in of_long:
        assert 0 <= window.start < window.end <= words and window.end - window.start <= LONGEST_WHOLE
        assert window.start == max(0, window.first - OVERLAP)
        assert window.end == min(words, window.last + OVERLAP)
        assert list(range(window.start, window.end + 1))[window.kept] == list(range(window.first, window.last))


@pytest.mark.parametrize("with_lm", [False, True])
def test_scores_are_those_of_the_whole_where_recurrent_layers_forget(
    with_lm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An untrained tagger has forgotten a word after fewer words than this overlap."""
    monkeypatch.setattr(cutting, "OVERLAP", 80)
    lm = make_bidirectional_lm() if with_lm else None
    bulk = bulk_tagger(make_tagger(LEXICON, sum(lm.widths) if lm else 0), lm, LEXICON)
    sentences = [LONG, ["the", "cat"], LONG[:300], []]
    found = bulk.read(sentences, lambda emissions, lengths: [of[:n] for of, n in zip(emissions, lengths, strict=True)])
    monkeypatch.setattr(decoding, "LONGEST_WHOLE", 10**6)
    whole = bulk.read(sentences, lambda emissions, lengths: [of[:n] for of, n in zip(emissions, lengths, strict=True)])
    assert found[3] is whole[3] is None
    for of_windows, of_whole in zip(found[:3], whole[:3], strict=True):
        assert of_windows is not None and of_whole is not None
        torch.testing.assert_close(of_windows, of_whole, atol=1e-4, rtol=0)


def test_paths_and_confidences_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    lm = make_bidirectional_lm()
    bulk = bulk_tagger(make_tagger(LEXICON, sum(lm.widths)), lm, LEXICON)
    lines = [join_words(words) for words in (LONG[:700], LONG[:5])]
    found = annotate(bulk, lines, n_best=3)
    monkeypatch.setattr(decoding, "LONGEST_WHOLE", 10**6)
    for of_windows, of_whole in zip(found, annotate(bulk, lines, n_best=3), strict=True):
        assert of_windows.tags == of_whole.tags
        assert [path.tags for path in of_windows.paths] == [path.tags for path in of_whole.paths]
        confidences = [[span.confidence for span in text.spans] for text in (of_windows, of_whole)]
        assert confidences[0] == pytest.approx(confidences[1], abs=1e-3)


def test_short_sentences_are_tagged_the_same_beside_long_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    bulk = bulk_tagger(make_tagger(LEXICON), None, LEXICON)
    short = [list(sentence.words) for sentence in SENTENCES[:50]]
    alone = bulk.read(short, lambda emissions, _: list(emissions.flatten(1).sum(1).tolist()))
    beside = bulk.read([*short, LONG], lambda emissions, _: list(emissions.flatten(1).sum(1).tolist()))
    assert beside[:-1] == alone


@pytest.mark.parametrize(("longest", "overlap"), [(20, 4), (3, 1)])
def test_batches_of_windows_do_not_matter(longest: int, overlap: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against each window scored alone."""
    for module in (cutting, decoding):
        monkeypatch.setattr(module, "LONGEST_WHOLE", longest)
    monkeypatch.setattr(cutting, "OVERLAP", overlap)
    bulk = bulk_tagger(make_tagger(LEXICON), None, LEXICON)
    (found,) = bulk.read([LONG[:101]], lambda emissions, _: list(emissions))
    rows = [
        bulk.emissions([LONG[window.start : window.end]])[0][0][place - window.start]
        for window in windows([101])
        for place in range(window.first, window.last)
    ]
    torch.testing.assert_close(found, torch.stack(rows), atol=1e-5, rtol=0)
