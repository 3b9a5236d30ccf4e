"""A few cases of each class, always the same ones, and all that the fuzzers ever found."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.cases import Case, InputClass
from tests.fuzz.classes import CLASSES
from tests.fuzz.corpus import kept_cases

CASES = 40  # of each class

each_class = pytest.mark.parametrize("of", CLASSES, ids=lambda of: of.slug)
FOUND = [pytest.param(of, case, id=f"{of.slug}/{name}") for of in CLASSES for name, case in kept_cases(of)]


@each_class
def test_files_without_damage_are_read(of: InputClass) -> None:
    """So what is refused below is refused for its damage."""
    for file, content in of.starts().items():
        assert of.judge(Case(file, content)) == "ok", file


@pytest.mark.parametrize(("of", "case"), FOUND)
def test_what_was_found_once_is_refused(of: InputClass, case: Case) -> None:
    assert of.judge(case) == "refused"


@each_class
def test_the_result_is_right_or_one_line_says_what_is_wrong(of: InputClass) -> None:
    verdicts: Counter[str] = Counter()

    @settings(
        max_examples=CASES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(of.cases())
    def holds(case: Case) -> None:
        verdicts[of.judge(case)] += 1  # raises Finding for everything else

    holds()
    assert verdicts["ok"] and verdicts["refused"], "cases of one kind alone show nothing"
