"""The judge of fuzzed cases lets nothing pass but a result and a refusal of one line that says where."""

import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from hypothesis import strategies as st

from ldnet.errors import InputError
from tests.fuzz import cases
from tests.fuzz.__main__ import by_properties
from tests.fuzz.cases import Case, Finding, InputClass
from tests.fuzz.corpus import keep, kept_cases
from tests.fuzz.tally import Tally

CASE = Case("a.txt", b"x")


def judged(read: Callable[[Case, Path], object]) -> str:
    return InputClass(name="made up", starts=dict, cases=st.nothing, read=read).judge(CASE)


def refuse(message: str) -> Callable[[Case, Path], None]:
    def read(case: Case, folder: Path) -> None:
        raise InputError(message.format(folder))

    return read


def test_results_and_refusals_are_told_apart() -> None:
    assert judged(lambda case, folder: None) == "ok"
    assert judged(refuse("{}/a.txt:1: expected this, found that")) == "refused"
    assert judged(refuse("prepare_conll.dev_sentences: too many")) == "refused"


@pytest.mark.parametrize(
    ("message", "finding"),
    [
        ("{}/a.txt:1: expected this\nfound that", "of 2 lines"),
        ("{}/a.txt:1: found " + "x" * 1000, "1,?0[0-9]+ characters"),
        ("expected this", "names no file"),
    ],
)
def test_a_refusal_is_one_short_line_that_says_where(message: str, finding: str) -> None:
    with pytest.raises(Finding, match=finding):
        judged(refuse(message))


def test_all_else_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Finding, match="ZeroDivisionError in test_judging"):
        judged(lambda case, folder: 1 / 0)
    monkeypatch.setattr(cases, "SECONDS", 1)
    with pytest.raises(Finding, match="not done after 1 s"):
        judged(lambda case, folder: time.sleep(30))


def test_findings_are_counted_and_the_smallest_is_kept(tmp_path: Path) -> None:
    of, tally = InputClass(name="made up", starts=dict, cases=st.nothing, read=refuse("x")), Tally()
    assert [tally.add(of, Case("a/b.txt", content)) is not None for content in (b"aa", b"aaa", b"a")] == [
        True,
        False,
        True,
    ]
    tally.merge({"ok": 2, "other": 1}, {})
    assert tally.row() == {"tried": 6, "ok": 2, "refused": 0, "other": 4}
    for case in tally.findings.values():
        keep(of, case, "phrase", tmp_path)
    assert list(kept_cases(of, tmp_path)) == [("a__b.txt/phrase", Case("a/b.txt", b"a"))]


def test_findings_of_several_kinds_are_counted_even_if_they_do_not_come_again() -> None:
    """Hypothesis then raises a group of errors, with groups in it."""
    judgements = count()

    def read(case: Case, folder: Path) -> None:
        number = case.content[0]
        if number % 4 == 0:
            raise KeyError("at each judgement")
        if number % 4 == 1 and next(judgements) % 2 == 0:
            raise IndexError("at every other judgement")
        if number % 4 == 2:
            raise InputError(f"{folder}/a.txt:1: expected this, found that")

    made = st.binary(min_size=1).map(lambda content: Case("a.txt", content))
    tally = Tally()
    by_properties(InputClass(name="made up", starts=dict, cases=lambda: made, read=read), tally, seed=1, seconds=3)
    assert {said.split(": ")[-1].strip("'") for said in tally.findings} == {
        "at each judgement",
        "at every other judgement",
    }
    assert all(len(case.content) == 1 for case in tally.findings.values()) and all(tally.row().values())


def test_an_error_of_the_fuzzer_itself_is_no_finding() -> None:
    broken = st.binary().map(lambda content: 1 / 0)
    of = InputClass(name="made up", starts=dict, cases=lambda: broken, read=lambda case, folder: None)
    with pytest.raises(ZeroDivisionError):
        by_properties(of, Tally(), seed=1, seconds=3)
