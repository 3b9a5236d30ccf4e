"""The stage: files, sizes, bytes, and what it says when asked for a data set it does not know."""

import hashlib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from stages.generate_data import main

ROOT = Path(__file__).parents[2]
SIZES = {"train_sentences": 30, "dev_sentences": 10, "test_sentences": 20, "lm_sentences": 102}


def run(folder: Path, seed: int = 1, name: str = "tiny") -> Result:
    params = yaml.safe_load((ROOT / "profiles" / "base.yaml").read_text(encoding="utf-8"))
    params["generate_data"] = {"tiny": {"seed": seed, **SIZES}}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(params), encoding="utf-8")
    return CliRunner().invoke(main, ["--params", str(path), "--name", name, "--out", str(folder / "out")])


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def blocks(path: Path) -> list[list[list[str]]]:
    content = path.read_text(encoding="utf-8")
    assert content.endswith("\n\n")
    return [[line.split(" ") for line in block.split("\n")] for block in content.removesuffix("\n\n").split("\n\n")]


def test_writes_columns_and_text_in_the_sizes_asked_for(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result.exit_code == 0, result.output
    out = tmp_path / "out"
    for split in ("train", "dev", "test"):
        sentences = blocks(out / f"{split}.txt")
        assert len(sentences) == SIZES[f"{split}_sentences"]
        assert {len(line) for sentence in sentences for line in sentence} == {4}
    parts = [path.read_text(encoding="utf-8").splitlines() for path in sorted((out / "lm").iterdir())]
    assert [len(part) for part in parts] == [26, 26, 26, 24]
    assert all(5 <= len(line.split(" ")) <= 45 for part in parts for line in part)
    test = {" ".join(line[0] for line in sentence) for sentence in blocks(out / "test.txt")}
    assert test.isdisjoint(line for part in parts for line in part)


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path: Path) -> None:
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run(tmp_path / folder, seed).exit_code == 0
    first, again, other = (digests(tmp_path / folder / "out") for folder in "abc")
    assert first == again
    assert first.keys() == other.keys()
    assert all(first[name] != other[name] for name in first)


# Record anew after a deliberate change of the words or the grammar.
def test_bytes_are_those_of_every_python_and_machine(tmp_path: Path) -> None:
    assert run(tmp_path).exit_code == 0
    summary = hashlib.sha256("".join(digests(tmp_path / "out").values()).encode()).hexdigest()
    assert summary == "a6589454985b0edf037e2f59040089c1cf3c5065cbbb29902fbd8818fe145f6a"


def test_unknown_data_set_is_an_error_that_names_the_known_ones(tmp_path: Path) -> None:
    result = run(tmp_path, name="mine")
    assert result.exit_code == 1
    assert "generate_data.mine" in result.output
    assert "tiny" in result.output
    with pytest.raises(FileNotFoundError):
        (tmp_path / "out" / "train.txt").read_bytes()
