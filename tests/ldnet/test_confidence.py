"""Probabilities of spans and paths against the sum over all paths."""

import itertools
import random
from collections import Counter

import pytest
import torch

from ldnet.crf.confidence import PathDistribution, continuing, tagged_spans
from ldnet.text.tags import Span, spans
from tests.brute_force import (
    LENGTHS,
    NAMES,
    make_crf,
    make_emissions,
    make_lexicon,
    path_probabilities,
)

LEXICON = make_lexicon()


def random_paths(seed: int) -> list[tuple[int, ...]]:
    """Any tags, so that most spans break the scheme: conlleval's rules give those a meaning, too. Those that make long
    spans come more often."""
    rng, weights = random.Random(seed), [6 if name in ("B-A", "I-A", "E-A") else 1 for name in NAMES]
    return [tuple(rng.choices(range(len(NAMES)), weights, k=length - 1)) for length in LENGTHS]


@pytest.mark.parametrize("temperature", [1.0, 0.5, 3.0])
def test_spans_equal_the_sum_over_all_paths_that_have_them(temperature: float) -> None:
    """Without a temperature it is 1. Emissions may come from weights that are trained."""
    crf, emissions = make_crf(), make_emissions()
    given = () if temperature == 1.0 else (temperature,)
    trained = emissions.clone().requires_grad_()
    distribution = PathDistribution(crf.finished(), NAMES, trained, torch.tensor(LENGTHS), *given)
    of_rows = [
        path_probabilities(crf, emissions[row], length, temperature).items() for row, length in enumerate(LENGTHS)
    ]
    named = [[(path, spans(LEXICON.tag_names(path)), chance) for path, chance in paths] for paths in of_rows]
    seen: Counter[int] = Counter()  # by the length of the span
    for seed in range(10):
        found = tagged_spans(random_paths(seed), LEXICON)
        probabilities = distribution.span_probabilities([tagged for _, tagged in found])
        for (span, tagged), probability in zip(found, probabilities, strict=True):
            expected = sum(
                chance
                for path, of_path, chance in named[tagged.sentence]
                if span in of_path and path[span.start : span.end] == tuple(tagged.tags)
            )
            assert probability == pytest.approx(expected, rel=1e-9)
            seen[span.end - span.start] += 1
    assert min(seen[words] for words in (1, 2, 3)) > 1


def test_paths_equal_their_share_of_all_paths() -> None:
    crf, emissions = make_crf(), make_emissions()
    distribution = PathDistribution(crf.finished(), NAMES, emissions, torch.tensor(LENGTHS), 2.0)
    of_rows = [path_probabilities(crf, emissions[row], length, 2.0) for row, length in enumerate(LENGTHS)]
    paths = random_paths(7)
    computed = distribution.path_probabilities(range(len(LENGTHS)), paths)
    assert computed == pytest.approx([of_row[path] for of_row, path in zip(of_rows, paths, strict=True)], rel=1e-9)
    assert distribution.path_probabilities([], []) == distribution.span_probabilities([]) == []


def test_a_sentence_without_words_has_one_path() -> None:
    distribution = PathDistribution(make_crf().finished(), NAMES, make_emissions(), torch.tensor(LENGTHS))
    assert distribution.path_probabilities([LENGTHS.index(1)], [()]) == [pytest.approx(1.0)]


def test_probabilities_do_not_depend_on_the_batch() -> None:
    crf, emissions = make_crf(), make_emissions()
    found = [tagged for _, tagged in tagged_spans(random_paths(3), LEXICON)]
    together = PathDistribution(crf.finished(), NAMES, emissions, torch.tensor(LENGTHS)).span_probabilities(found)
    for tagged, probability in zip(found, together, strict=True):
        row = tagged.sentence
        alone = PathDistribution(
            crf.finished(), NAMES, emissions[row : row + 1, : LENGTHS[row]], torch.tensor([LENGTHS[row]])
        )
        assert alone.span_probabilities([tagged._replace(sentence=0)]) == [pytest.approx(probability, rel=1e-12)]


def test_which_tags_continue_a_span_is_conllevals_rule() -> None:
    table = continuing(tuple(NAMES))
    for (i, before), (j, after) in itertools.product(enumerate(NAMES), repeat=2):
        pair = LEXICON.tag_names((i, j))
        joined = any(span.start == 0 and span.end == 2 for span in spans(pair))
        assert bool(table[i, j]) == joined, (before, after)
    assert Span("A", 0, 2) in spans(["B-A", "I-A"]) and table[NAMES.index("B-A"), NAMES.index("I-A")]


@pytest.mark.parametrize("spread", [30.0, 300.0])
def test_large_scores_and_long_sentences_stay_probabilities(spread: float) -> None:
    crf, words = make_crf(spread), 2000
    emissions = spread * torch.randn(1, words + 1, len(NAMES), generator=torch.Generator().manual_seed(2))
    lengths = torch.tensor([words + 1])
    path = crf.decode(emissions, lengths)
    found = [tagged for _, tagged in tagged_spans(path, LEXICON)]
    probabilities = PathDistribution(crf.finished(), NAMES, emissions, lengths).span_probabilities(found)
    assert all(0.0 <= probability <= 1.0 for probability in probabilities) and len(probabilities) > 100


def test_rounding_leaves_no_path_more_than_everything() -> None:
    """Scores that are divided are rounded, one by one and in their sums."""
    crf, lengths = make_crf(100.0), torch.full((300,), 6)
    emissions = 100.0 * torch.randn(300, 6, len(NAMES), generator=torch.Generator().manual_seed(2))
    paths = crf.decode(emissions, lengths)
    distribution = PathDistribution(crf.finished(), NAMES, emissions, lengths, 0.37)
    assert max(distribution.path_probabilities(range(300), paths)) == 1.0
