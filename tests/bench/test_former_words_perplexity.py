"""The former held-out sentences are found among today's, and words that the former vocabulary lacks do not count."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from bench import former_words_perplexity
from bench.former_words_perplexity import former_sentences, main, perplexity_over, to_former
from ldnet.errors import InputError
from ldnet.files import read_json
from pipeline.language_model.model import save_language_model
from pipeline.pretraining.encoded_corpus import Corpus
from tests.factories import WORDS, make_language_model

FORMER = ["<unk>", "\n", "cat", "the"]  # WORDS: <unk> \n the a cat dog Paris Rome saw in .
NO_VECTORS = np.zeros((0, 0), dtype=np.float32)


def make(words: list[str], heldout: list[int]) -> Corpus:
    ids = np.array(heldout, dtype=np.int32)
    return Corpus(words, [ids], ids, NO_VECTORS)


def test_former_sentences_are_found_and_numbered_as_today() -> None:
    today = make(WORDS, [2, 5, 1, 2, 4, 1, 3, 1])  # the dog | the cat | a
    in_former = to_former(WORDS, FORMER)
    assert in_former.tolist() == [0, 1, 3, 0, 2, 0, 0, 0, 0, 0, 0]
    former = make(FORMER, [3, 2, 1, 3, 0, 1])  # the cat | the <unk>
    assert former_sentences(today, former, in_former).tolist() == [2, 4, 1, 2, 5, 1]
    with pytest.raises(InputError, match="1 of 2 former held-out sentences are not held out now"):
        former_sentences(today, make(FORMER, [3, 2, 1, 2, 2, 1]), in_former)


@pytest.mark.parametrize("reverse", [False, True])
def test_perplexity_is_that_of_the_counted_targets_one_by_one(monkeypatch: pytest.MonkeyPatch, reverse: bool) -> None:
    monkeypatch.setattr(former_words_perplexity, "STREAMS", 1)
    monkeypatch.setattr(former_words_perplexity, "STEPS", 3)
    model = make_language_model().eval()
    ids = np.array([2, 4, 1, 2, 5, 1, 3], dtype=np.int32)  # six targets, in two batches
    counted = to_former(WORDS, FORMER) != 0
    order = ids[::-1].copy() if reverse else ids
    losses = []
    for end in range(1, len(order)):  # each from the whole history
        output, _ = model.represent(torch.from_numpy(order[:end].astype(np.int64)).unsqueeze(1))
        if counted[order[end]]:
            projected = model.projection(output[-1])
            losses.append(-model.softmax.log_probabilities(projected)[0, order[end]].item())
    assert len(losses) == (5 if reverse else 4)
    expected = math.exp(sum(losses) / len(losses))
    assert perplexity_over(model, ids, counted, reverse) == pytest.approx(expected, rel=1e-5)


def test_the_command_writes_both_directions(tmp_path: Path) -> None:
    for name, words, ids in (("now", WORDS, [2, 5, 1, 2, 4, 1, 3, 1]), ("former", FORMER, [3, 2, 1, 3, 0, 1])):
        folder = tmp_path / name
        folder.mkdir()
        for file in ("train-000", "heldout"):
            np.save(folder / f"{file}.npy", np.array(ids, dtype=np.int32))
        np.save(folder / "vectors.npy", NO_VECTORS)
        (folder / "vocabulary.json").write_text(json.dumps(words), encoding="utf-8")
    for direction in ("forward", "backward"):
        save_language_model(make_language_model(), WORDS, tmp_path / "lm" / direction)
    given = ["--corpus", str(tmp_path / "now"), "--former", str(tmp_path / "former"), "--lm", str(tmp_path / "lm")]
    done = CliRunner().invoke(main, [*given, "--out", str(tmp_path / "out.json")], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found = read_json(tmp_path / "out.json")
    assert found["sentences"] == 2 and all(1 < value < 100 for value in found["perplexity"].values())
