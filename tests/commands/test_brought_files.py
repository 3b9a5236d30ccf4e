"""Files as people have them, from the folder that is brought to the stages that read them: read rightly, or refused in
one line.

The inputs here are small ones of each kind. `test_cases_from_reports` runs others, which do not belong to the project,
where they are at hand.
"""

import bz2
import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ldnet.commands.main import main as ldnet
from ldnet.text.columns import read_conll
from pipeline.corpus.lm_files import text_files
from tests.bringing import (
    BILOU,
    CASES,
    CONLLU,
    TAGS,
    TEXT,
    WORDS,
    Bringing,
    columns,
    expectation,
    letters,
)
from tests.imports import ROOT

MODEL = ROOT / "tests" / "fixtures" / "model_version_1"


@pytest.fixture
def bringing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bringing:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return Bringing(tmp_path)


@pytest.mark.parametrize(
    ("content", "changes", "told"),
    [
        (columns().replace("\n", "\r"), {}, "2 columns separated by blanks"),
        (columns().replace("\n", "\r\n"), {}, "2 columns separated by blanks"),
        ("\ufeff" + columns(between="\n\ufeff"), {}, "IOB2 in column -1"),
        (gzip.compress(columns().encode(), mtime=0), {}, "train.txt: gzip; 2 columns"),
        ("# my corpus, the second\n" + columns(), {}, "1 comment left out"),
        ("word\ttag\n" + columns("{}\t{}\n".format), {}, "1 header left out"),
        (CONLLU, {"word_column": 1}, "7 comments left out; 3 ranges of CoNLL-U (1-2) left out; 3 empty nodes"),
        (columns(lambda word, tag: f"{word} {tag.replace('-', '_')}\n"), {}, "IOB2 in column -1"),
        (columns(lambda word, tag: f"{word} {tag.lower().replace('per', 'PER').replace('loc', 'LOC')}\n"), {}, "IOB2"),
        (columns(lambda word, tag: f"{word} {tag[2:] or tag}\n"), {}, "IO without prefixes in column -1"),
        (columns(letters("B", "I")), {}, "IOB1 in column -1"),
        (BILOU, {}, "BILOU in column -1"),
        (BILOU.replace("L-", "E-").replace("U-", "W-"), {}, "BMEWO in column -1"),
        (BILOU.replace("B-", "I-").replace("L-", "E-").replace("U-", "E-"), {}, "IOE2 in column -1"),
        (columns().replace("Mia B-", "Mia I-"), {}, "train.txt:1: I-PER after nothing that it continues"),
    ],
)  # fmt: skip
def test_columns_of_many_kinds_are_the_same_sentences(
    bringing: Bringing, content: str | bytes, changes: dict[str, int], told: str
) -> None:
    bringing.put_splits(content)
    result = bringing.conll(**changes)
    assert result.exit_code == 0, result.output
    assert told in result.output
    prepared = read_conll(bringing.folder / "conll" / "train.conll", 0, 1)
    assert [sentence.words for sentence in prepared] == WORDS
    assert [sentence.tags for sentence in prepared] == TAGS


def test_words_with_blanks_reach_the_end(bringing: Bringing) -> None:
    bringing.put_splits(columns("{}\t{}\n".format).replace("New\tB-LOC\nUlm\tI-LOC", "New Ulm\tB-LOC"))
    assert bringing.conll().exit_code == 0
    prepared = read_conll(bringing.folder / "conll" / "train.conll", 0, 1)
    assert prepared[0].words == ("Mia", "saw", "New Ulm", ".") and prepared[0].tags == ("S-PER", "O", "S-LOC", "O")
    assert "2 test sentences dropped" not in bringing.corpus().output  # all three are found in the text, and dropped
    assert json.loads((bringing.folder / "m.json").read_text())["dropped_test_sentences"] == 3


@pytest.mark.parametrize(
    ("content", "changes", "message"),
    [
        (columns(lambda word, tag: f"{word} {tag} O\n"), {}, "no spans, all 14 tags in column -1 are O; set"),
        (columns(between=""), {}, "train.txt: all 14 words are one sentence; expected a blank line after each"),
        (columns("{},{}\n".format), {}, "train.txt:1: CSV, its columns separated by commas, not CoNLL columns"),
        ("Sentence #,Word,Tag\n1,Mia,B-PER\n", {}, "train.txt:1: CSV with a header (Sentence #, Word, Tag)"),
        ('{"text": "Mia", "label": [[0, 3, "PER"]]}\n' * 3, {}, "train.txt:1: JSON, not CoNLL columns"),
        (columns().replace("Mia B-", "Mia I-"), {"slips": "refuse"}, "(prepare_conll.slips: repair reads them as"),
        (columns().replace("New", "San New"), {}, "train.txt:3: expected 2 columns as in line 1, found 3 (blanks"),
        (columns("{}\t{}\n".format).replace("saw", ""), {}, "train.txt:2: the word is empty (column 0; tabs separate"),
        (CONLLU, {}, "'1-2' is no word, and so in all lines: only numbers are in column 0"),
        ("a\rb O\n" + columns(), {}, "train.txt:1: a carriage return inside the line; give all lines the same end"),
    ],
)  # fmt: skip
def test_columns_that_cannot_be_read_are_refused_in_one_line(
    bringing: Bringing, content: str, changes: dict[str, Any], message: str
) -> None:
    bringing.put_splits(content)
    result = bringing.conll(**changes)
    assert result.exit_code == 1 and message in result.output, result.output
    assert result.output.startswith("Error: ") and result.output.count("\n") == 1


def test_sentences_that_train_and_test_share_are_told(bringing: Bringing) -> None:
    assert "note: 3 of 3 test sentences (100.0 %) are in train, too" in bringing.conll().output


@pytest.mark.parametrize(
    "name",
    ["news.en-00001-of-00100", "part/b.txt", "b.gz", "b.TXT", "b.txt.bz2", "b.xz", "b.md", "b.jsonl", "b"],
)
def test_each_file_in_lm_is_taken_or_named(bringing: Bringing, name: str) -> None:
    pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}.get(name.rpartition(".")[2], bytes)
    bringing.put(f"lm/{name}", pack(b"x y z .\n"))
    result = bringing.bring()
    assert result.exit_code == 0 and f"lm/{name}" in result.output
    taken = len(text_files(bringing.raw, "lm/*.txt*")[0])
    assert taken == 1 + ("not taken" not in result.output)


def test_what_the_pattern_leaves_out_is_named(bringing: Bringing) -> None:
    assert bringing.bring().exit_code == 0
    (bringing.raw / "lm" / "c.text").write_text("x\n")
    assert f"note: not taken by prepare_corpus.text, lm/*.txt*: {bringing.raw}/lm/c.text" in bringing.corpus().output


def test_text_that_is_not_tokenised_is_told(bringing: Bringing) -> None:
    assert "note" not in bringing.corpus().output.replace("note: not", "")
    bringing.put("lm/a.txt", "\n".join(line.replace(" .", ".").replace(" ,", ",") for line in TEXT * 3))
    output = bringing.corpus().output
    assert "note: frequent training words are missing or rare in the LM text: '.'" in output
    assert "note: no test sentence was found in the LM text, and so none was dropped" in output
    assert "0 test sentences dropped" in output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"text": "Rain fell ."}\n' * 60, "lm/a.txt:1: JSON; expected text, one tokenised sentence a line"),
        (columns() * 20, "lm/a.txt:1: columns; expected text, one tokenised sentence a line"),
    ],
)
def test_text_in_another_format_is_refused(bringing: Bringing, text: str, message: str) -> None:
    bringing.put("lm/a.txt", text)
    result = bringing.corpus()
    assert result.exit_code == 1 and message in result.output and result.output.count("\n") == 1


@pytest.mark.parametrize("name", ["vectors.txt", "wiki.vec", "cc.300.vec"])
@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("at me@here 1 2 3 4\n", "the word has blanks in it (1 such lines)"),
        (" 1 2 3 4\n", "no word, skipped (1 such lines)"),
        ("\n", ""),
    ],
)
def test_vectors_as_they_are_published(bringing: Bringing, name: str, line: str, note: str) -> None:
    words = sorted({word for words in WORDS for word in words})
    bringing.put(name, f"{len(words) + 1} 4\n" + "".join(f"{word} 1 2 3 4\n" for word in words) + line)
    result = bringing.conll(vectors=name)
    assert result.exit_code == 0 and note in result.output
    assert ("promises" in result.output) == (line == "\n")
    assert "train tokens: 100.00 % exact" in result.output
    result = bringing.conll(vectors=name, vector_rows=1)
    assert result.exit_code == 0 and "100.00 % exact" not in result.output


def test_splits_in_parts_are_brought_and_read(bringing: Bringing) -> None:
    whole = bringing.conll()
    expected = (bringing.folder / "conll" / "train.conll").read_bytes()
    first, *others = columns().strip().split("\n\n")
    (bringing.brought / "train.txt").unlink()
    bringing.put("train-1.txt", first + "\n")
    bringing.put("train-2.txt.gz", gzip.compress("\n\n".join(others).encode()))
    assert "train-1.txt" in bringing.bring().output and "not taken" not in bringing.bring().output
    (bringing.raw / "train.txt").unlink()
    parts = bringing.conll(train="train-*.txt*")
    assert whole.exit_code == parts.exit_code == 0, parts.output
    assert (bringing.folder / "conll" / "train.conll").read_bytes() == expected
    (bringing.brought / "train-1.txt").unlink()
    (bringing.brought / "train-2.txt.gz").unlink()
    assert "files of mine are missing" in bringing.bring().output


# Inputs made after public reports. They are not part of the project.


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases from public reports are not beside this clone")
@pytest.mark.parametrize("case", sorted(path.name for path in CASES.glob("*")) or ["none"])
def test_cases_from_reports(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    command = (CASES / case / "command.txt").read_text(encoding="utf-8")
    if "ldnet tag" in command:
        options = command.split("words.conll")[1].split()
        result = CliRunner().invoke(ldnet, ["tag", str(MODEL), str(CASES / case / "in/words.conll"), *options])
        assert result.exit_code == 0
        lines = [line for line in result.output.split("\n") if line and not line.startswith("# ")]
        read = (CASES / case / "in/words.conll").read_text(encoding="utf-8").split("\n")
        assert [line.rsplit(maxsplit=1)[0] for line in lines] == [s for s in read if s and not s.startswith("# ")]
        return
    bringing = Bringing(tmp_path)
    bringing.brought = CASES / case / "in"
    brought = bringing.bring()
    assert brought.exit_code == 0
    for path in (bringing.brought / "lm").rglob("*"):
        assert path.is_dir() or path.name in brought.output
    changes: dict[str, Any] = {"word_column": 1} if "word_column 1" in command else {}
    if "vectors: " in command:
        changes["vectors"] = command.split("vectors: ")[1].split(",")[0].split(";")[0]
    result = bringing.corpus(heldout_sentences=20) if "prepare_corpus" in command else bringing.conll(**changes)
    status, told = expectation(case)
    assert result.exit_code == status and told in result.output, result.output
    assert status == 0 or result.output.count("\n") == 1
    if status == 0 and "prepare_conll" in command:
        prepared = read_conll(bringing.folder / "conll" / "train.conll", 0, 1)
        assert len(prepared) >= 4 and not any("\ufeff" in word for s in prepared for word in s.words)
