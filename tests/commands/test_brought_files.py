"""Files as people have them, from the folder that is brought to the stages that read them: read rightly, or refused in
one line.

The inputs here are small ones of each kind. `test_cases_from_reports` runs others, which do not belong to the project,
where they are at hand.
"""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from commands.fetch_data import main as fetch_data
from ldnet.commands.main import main as ldnet
from ldnet.text.columns import read_conll
from pipeline.corpus.lm_files import text_files
from stages.prepare_conll import main as prepare_conll
from stages.prepare_corpus import main as prepare_corpus
from tests.imports import ROOT

CASES = ROOT.parent / "shared" / "cases"
MODEL = ROOT / "tests" / "fixtures" / "model_version_1"
SENTENCES = [
    [("Mia", "B-PER"), ("saw", "O"), ("New", "B-LOC"), ("Ulm", "I-LOC"), (".", "O")],
    [("Rain", "O"), ("fell", "O"), (",", "O"), ("too", "O"), (".", "O")],
    [("Bo", "B-PER"), ("left", "O"), ("Ulm", "B-LOC"), (".", "O")],
]
WORDS = [tuple(word for word, _ in sentence) for sentence in SENTENCES]
TAGS = [("S-PER", "O", "B-LOC", "E-LOC", "O"), ("O",) * 5, ("S-PER", "O", "S-LOC", "O")]
TEXT = [" ".join(words) for words in WORDS] + [f"Rain fell in {year} , too ." for year in range(60)]


def columns(change: Callable[[str, str], str] = "{} {}\n".format, between: str = "\n") -> str:
    """The sentences with a line for each word."""
    return between.join("".join(change(word, tag) for word, tag in sentence) for sentence in SENTENCES) + between


class Bringing:
    """A folder that is brought, and what the commands make of it."""

    def __init__(self, folder: Path):
        self.folder, self.brought, self.raw = folder, folder / "in", folder / "raw" / "mine"
        for name in ("train", "dev", "test"):
            self.put(f"{name}.txt", columns())
        self.put("lm/a.txt", "\n".join(TEXT) + "\n")

    def put(self, name: str, content: str | bytes) -> None:
        (self.brought / name).parent.mkdir(parents=True, exist_ok=True)
        (self.brought / name).write_bytes(content.encode() if isinstance(content, str) else content)

    def put_splits(self, content: str | bytes) -> None:
        for name in ("train", "dev", "test"):
            self.put(f"{name}.txt", content)

    def bring(self) -> Result:
        return CliRunner().invoke(fetch_data, ["mine", "--from", str(self.brought), "--root", str(self.folder / "raw")])

    def conll(self, **changes: Any) -> Result:
        assert self.bring().exit_code == 0
        return self._run(prepare_conll, "conll", {"prepare_conll": changes})

    def corpus(self, **changes: Any) -> Result:
        prepared = self.conll()
        assert prepared.exit_code == 0, prepared.output
        files = ["--train", self.folder / "conll/train.conll", "--test-hashes", self.folder / "conll/test_hashes.txt"]
        small = {"heldout_sentences": 10, "min_count": 1} | changes
        return self._run(prepare_corpus, "corpus", {"prepare_corpus": small}, *map(str, files))

    def _run(self, command: Any, out: str, changes: dict[str, dict[str, Any]], *more: str) -> Result:
        params = yaml.safe_load((ROOT / "profiles" / "base.yaml").read_text(encoding="utf-8"))
        for section, values in changes.items():
            params[section] |= values
        (self.folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
        paths = {"raw": self.raw, "out": self.folder / out, "metrics": self.folder / "m.json"}
        paths["params"] = self.folder / "params.yaml"
        options = [part for option, path in paths.items() for part in (f"--{option}", str(path))]
        return CliRunner().invoke(command, [*options, *more])


@pytest.fixture
def bringing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bringing:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return Bringing(tmp_path)


def letters(old: str, new: str) -> Callable[[str, str], str]:
    """Lines with letters of tags replaced."""
    return lambda word, tag: f"{word} {tag.translate(str.maketrans(old, new))}\n"


IOBES = dict(zip(WORDS, TAGS, strict=True))
BILOU = "".join(
    "".join(f"{word} {tag.replace('E-', 'L-').replace('S-', 'U-')}\n" for word, tag in zip(words, tags, strict=True))
    + "\n"
    for words, tags in IOBES.items()
)
CONLLU = "# newdoc id = 1\n" + "".join(
    f"# sent_id = {number}\n# text = {' '.join(word for word, _ in sentence)}\n1-2\tMiasaw\t_\t_\n"
    + "".join(f"{i}\t{word}\t_\t{tag}\n" for i, (word, tag) in enumerate(sentence, start=1))
    + f"{len(sentence)}.1\tnothing\t_\t_\n\n"
    for number, sentence in enumerate(SENTENCES)
)


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


def expectation(case: str) -> tuple[int, str]:
    """The exit status of the last command of a case, and something that it says."""
    return {
        "07": (0, "no test sentence was found in the LM text"),
        "11": (1, "spans are in column 2"),
        "13": (1, "are one sentence"),
        "09": (0, "4 empty nodes of CoNLL-U"),
        "19": (0, "3 of 9 test sentences"),
        "20": (0, "train.txt:102: I-LOC after nothing"),
        "23": (0, "9 such tags"),
        "24": (0, "L-ORG after nothing that it continues; expected B- or U-"),
        "25": (0, "1 comment left out"),
        "27": (0, "separated by tabs"),
        "29": (0, "vectors.txt:52: the word has blanks in it"),
        "31": (0, "promises 52 word vectors, 51 are there"),
        "34": (0, "vectors.txt:52: the word is not UTF-8, skipped"),
        "35": (0, "vectors.txt:52: no word, skipped"),
        "36": (0, "IOE2 in column -1"),
        "37": (0, "BMEWO in column -1"),
        "38": (0, "IO without prefixes"),
        "41": (1, "train.txt:1: CSV with a header"),
        "42": (0, "train.txt: gzip"),
    }.get(case[:2], (0, ""))


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
