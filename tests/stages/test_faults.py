"""A damaged file between two stages is one line of the stage that reads it, and so is a training that diverges."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from tests.tiny_experiment import run, stage_options

NAN = float("nan")


@pytest.fixture
def root(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return tmp_path


SCRIPTS = {"train_pruned": "train_tagger"}  # stages that have the script of another one


def edited(change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """A change of a JSON file."""
    return lambda path: path.write_text(json.dumps(change(json.loads(path.read_text()))), encoding="utf-8") and None


def tensors(change: Callable[[dict[str, torch.Tensor]], Any]) -> Callable[[Path], None]:
    """A change of a file of weights, in place."""

    def apply(path: Path) -> None:
        content = load_file(path)
        change(content)
        save_file(content, path)

    return apply


def array(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    """A change of an array."""
    return lambda path: np.save(path, change(np.load(path)))


def with_nan(values: np.ndarray) -> np.ndarray:
    values.flat[3] = NAN
    return values


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def binary(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00garbage")


def to_nan(content: dict[str, torch.Tensor]) -> None:
    next(iter(content.values()))[0] = NAN


CASES: list[tuple[str, str, Callable[[Path], Any], str]] = [
    ("pretrain_lm", "corpus/train-001.npy", empty, "run the stage prepare_corpus again"),
    ("pretrain_lm", "corpus/train-001.npy", cut, "run the stage prepare_corpus again"),
    ("pretrain_lm", "corpus/train-001.npy", binary, "run the stage prepare_corpus again"),
    ("pretrain_lm", "corpus/train-001.npy", array(lambda ids: ids[:0]), "expected tokens, found none"),
    ("pretrain_lm", "corpus/train-001.npy", array(lambda ids: ids + 1), "expected numbers of 11 words, found 11"),
    ("pretrain_lm", "corpus/train-001.npy", array(lambda ids: ids - 1), "expected numbers of 11 words, found -1"),
    ("pretrain_lm", "corpus/train-001.npy", array(lambda ids: ids.astype(float)), "expected an array of int32 [any]"),
    ("pretrain_lm", "corpus/heldout.npy", array(lambda ids: ids[:1]), "raise prepare_corpus.heldout_sentences"),
    ("pretrain_lm", "corpus/heldout.npy", empty, "run the stage prepare_corpus again"),
    ("pretrain_lm", "corpus/vectors.npy", array(with_nan), "expected finite numbers, found nan"),
    ("pretrain_lm", "corpus/vectors.npy", array(lambda rows: rows[:-1]), "expected vectors of 11 words, found 10"),
    ("pretrain_lm", "corpus/vectors.npy", cut, "run the stage prepare_corpus again"),
    ("pretrain_lm", "corpus/vocabulary.json", binary, "vocabulary.json:1: not UTF-8"),
    ("pretrain_lm", "corpus/vocabulary.json", edited(lambda words: {"words": words}), "expected a list of texts"),
    ("pretrain_lm", "corpus/vocabulary.json", edited(lambda words: words[:-1]), "expected numbers of 10 words"),
    (
        "pretrain_lm",
        "corpus/vocabulary.json",
        edited(lambda words: [*words[:-1], "\ud800"]),
        "of whole characters, found",
    ),
    ("pretrain_lm", "corpus/vocabulary.json", as_folder, "is a folder; expected a JSON file"),
    ("train_tagger", "conll/train.conll", as_folder, "train.conll: "),
    ("train_tagger", "conll/train.conll", Path.unlink, "train.conll: expected a file, found none (No such file"),
    ("train_tagger", "lm/forward/config.json", as_loop, "config.json: expected a file, found none (Too many levels"),
    ("train_tagger", "lm/forward/weights.safetensors", empty, "run the stage pretrain_lm again"),
    ("train_tagger", "lm/forward/weights.safetensors", cut, "run the stage pretrain_lm again"),
    ("train_tagger", "lm/forward/weights.safetensors", tensors(to_nan), "expected finite numbers in"),
    ("train_tagger", "lm/forward/weights.safetensors", tensors(dict.popitem), "expected a tensor"),
    ("train_tagger", "lm/forward/vocabulary.json", edited(lambda words: words[1:]), "expected 11 words, as"),
    ("train_tagger", "lm/forward/vocabulary.json", edited(lambda words: [*words, "x"]), "expected 11 words, as"),
    ("train_tagger", "lm/backward/vocabulary.json", edited(lambda words: words[::-1]), "expected the words of"),
    ("train_tagger", "lm/forward/config.json", edited(lambda c: {**c, "units": 10**9}), "units: expected a whole"),
    ("train_tagger", "lm/forward/config.json", edited(lambda c: {**c, "units": 5}), "as config.json says, found"),
    ("train_tagger", "lm/forward/config.json", edited(lambda c: {**c, "layers": 4}), "expected a tensor rnn.layers.3"),
    ("train_tagger", "lm/forward/config.json", edited(lambda c: {**c, "cutoffs": [8, 4]}), "cutoffs: expected"),
    ("train_tagger", "lm/forward/config.json", edited(lambda c: [c]), "expected an object with keys"),
    ("train_tagger", "lm/forward/config.json", edited(lambda c: {**c, "dropout": NAN}), "not JSON: NaN is no number"),
    ("train_tagger", "conll/lexicon/vectors.safetensors", cut, "vectors.safetensors: expected tensors"),
    ("train_tagger", "conll/train.conll", binary, "train.conll:1: not UTF-8"),
    ("soft_targets", "full/seed-1/weights.safetensors", binary, "run the stage train_tagger again"),
    ("soft_targets", "full/seed-1/weights.safetensors", tensors(to_nan), "expected finite numbers in"),
    ("soft_targets", "full/seed-1/config.json", edited(lambda c: {**c, "tags": 9}), "tags: expected 4, that of"),
    ("soft_targets", "full/seed-1/config.json", edited(lambda c: {**c, "lm_features": 7}), "expected 34, that of"),
    ("select", "full/seed-1/weights.safetensors", cut, "run the stage train_tagger again"),
    ("select", "full/seed-1/weights.safetensors", tensors(to_nan), "expected finite numbers in"),
    (
        "prune",
        "selection/seed-1/gates.json",
        edited(lambda gates: {**gates, "forward": [1.0, NAN, 0.5]}),
        "NaN is no number",
    ),
    (
        "prune",
        "selection/seed-1/gates.json",
        edited(lambda gates: {**gates, "forward": [1.0]}),
        "forward: expected 3 numbers",
    ),
    (
        "prune",
        "selection/seed-1/gates.json",
        edited(lambda gates: {**gates, "forward": [1.0, 2.0, 0]}),
        "from 0 to 1, found",
    ),
    (
        "prune",
        "selection/seed-1/gates.json",
        edited(lambda gates: {"forward": gates["forward"]}),
        "backward: expected 3",
    ),
    ("prune", "selection/seed-1/tagger/weights.safetensors", tensors(to_nan), "run the stage select again"),
    ("prune", "selection/seed-1/tagger/weights.safetensors", empty, "run the stage select again"),
    ("train_pruned", "pruned/seed-1/forward/weights.safetensors", cut, "run the stage prune again"),
    ("train_pruned", "pruned/seed-1/forward/weights.safetensors", tensors(to_nan), "run the stage prune again"),
    ("train_pruned", "targets/marginals.npy", array(with_nan), "expected probabilities, found nan"),
    ("train_pruned", "targets/marginals.npy", array(lambda rows: 2 * rows), "that add up to 1 in each row, found 0."),
    ("train_pruned", "targets/marginals.npy", array(np.zeros_like), "that add up to 1 in each row, found 0.0"),
    ("train_pruned", "targets/marginals.npy", array(lambda rows: rows[:-1]), "run the stage soft_targets again"),
    ("train_pruned", "targets/marginals.npy", empty, "run the stage soft_targets again"),
    ("train_pruned", "targets/transitions.npy", array(lambda counts: counts[:, 1:]), "run the stage soft_targets"),
    ("train_pruned", "targets/transitions.npy", cut, "run the stage soft_targets again"),
    ("train_pruned", "targets/unlabelled.txt", binary, "unlabelled.txt:1: not UTF-8"),
]


@pytest.mark.parametrize(
    ("stage", "file", "damage", "message"),
    [pytest.param(*case, id=f"{case[0]}-{case[1]}-{number}") for number, case in enumerate(CASES)],
)
def test_a_damaged_file_is_one_line(
    root: Path, stage: str, file: str, damage: Callable[[Path], Any], message: str
) -> None:
    damage(root / file)
    result = run(SCRIPTS.get(stage, stage), *stage_options(stage, root))
    errors = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert result.exit_code == 1 and len(errors) == 1, (result.output, result.exception)
    assert message in errors[0] and str(root / file.split("/")[0]) in errors[0] and "run the stage " in errors[0]
    assert not list((root / "new").glob("**/weights.safetensors"))


@pytest.mark.parametrize("stage", ["prepare_corpus", "prepare_unlabelled"])
@pytest.mark.parametrize("content", [b"\xff\xfe", b"no hash\n"])
def test_hashes_that_are_none_are_one_line(root: Path, stage: str, content: bytes) -> None:
    (root / "conll" / "test_hashes.txt").write_bytes(content)
    arguments = ["--params", str(root / "params.yaml"), "--raw", str(root), f"--out={root / 'new'}"]
    arguments += ["--metrics=m"] if stage == "prepare_corpus" else []
    result = run(stage, *arguments, "--test-hashes", str(root / "conll" / "test_hashes.txt"))
    assert result.exit_code == 1 and "test_hashes.txt: expected hashes of sentences" in result.output
    assert "run the stage prepare_conll again" in result.output


@pytest.mark.parametrize("stage", ["pretrain_lm", "train_tagger", "soft_targets", "select", "prune", "train_pruned"])
def test_whole_files_are_taken(root: Path, stage: str) -> None:
    """So what is refused above is refused for its damage."""
    result = run(SCRIPTS.get(stage, stage), *stage_options(stage, root))
    assert result.exit_code == 0, (result.output, result.exception)


# By stage: the section whose rate is to be lowered, and where its evidence goes.
DIVERGING = {
    "pretrain_lm": ("pretrain_lm", "pretrain_lm-forward"),
    "train_tagger": ("train_tagger", "out-seed-1"),
    "select": ("select", "select"),
    "train_pruned": ("train_taught", "out-seed-1"),  # with soft targets, as `command` gives it
}


@pytest.mark.parametrize("stage", DIVERGING)
def test_a_stage_that_diverges_writes_nothing_and_names_key_and_file(root: Path, stage: str) -> None:
    path, (section, name) = root / "params.yaml", DIVERGING[stage]
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    params[section].update(learning_rate=1e6)
    params["pretrain_lm"].update(epochs=9)
    path.write_text(yaml.safe_dump(params), encoding="utf-8")
    result = run(SCRIPTS.get(stage, stage), *stage_options(stage, root))
    kept = root / ".checkpoints" / f"diverged-{name}.safetensors"
    errors = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert result.exit_code == 1 and len(errors) == 1, (result.output, result.exception)
    assert errors[0].startswith(f"Error: {section}.learning_rate: the training diverged ")
    assert errors[0].endswith(f"; the batch and the last finite weights: {kept}")
    held = load_file(kept)
    assert all(tensor.isfinite().all() for tensor in held.values())
    assert {file.split(".")[0] for file in held} == {"batch", "weights"}
    assert not list((root / "new").glob("**/*.safetensors")) and not (root / "new" / "metrics").exists()
