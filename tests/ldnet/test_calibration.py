"""The calibration error by hand, and temperatures that undo what was done to a tagger's scores."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from ldnet.commands.calibrate import main
from ldnet.crf.confidence import PathDistribution, tagged_spans
from ldnet.decoding.bulk_tagger import BulkTagger
from ldnet.decoding.calibration import Bin, calibrate, expected_error, reliability
from ldnet.model_folder import load_model
from ldnet.text.columns import Sentence, read_conll
from pipeline.evaluation.finished import bulk_tagger
from tests.factories import make_lexicon, make_sentences, make_tagger
from tests.serving_factories import make_model


def test_the_error_by_hand() -> None:
    confidences, right = np.array([0.55, 0.52, 0.97, 1.0]), np.array([True, False, True, False])
    bins = reliability(confidences, right)
    assert bins == [Bin(0.5, 0.6, 2, pytest.approx(0.535), 0.5), Bin(0.9, 1.0, 2, pytest.approx(0.985), 0.5)]
    assert expected_error(bins) == pytest.approx((2 * 0.035 + 2 * 0.485) / 4)
    assert expected_error([]) == 0.0


def drawn(bulk: BulkTagger, sentences: list[Sentence]) -> list[Sentence]:
    """The same words with tags drawn from the tagger's own distribution: it is calibrated on them by definition."""
    generator = torch.Generator().manual_seed(0)
    tagged = []
    emissions, lengths = bulk.emissions([sentence.words for sentence in sentences])
    after = PathDistribution(bulk.crf, bulk.lexicon.tags, emissions, lengths).after
    for row, sentence in enumerate(sentences):
        path, tag = [], bulk.crf.start
        for step in range(len(sentence.words)):
            scores = bulk.crf.scores[tag].double() + emissions[row, step].double() + after[row, step]
            tag = int(torch.multinomial(scores.softmax(0), 1, generator=generator))
            path.append(tag)
        names = [name if "-" in name else "O" for name in (bulk.lexicon.tags[tag] for tag in path)]
        tagged.append(replace(sentence, tags=tuple(names)))
    return tagged


def make_bulk() -> BulkTagger:
    lexicon = make_lexicon(make_sentences(30))
    tagger = make_tagger(lexicon)
    with torch.no_grad():
        tagger.crf.transitions.zero_()
        tagger.crf.hidden2tag.weight *= 12
        tagger.crf.hidden2tag.bias[lexicon.tag_id("S-LOC")] += 3.5  # about as likely as O
        tagger.crf.hidden2tag.bias[[tagger.crf.start, tagger.crf.end]] -= 20  # no words are tagged so
    return bulk_tagger(tagger, None, lexicon)


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_the_temperature_undoes_scores_that_are_too_large(factor: float) -> None:
    bulk = make_bulk()
    sentences = drawn(bulk, make_sentences(400, 4))
    bulk.crf.scores.mul_(factor)
    for name in ("weight", "bias"):
        bulk.packed.tensors[f"crf.hidden2tag.{name}"].mul_(factor)
    found = calibrate(bulk, sentences)
    assert found.fitted == pytest.approx(factor, rel=0.35)
    assert found.error_after < 0.06
    if factor > 1:
        assert found.error_before > found.error_after and found.temperature == found.fitted


def test_a_temperature_that_does_not_help_is_not_used() -> None:
    bulk = make_bulk()
    nothing = calibrate(bulk, [])
    assert (nothing.temperature, nothing.spans, nothing.error_before) == (1.0, 0, 0.0)


def test_each_half_has_the_temperature_of_the_other() -> None:
    """Spans are as many before and after, and those of dev found by the tagger."""
    bulk = make_bulk()
    sentences = drawn(bulk, make_sentences(40, 4))
    paths = [bulk.crf.decode(*bulk.emissions([sentence.words]))[0] for sentence in sentences]
    found = calibrate(bulk, sentences)
    assert found.spans == len(tagged_spans(paths, bulk.lexicon)) == sum(bin.spans for bin in found.after)


def test_the_command_tells_how_far_confidences_can_be_trusted(tmp_path: Path) -> None:
    dev = ("--dev", str(tmp_path / "work" / "conll" / "dev.conll"))
    result = CliRunner().invoke(main, [str(make_model(tmp_path)), *dev])
    assert result.exit_code == 0, result.output
    model = load_model(tmp_path / "model")
    found = calibrate(model.bulk, read_conll(tmp_path / "work" / "conll" / "dev.conll", 0, 1))
    assert f"{found.spans:,} spans" in result.output and f"{found.error_before:.4f} as the CRF" in result.output
    assert f"{model.temperature:.4f} in the model" in result.output


def test_tags_that_are_none_are_the_fault_of_the_dev_file(tmp_path: Path) -> None:
    (tmp_path / "dev.conll").write_text("a O\n\nEU NNP\nis VBZ\n")
    result = CliRunner().invoke(main, [str(make_model(tmp_path)), "--dev", str(tmp_path / "dev.conll")])
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {tmp_path / 'dev.conll'}:3: unknown tag 'NNP': expected O")
