"""Evaluation: predictions in the order of the file, F1 as conlleval counts it, rows of the results."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from ldnet.errors import InputError
from ldnet.text.columns import Sentence
from pipeline.evaluation import evaluation
from pipeline.evaluation.cost import macs_by_part, parameters_by_part
from pipeline.evaluation.evaluation import count_predictions, evaluate_variant, write_predictions
from pipeline.evaluation.finished import bulk_tagger, finished_weights
from pipeline.tagger.model import save_tagger
from tests.factories import make_bidirectional_lm, make_lexicon, make_sentences, make_tagger, write_prepared


def test_predictions_file(tmp_path: Path) -> None:
    sentences = [Sentence(("a", "b"), ("O", "S-X"), 1), Sentence(("c",), ("O",), 4)]
    write_predictions(tmp_path / "p", sentences, [["S-X", "O"], ["O"]])
    assert (tmp_path / "p").read_text() == "a O S-X\nb S-X O\n\nc O O\n\n"


def row_of(
    folder: Path, variant: str, lms: Sequence[Path], dev: Mapping[str, Any], stage: str = "a stage"
) -> dict[str, Any]:
    return evaluate_variant(
        variant,
        taggers=folder / "taggers",
        stage=stage,
        lms=lms,
        conll=folder,
        dev=dev,
        predictions=folder / "predictions",
    )


def test_a_row_of_the_results(tmp_path: Path) -> None:
    sentences = make_sentences(30)
    lexicon = write_prepared(tmp_path, {"train": sentences, "test": sentences}, tmp_path / "lm")
    for seed in (1, 2):
        save_tagger(make_tagger(lexicon, 34, seed), tmp_path / "taggers" / f"seed-{seed}")
    dev = {"seeds": [1, 2], "dev_f1_mean": 12.5}
    row = row_of(tmp_path, "full", [tmp_path / "lm"] * 2, dev)
    assert row["variant"] == "full" and row["seeds"] == [1, 2] and row["dev_f1_mean"] == 12.5
    assert row["test_f1_mean"] == pytest.approx(sum(row["test_f1"]) / 2, abs=1e-3)
    assert row["test_f1_sd"] == pytest.approx(abs(row["test_f1"][0] - row["test_f1"][1]) / 2**0.5, abs=1e-4) != 0
    assert row["macs_per_word"] == sum(row["macs_per_word_by_part"].values())
    assert row["parameters"] == sum(row["parameters_by_part"].values())
    assert {path.name for path in (tmp_path / "predictions").iterdir()} == {"full-seed-1.conll", "full-seed-2.conll"}


def test_scores_of_int8_are_those_of_its_own_predictions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in finds every span in float32, and none in int8."""
    sentences = make_sentences(8)
    lexicon = write_prepared(tmp_path, {"train": sentences, "test": sentences}, tmp_path / "lm")
    save_tagger(make_tagger(lexicon), tmp_path / "taggers" / "seed-1")
    gold = {sentence.words: list(sentence.tags) for sentence in sentences}

    class StandIn:
        def __init__(self, tagger: object, lm: object, lexicon: object, precision: str = "float32"):
            self.precision = precision

        def tag(self, words: list[tuple[str, ...]]) -> list[list[str]]:
            return [gold[each] if self.precision == "float32" else ["O"] * len(each) for each in words]

    monkeypatch.setattr(evaluation, "bulk_tagger", StandIn)
    dev = {"seeds": [1], "dev_f1_mean": 12.5}
    row = row_of(tmp_path, "no_lm", [], dev)
    assert (row["test_f1"], row["test_f1_int8"]) == ([100.0], [0.0])


def test_a_row_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three seeds, whose stand-ins find 4, 2 and 1 of 4 names, the last one as another type, and nothing else."""
    names = Sentence(("Rome", "Paris"), ("S-LOC", "S-LOC"), 1)
    sentences = [names, names]
    lexicon = write_prepared(tmp_path, {"train": [*sentences, Sentence(("a",), ("O",), 9)]}, tmp_path / "lm")
    write_prepared(tmp_path, {"test": sentences}, tmp_path / "lm")
    lexicon.save(tmp_path / "lexicon")
    for seed in (7, 8, 9):
        save_tagger(make_tagger(lexicon, 34, seed), tmp_path / "taggers" / f"seed-{seed}")
    found = iter([["S-LOC"] * 4, ["S-LOC"] * 2 + ["O"] * 2, ["O", "O", "O", "S-PER"]])
    seen = []

    class StandIn:
        def __init__(self, tagger: object, lm: object, lexicon: object, precision: str = "float32"):
            self.tags = next(found) if precision == "float32" else ["S-LOC", "S-LOC", "S-LOC", "O"]
            seen.append(lm)

        def tag(self, words: list[tuple[str, ...]]) -> list[list[str]]:
            return [self.tags[:2], self.tags[2:]]

    monkeypatch.setattr(evaluation, "bulk_tagger", StandIn)
    (tmp_path / "other").symlink_to(tmp_path / "lm")
    lms = [tmp_path / "lm", tmp_path / "other", tmp_path / "lm"]
    dev = {"seeds": [7, 8, 9], "dev_f1_mean": 12.5}
    row = row_of(tmp_path, "full", lms, dev)
    assert row["test_f1"] == [100.0, 66.6667, 0.0], "2 of 4 found and 2 right; 1 found and wrong"
    assert (row["test_f1_mean"], row["test_f1_sd"]) == (55.5556, 50.9175)
    assert row["test_f1_int8"] == [85.7143] * 3
    assert row["test_f1_per_type"] == {"LOC": 55.5556, "PER": 0.0}
    assert seen[0] is seen[4] and seen[0] is not seen[2], "each seed with its own language models, loaded once"
    lm, tagger = make_bidirectional_lm(), make_tagger(lexicon, 34)
    macs = macs_by_part(tagger.config, lm, (5 + 6 + 5 + 6 + 2) / 5)
    assert row["macs_per_word_by_part"] == macs and row["macs_per_word_of_seeds"] == [sum(macs.values())] * 3
    assert row["parameters_by_part"] == parameters_by_part(tagger, lm)
    assert (tmp_path / "predictions" / "full-seed-8.conll").read_text() == (
        "Rome S-LOC S-LOC\nParis S-LOC S-LOC\n\nRome S-LOC O\nParis S-LOC O\n\n"
    )


def test_one_seed_has_no_deviation(tmp_path: Path) -> None:
    sentences = make_sentences(8)
    lexicon = write_prepared(tmp_path, {"train": sentences, "test": sentences}, tmp_path / "lm")
    save_tagger(make_tagger(lexicon), tmp_path / "taggers" / "seed-1")
    dev = {"seeds": [1], "dev_f1_mean": 12.5}
    row = row_of(tmp_path, "no_lm", [], dev)
    assert row["test_f1_sd"] == 0.0 and row["test_f1_mean"] == row["test_f1"][0]
    assert row["macs_per_word_by_part"]["language_models"] == row["parameters_by_part"]["language_models"] == 0


@pytest.mark.parametrize(
    ("variant", "of_lm", "of_tagger"),
    [("full", "pretrain_lm", "train_tagger@full"), ("pruned", "prune", "train_pruned@gold")],
)
def test_what_is_missing_names_the_stage_that_writes_it(
    tmp_path: Path, variant: str, of_lm: str, of_tagger: str
) -> None:
    sentences = make_sentences(8)
    write_prepared(tmp_path, {"train": sentences, "test": sentences}, tmp_path / "lm")
    dev = {"seeds": [1], "dev_f1_mean": 12.5}
    for lm, stage in ((tmp_path / "nowhere", of_lm), (tmp_path / "lm", of_tagger)):
        with pytest.raises(InputError, match=f"run the stage {stage}$"):
            row_of(tmp_path, variant, [lm], dev, of_tagger)


def test_costs_are_means_over_the_seeds() -> None:
    assert evaluation._means([{"a": 1, "b": 4}, {"a": 2, "b": 8}, {"a": 5, "b": 8}]) == {"a": 3, "b": 7}


def test_the_files_are_scored_again(tmp_path: Path) -> None:
    sentences = [Sentence(("a", "b"), ("O", "S-X"), 1), Sentence(("c",), ("S-X",), 4)]
    for seed, predicted in ((1, [["S-X", "S-X"], ["O"]]), (2, [["O", "S-X"], ["S-X"]])):
        write_predictions(tmp_path / f"full-seed-{seed}.conll", sentences, predicted)
    row = {"variant": "full", "seeds": [1, 2], "test_f1": [50.0, 100.0]}
    counts = count_predictions(row, tmp_path)
    assert counts.tolist() == [[[1, 2, 1], [0, 0, 1]], [[1, 1, 1], [1, 1, 1]]]
    with pytest.raises(RuntimeError, match=r"full-seed-2\.conll: F1 is 100\.0000 .* scored 99\.9990"):
        count_predictions({**row, "test_f1": [50.0, 99.999]}, tmp_path)


def test_what_is_handed_over_to_decoding_is_a_copy() -> None:
    sentences = make_sentences(8)
    lexicon = make_lexicon(sentences)
    tagger = make_tagger(lexicon)
    weights = finished_weights(tagger, None)
    before = weights.tensors["crf.transitions"].clone()
    torch.nn.init.constant_(tagger.crf.transitions, 7.0)
    assert torch.equal(weights.tensors["crf.transitions"], before)
    assert bulk_tagger(tagger, None, lexicon, threads=3).threads == 3
