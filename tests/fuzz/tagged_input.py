"""What `ldnet tag` is given: text, tokenised text, columns; from a file to columns or JSON lines."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from click.testing import CliRunner
from hypothesis import strategies as st

from ldnet.commands.main import main
from ldnet.errors import InputError
from ldnet.text.lines import read_lines
from tests.fuzz.cases import Case, InputClass, put
from tests.fuzz.conll_files import is_seen
from tests.fuzz.mutations import Draw, mutated
from tests.imports import ROOT

MODEL = ROOT / "tests" / "fixtures" / "model_version_1"
TOKENS = ["don't", "``", "''", '"', "…", "“", "”", "cannot", "gonna", "$5", "...", "-DOCSTART- O", "# a", "1-2", "a,b"]
OPTIONS = {  # by the name of the file
    "text-columns": [],
    "text-json": ["--format", "jsonl"],
    "words-columns": ["--tokenised"],
    "words-json": ["--tokenised", "--format", "jsonl", "--n-best", "2"],
    "conll-columns": ["--input", "conll"],
    "conll-json": ["--input", "conll", "--format", "jsonl"],
}


@cache
def starts() -> Mapping[str, bytes]:
    """One content for each way to read and to write."""
    text = "The cat's in Paris, \"it\" said.\n\nRome can't... wait\n \nthe dog saw Rome .\n"
    columns = "-DOCSTART- X O\n\n# a remark\nthe X O\ncat X O\n\nRome X B-LOC\nsaw X O\n\n\nParis X O\n"
    return {name: (columns if name.startswith("conll") else text).encode() for name in OPTIONS}


@st.composite
def _lines(draw: Draw) -> Case:
    """Any text."""
    file = draw(st.sampled_from([name for name in OPTIONS if not name.startswith("conll")]))
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    return Case(file, "\n".join(draw(st.lists(text, max_size=5))).encode())


def cases() -> st.SearchStrategy[Case]:
    """Any text, and changed files."""
    return st.one_of(_lines(), *[mutated(starts, TOKENS)] * 3)


def read(case: Case, folder: Path) -> None:
    """Tag it by the command; what it writes is whole, has all lines, and spans with the text at their places."""
    kind, form = case.file.split("-")
    with put(folder, case, starts()[case.file]) as path:
        done = CliRunner().invoke(main, ["tag", str(MODEL), str(path), "--threads", "1", *OPTIONS[case.file]])
        lines = list(read_lines(path)) if done.exit_code == 0 else []
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    written = done.stdout_bytes.decode()
    assert written == "" or written.endswith("\n")
    if form == "json":
        check_json([json.loads(line) for line in written.split("\n")[:-1]], [line.decode() for line in lines], kind)
    elif kind == "conll":
        check_columns(written.split("\n")[:-1], [line.decode() for line in lines])
    else:
        # An empty line for each line of text.
        assert not lines or written.count("\n\n") + written.startswith("\n") >= 0
        blocks = written.split("\n")[:-1].count("")
        assert done.exit_code or blocks == len(lines), (blocks, len(lines))
    if done.exit_code:
        assert done.exit_code == 1, (done.exit_code, done.stderr)
        errors = [line for line in done.stderr.split("\n") if line]
        raise InputError("\n".join(errors).removeprefix("Error: "))


def check_json(found: list[dict], lines: list[str], kind: str) -> None:
    """Each line of text is there, and what is found in it stands there."""
    for annotated in found:
        text = annotated["text"]
        assert len(annotated["tokens"]) == len(annotated["offsets"]) == len(annotated["tags"])
        last = 0
        for start, end in annotated["offsets"]:
            assert last <= start < end <= len(text) and not text[last:start].strip(), annotated
            last = end
        for span in annotated["spans"]:
            assert text[span["start"] : span["end"]] == span["text"] and 0 <= span["confidence"] <= 1, span
        for path in annotated.get("paths", []):
            assert 0 <= path["probability"] <= 1
    if kind != "conll" and lines:
        assert [annotated["text"] for annotated in found] == lines


def check_columns(found: list[str], lines: list[str]) -> None:
    """Each line comes back, with a column more unless it is blank or a comment."""
    if not lines:
        return
    plain = [line.rstrip(" \t") for line in lines]
    filled, back = (list(filter(is_seen, each)) for each in (plain, found))
    assert len(back) == len(filled), (back, filled)
    for line, before in zip(back, filled, strict=True):
        assert line.startswith(before), (line, before)


CLASS = InputClass(name="input of ldnet tag", starts=starts, cases=cases, read=read)
