"""The Makefile refuses variables that its goals do not know, and its help names those that they use."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from commands.make_variables import EVERYWHERE, complaint, known_variables
from tests.imports import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
VARIABLES = known_variables(MAKEFILE)
TARGETS = re.split(r"(?m)^(?=[a-z][a-z-]*:)", MAKEFILE)[1:]


def dry(*words: str) -> "subprocess.CompletedProcess[str]":
    """`make` with these words, running nothing whatever it finds."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(
        ["make", "--dry-run", *words], cwd=ROOT, env={**environment, "LC_ALL": "C"}, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "sweep STRENGTHS=0.1 BUDGET=2",
            "BUDGET is not a variable of `make sweep`; it knows STRENGTHS BUDGETS JOBS NAME; did you mean BUDGETS?",
        ),
        ("path STRENGTH=0.1", "STRENGTH is not a variable of `make path`; it knows STRENGTHS .* mean STRENGTHS?"),
        ("study METHOD=r3", "METHOD is not a variable of `make study`; it knows METHODS .* mean METHODS?"),
        ("export TAGER=full", "TAGER is not a variable of `make export`; it knows TAGGER OUT .* mean TAGGER?"),
        ("export tagger=full", "tagger is not a variable of `make export`; it knows TAGGER OUT .* mean TAGGER?"),
        ("data NAME=mine FORM=here", "FORM is not a variable of `make data`; it knows NAME FROM; did you mean FROM?"),
        ("profile NAME=demo DISCRAD=1", "DISCRAD is not a variable of `make profile`; .* mean DISCARD?"),
        ("experiment NMAE=demo", "NMAE is not a variable of `make experiment`; .* mean NAME?"),
        ("repro NAME=conll2000", "NAME is not a variable of `make repro`; it knows none"),
        ("test K=sweep", "K is not a variable of `make test`; it knows none"),
        ("ui PROT=5001", "PROT is not a variable of `make ui`; it knows PORT; did you mean PORT?"),
        ("lint VENVS=x", "VENVS is not a variable of `make lint`; it knows none; did you mean VENV?"),
        ("BUDGET=2", "BUDGET is not a variable of `make help`; it knows none"),
        (
            "data profile NAME=a JOBS=2",
            "JOBS is not a variable of `make data profile`; it knows NAME FROM SAVE DISCARD",
        ),
        ("sweep METHODS=r3 BUDGET=2", "BUDGET, METHODS are not variables of `make sweep`; .* mean BUDGETS?"),
        ("sweep COMPLAINT= BUDGET=2", "BUDGET, COMPLAINT are not variables of `make sweep`"),
        ("sweep ON_COMMAND_LINE= BUDGET=2", "BUDGET, ON_COMMAND_LINE are not variables of `make sweep`"),
        ("repro SHELL=sh", "SHELL is not a variable of"),
        ("repro SHELL=x", "SHELL is not a variable of"),
        ("sweep BUDGET:=2", "BUDGET is not a variable of `make sweep`"),
    ],
)
def test_an_unknown_variable_is_refused_before_anything_runs(words: str, message: str) -> None:
    done = dry(*words.split())
    assert done.returncode != 0 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert re.search(message.replace("?", r"\?"), line), line


@pytest.mark.parametrize("value", ['a"b', "$(shell touch made)", "`touch made`", "a\\", "$HOME", "a\nb"])
def test_a_value_that_a_shell_would_obey_is_refused(tmp_path: Path, value: str) -> None:
    (tmp_path / "Makefile").write_text(MAKEFILE, encoding="utf-8")
    (tmp_path / "commands").symlink_to(ROOT / "commands")
    environment = {key: text for key, text in os.environ.items() if not key.startswith("MAKE")}
    for variable in ("NAME", "VENV"):
        words = ["make", "profile", f"{variable}={value}"]
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1, done
        assert f'*** {variable}: expected a value without any of " ` \\ $ and without line ends.  Stop.' in done.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("words", ["try SET=seed=2", "sweep", "path", "study", "curve"])
def test_no_shell_stands_between_make_and_what_starts_stages(words: str) -> None:
    """Else that would not see that make was killed."""
    assert dry(*words.split()).stdout.splitlines()[-1].startswith("exec python -m commands.")


def test_other_signs_stay_one_word() -> None:
    done = dry("profile", "NAME=a;touch made *'", "SAVE=b c", "PYTHON=true")
    assert """commands.switch_profile "a;touch made *'" --save "b c\"""" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("sweep", "STRENGTHS=0.1 0.2", "BUDGETS=2", "JOBS=2"),
        ("data", "NAME=mine", "FROM=a folder with X=1 in its name"),
        ("data", "profile", "NAME=a", "FROM=b", "SAVE=c"),
        ("experiment", "NAME=demo", "DISCARD=1"),
        ("lint", "VENV=elsewhere", "PYTHON=python3"),
        ("help",),
    ],
)
def test_known_variables_are_not(words: tuple[str, ...]) -> None:
    done = dry(*words)
    assert done.returncode == 0, done.stderr


def test_a_variable_of_the_environment_is_nobodys_mistake() -> None:
    environment = {**os.environ, "BUDGET": "2", "MAKEFLAGS": ""}
    assert subprocess.run(["make", "--dry-run", "help"], cwd=ROOT, env=environment, capture_output=True).returncode == 0


def test_the_environment_has_no_say_in_what_a_goal_does() -> None:
    listed = re.search(r"(?m)^OPTIONS := (.*)$", MAKEFILE)
    own_defaults = {"VENV", "PYTHON", "PORT", "SCREENSHOTS"}
    assert listed and {*listed[1].split()} == {name for names in VARIABLES.values() for name in names} - own_defaults
    environment = {**os.environ, "NAME": "terminal", "BUDGETS": "2", "MAKEFLAGS": ""}
    done = subprocess.run(["make", "--dry-run", "sweep"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert "commands.sweep" in done.stdout and "terminal" not in done.stdout and "--budgets" not in done.stdout


def test_make_itself_names_an_unknown_goal() -> None:
    assert complaint(MAKEFILE, ["swep"], ["BUDGET"]) == ""
    assert "No rule to make target 'swep'" in dry("swep", "BUDGET=2").stderr


@pytest.mark.parametrize("text", TARGETS, ids=[text.split(":")[0] for text in TARGETS])
def test_the_help_of_a_target_names_what_its_recipe_uses(text: str) -> None:
    target = text.split(":")[0]
    if "##" not in text:
        return
    options = re.search(r"(?m)^SWEEP_OPTIONS = (.*)$", MAKEFILE)
    assert options
    used = set(re.findall(r"\$\((?:if \$\()?([A-Z]+)\)", text.replace("$(SWEEP_OPTIONS)", options[1])))
    assert used - {*EVERYWHERE} <= {*VARIABLES[target]}, f"{target}: its help does not name all that it uses"


def test_every_goal_is_phony_and_listed() -> None:
    phony = re.search(r"(?m)^\.PHONY: (.*)$", MAKEFILE)
    assert phony and sorted(phony[1].split()) == sorted([*VARIABLES, "_named"])
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        env={**os.environ, "MAKEFLAGS": ""},
        capture_output=True,
        text=True,
    )
    assert [line.split()[0] for line in listed.stdout.splitlines()] == [
        target for target in VARIABLES if re.search(rf"(?m)^{target}:.*##", MAKEFILE)
    ]
