"""The stage prepare_conll, through its command line."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from ldnet.text.columns import read_conll, sentence_hash
from ldnet.text.lexicon import Lexicon
from pipeline.text.raw_columns import read_columns
from stages.prepare_conll import main

ROOT = Path(__file__).parents[2]
TINY = Path(__file__).parents[1] / "data" / "tiny.conll"
OUTPUTS = ["train.conll", "dev.conll", "test.conll", "test_hashes.txt", "lexicon/lexicon.json"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in ("train.txt", "dev.txt", "test.txt"):
        (raw / name).write_bytes(TINY.read_bytes())
    (raw / "vectors.txt").write_text("the 1 2\nsaid 3 4\nEU 5 6\nzebra 7 8\n")
    return tmp_path


def arguments(folder: Path, **conll: Any) -> list[str]:
    """The stage's command line, with the repository's parameters but for these of section conll."""
    params = yaml.safe_load((ROOT / "profiles" / "base.yaml").read_text())
    params["prepare_conll"].update({"dev": "dev.txt", "dev_sentences": 0, "vectors": ""} | conll)
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    options = {"raw": "raw", "out": "out", "metrics": "metrics.json", "params": "params.yaml"}
    return [part for option, name in options.items() for part in (f"--{option}", str(folder / name))]


def run(folder: Path, **conll: Any) -> Result:
    return CliRunner().invoke(main, arguments(folder, **conll))


def test_outputs_and_metrics(folder: Path) -> None:
    result = run(folder, vectors="vectors.txt")
    assert result.exit_code == 0, result.output
    out = folder / "out"
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()) == sorted(
        [*OUTPUTS, "lexicon/vectors.safetensors"]
    )
    train = read_conll(out / "train.conll", 0, 1)
    assert train[1].tags == ("B-PER", "E-PER")
    expected = sorted(sentence_hash(sentence.words) for sentence in read_columns(TINY, 0, 3).sentences)
    assert (out / "test_hashes.txt").read_text() == "".join(f"{value}\n" for value in expected)
    assert Lexicon.load(out / "lexicon").tag_id("S-LOC") >= 0
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["tag_scheme"] == "IOB2"
    assert metrics["sentences"] == {"train": 4, "dev": 4, "test": 4}
    assert metrics["words"]["train"] == 15
    assert metrics["lexicon"]["words_with_vectors"] == 4
    assert metrics["vector_coverage"]["train"]["tokens"] == {"exact": 2, "lower": 1, "none": 12}
    assert set(metrics["vector_coverage"]) == {"train", "dev"}
    assert "word vectors, train tokens: 13.33 % exact, 6.67 % lower, 80.00 % none" in result.output


def test_the_same_bytes_whatever_the_hash_seed(folder: Path) -> None:
    command = [sys.executable, "-m", "stages.prepare_conll", *arguments(folder, dev="", dev_sentences=2)]
    contents = []
    for hash_seed in ("1", "2"):
        subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hash_seed}, check=True)
        contents.append([(folder / "out" / name).read_bytes() for name in OUTPUTS])
    assert contents[0] == contents[1]
    assert len(read_conll(folder / "out" / "dev.conll", 0, 1)) == 2


def test_column_and_scheme_do_not_change_the_result(folder: Path) -> None:
    assert run(folder, word_column=0, tag_column=3).exit_code == 0
    expected = [(folder / "out" / name).read_bytes() for name in OUTPUTS]
    for path in (folder / "raw").glob("t*.txt"):
        path.write_text(path.read_text().replace(" B-", " I-"))  # no neighbouring spans of one type: now IOB1
        lines = (" ".join(reversed(line.split())) for line in path.read_text().split("\n"))
        path.write_bytes("\r\n".join(lines).encode())
    (folder / "raw" / "dev.txt").write_bytes((folder / "raw" / "train.txt").read_bytes())
    assert run(folder, word_column=-1, tag_column=0).exit_code == 0
    assert [(folder / "out" / name).read_bytes() for name in OUTPUTS] == expected
    assert json.loads((folder / "metrics.json").read_text())["tag_scheme"] == "IOB1"


def test_errors_are_one_line_and_leave_no_output(folder: Path) -> None:
    with (folder / "raw" / "test.txt").open("a") as file:
        file.write("\nstray NN I-NP I-ORG\n")
    result = run(folder, slips="refuse")
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "test.txt:22: I-ORG after nothing that it continues" in result.output
    assert result.output.count("\n") == 1
    assert not (folder / "out").exists()


def test_the_stage_does_not_load_torch() -> None:
    code = "import sys, stages.prepare_conll; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
