"""Reports are safe to print, and errors are kept so that more can be found."""

import click
import pytest

from ldnet.errors import InputError
from pipeline.checking.findings import LONGEST, MOST_LINES, Findings, escaped, example, percent


def test_what_cannot_be_seen_is_escaped() -> None:
    assert escaped("a\x1b[31mb\nc\u202ed\u00a0e\ud800") == r"a\x1b[31mb\nc\u202ed\xa0e\ud800"
    assert escaped("Αθηνά, İzmir 東京") == "Αθηνά, İzmir 東京"


def test_examples_are_cut() -> None:
    assert example("x" * LONGEST) == "x" * LONGEST
    assert example("x" * (LONGEST + 1)) == "x" * (LONGEST - 3) + "..."
    assert len(example("\x00" * LONGEST)) == LONGEST


def test_shares() -> None:
    assert percent(1, 8) == "12.50 %" and percent(0, 0) == "none there"


def test_errors_end_a_block_once_each() -> None:
    findings = Findings()
    for number in (1, 2, 1):
        with findings.keep_error():
            raise InputError(f"a.txt:{number}: wrong")
    assert findings.errors == ["a.txt:1: wrong", "a.txt:2: wrong"]
    with pytest.raises(ZeroDivisionError), findings.keep_error():
        _ = 1 / 0


def test_a_report_has_the_lines_that_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    findings = Findings()
    findings.add("size", "one")
    findings.add("  LOC", "two")
    findings.add("known", "three\r")
    findings.note("train.txt: 2 columns")
    findings.note("note: odd\n")
    assert findings.report() == ["  size      one", "    LOC     two", r"  known     three\r", r"warning: odd\n"]
    findings.tell(["known", "LOC"])
    assert capsys.readouterr().out.splitlines() == [r"  known     three\r", r"warning: odd\n"]
    findings.errors += [str(number) for number in range(MOST_LINES + 2)]
    with pytest.raises(click.exceptions.Exit) as end:
        findings.tell()
    assert end.value.exit_code == 1
    assert capsys.readouterr().err.splitlines()[-2:] == [f"Error: {MOST_LINES - 1}", "Error: and 2 more"]
