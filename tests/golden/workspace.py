"""A folder in which the stages of dvc.yaml can run on a few sentences, with the parameters of experiment.yaml."""

import copy
import shutil
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
EXPERIMENT: dict[str, Any] = yaml.safe_load((ROOT / "tests/golden/experiment.yaml").read_text(encoding="utf-8"))
PIPELINES = ("dvc.yaml", "ablations/dvc.yaml")
Blocks = list[list[str]]  # the lines of each sentence, `word part-of-speech chunk entity`


def make_workspace(folder: Path) -> None:
    """The pipelines, each in a repository of DVC without git, and the parameters."""
    for name in PIPELINES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
        repository = (folder / name).parent / ".dvc"
        repository.mkdir()
        (repository / "config").write_text("[core]\n    no_scm = true\n    analytics = false\n", encoding="utf-8")
    write_params(folder, {})


def write_params(folder: Path, changes: dict[str, dict[str, Any]]) -> None:
    """The base's parameters and, in their place, the experiment's, some of a section changed."""
    params: dict[str, Any] = yaml.safe_load((ROOT / "profiles/base.yaml").read_text(encoding="utf-8"))
    del params["generate_data"]
    for key, values in copy.deepcopy(EXPERIMENT["params"]).items():
        params[key] = {**params.get(key, {}), **values} if isinstance(values, dict) else values
    for section, values in changes.items():
        params[section].update(values)
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")


def add_to_generated(raw: Path) -> None:
    """What the grammar does not make: word vectors of half the words, and sentences of the test split and of another
    task's in the LM text, which must not be learnt from."""
    train, tests = read_blocks(raw / "train.txt"), read_blocks(raw / "test.txt")
    here, elsewhere = tests[:30], tests[30:]
    write_blocks(raw / "test.txt", here)
    write_blocks(raw / "other_tests" / "other.txt", elsewhere)
    text = [" ".join(words_of(block)) for block in (*here, *elsewhere)]
    (raw / "lm" / "tests.txt").write_text("\n".join(text) + "\n", encoding="utf-8")
    words = [*sorted({word.lower() for block in train for word in words_of(block)})[::2], "0", "00", "0,000"]
    rows = [" ".join([word, *(f"{value:.4f}" for value in vector(row))]) for row, word in enumerate(words)]
    (raw / "vectors.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")


def vector(row: int, width: int = 8) -> list[float]:
    """Some numbers between -1 and 1."""
    return [((37 * row + 11 * column + row * column) % 41 - 20) / 20 for column in range(width)]


def read_blocks(path: Path) -> Blocks:
    """The sentences of a file in CoNLL columns."""
    return [block.split("\n") for block in path.read_text(encoding="utf-8").strip("\n").split("\n\n")]


def write_blocks(path: Path, blocks: Blocks) -> None:
    """What `read_blocks` reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join("\n".join(block) for block in blocks) + "\n\n", encoding="utf-8")


def words_of(block: list[str]) -> list[str]:
    """The words of a sentence."""
    return [line.split(" ")[0] for line in block]
