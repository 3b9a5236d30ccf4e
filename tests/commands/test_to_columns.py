"""CSV tables and JSON records become columns that prepare_conll reads."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ldnet.text.tokenisation import split_at_blanks, tokenise
from pipeline.text.raw_columns import read_columns
from tests.imports import ROOT

SCRIPT = ROOT / "examples" / "own_data" / "to_columns.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("to_columns", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def converted(script: ModuleType, text: str) -> tuple[list[str], list[str]]:
    """Sentences as `word/tag word/tag`, and the problems."""
    sentences, problems = script.convert(text, tokenise)
    return [" ".join(f"{word}/{tag}" for word, tag in sentence) for sentence in sentences], problems


@pytest.mark.parametrize(
    "text",
    [
        'Sentence #,Word,POS,Tag\nSentence: 1,Ada,NNP,B-PER\n,left,VBD,O\n,",",PUN,O\nSentence: 2,Bye,UH,O\n',
        "sentence_id;token;label\n1;Ada;B-PER\n1;left;O\n1;,;O\n2;Bye;O\n",
        'tag\tword\nB-PER\tAda\nO\tleft\nO\t","\n\nO\tBye\n',
    ],
)
def test_tables(script: ModuleType, text: str) -> None:
    assert converted(script, text) == (["Ada/B-PER left/O ,/O", "Bye/O"], [])


@pytest.mark.parametrize(
    "spans",
    [
        {"label": [[0, 12, "PER"], [18, 22, "LOC"]]},
        {"labels": [[18, 22, "LOC"], [0, 12, "PER"]]},
        {"entities": [{"start_offset": 0, "end_offset": 12, "label": "PER"}, {"start": 18, "end": 22, "type": "LOC"}]},
        {"spans": [{"start": 0, "end": 12, "label": "PER"}, {"start": 18, "end": 22, "label": "LOC"}]},
    ],
)
def test_records_with_spans(script: ModuleType, spans: dict[str, Any]) -> None:
    record = {"text": "Ada Lovelace left Oslo.\nBye.", **spans}
    expected = ["Ada/B-PER Lovelace/I-PER left/O Oslo/B-LOC ./O", "Bye/O ./O"]
    assert converted(script, json.dumps(record) + "\n") == (expected, [])
    assert converted(script, json.dumps([record], indent=1)) == (expected, [])


def test_records_with_tags(script: ModuleType) -> None:
    record = {"tokens": ["Ada", "left"], "ner_tags": ["B-PER", "O"]}
    assert converted(script, json.dumps(record)) == (["Ada/B-PER left/O"], [])


def test_spans_that_fit_no_words_are_counted(script: ModuleType) -> None:
    record = {"text": "Ada-Lovelace left", "label": [[0, 3, "PER"], [4, 12, "PER"], [13, 17, "X Y"]]}
    sentences, problems = converted(script, json.dumps(record))
    assert sentences == ["Ada-Lovelace/B-PER left/B-X_Y"]
    assert problems == [
        "1 spans begin or end inside of a word; they were given all of it",
        "1 spans overlap others, and were left out",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "no column of words"),
        ("word,tag\nx\n", "a row with 1 of 2 values"),
        ('{"a": 1}', "record 1: expected text and spans, or tokens and tags; found a"),
        ('{"tokens": ["a"], "tags": [3]}', "record 1: expected a tag, as text, for each of its 1 words"),
        ('{"text": "a", "label": [[0, 1]]}', "expected a span of start, end and type"),
        ('{"text": "a"}\n{', "line 2: not JSON"),
    ],
)
def test_what_cannot_be_converted(script: ModuleType, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        script.convert(text, split_at_blanks)


def test_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("word,tag\nJosé,B-PER\n,\nleft,O\n".encode("cp1252"))
    command = [sys.executable, str(SCRIPT), str(tmp_path / "a.csv")]
    failed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert failed.returncode == 1 and failed.stderr.startswith("Error: ") and failed.stderr.count("\n") == 1
    run = subprocess.run([*command, "--encoding", "cp1252"], capture_output=True, check=True)
    (tmp_path / "train.txt").write_bytes(run.stdout)
    assert [sentence.words for sentence in read_columns(tmp_path / "train.txt", 0, 1).sentences] == [
        ("José",),
        ("left",),
    ]
