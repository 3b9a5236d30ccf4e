"""README and docs: links lead somewhere, commands exist, parameters are there, output is as shown, README is short."""

import importlib.util
import re
import shlex
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from commands.make_variables import complaint, known_variables
from ldnet.commands.main import main as ldnet
from tests.imports import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
OLD_NAMES = "CHANGELOG.md"  # speaks of what is gone as well
pages = pytest.mark.parametrize("page", PAGES, ids=[path.name for path in PAGES])
current_pages = pytest.mark.parametrize(
    "page", [path for path in PAGES if path.name != OLD_NAMES], ids=lambda path: path.name
)


def code(page: Path) -> list[str]:
    """Lines of code blocks, without a prompt or a comment, and inline code that is no link."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"(?ms)^```\w*\n(.*?)^```$", text)
    lines = [line.removeprefix("$ ").partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return lines + re.findall(r"(?<!\[)`([^`\n]+)`", re.sub(r"(?ms)^```.*?^```$", "", text))


def anchors(page: Path) -> set[str]:
    """What links to headings of the page end with, as GitHub makes it."""
    headings = re.findall(r"(?m)^#+ (.+)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pages
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"(?ms)^```.*?^```$", "", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(((?!https?:)[^)]+)\)", text):
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


@current_pages
def test_modules_that_are_run_exist(page: Path) -> None:
    own = {module for line in code(page) for module in re.findall(r"python -m ([\w.]+)", line)} - {"pytest", "pip"}
    assert not [module for module in sorted(own) if importlib.util.find_spec(module) is None]


@current_pages
def test_goals_and_variables_of_make_are_known(page: Path) -> None:
    targets = known_variables(MAKEFILE)
    for line in code(page):
        for command in re.findall(r"\bmake ((?:[a-zA-Z][^&|;`]*)?)", line):
            words = re.sub(r'"[^"]*"', "x", command).split()
            goals = [word for word in words if "=" not in word and re.fullmatch(r"[a-z-]+", word)]
            assert set(goals) <= set(targets), f"make {command}"
            names = [word.partition("=")[0] for word in words if "=" in word]
            assert complaint(MAKEFILE, goals, names) == "", f"make {command}"


@current_pages
def test_commands_of_ldnet_exist(page: Path) -> None:
    assert isinstance(ldnet, click.Group)
    used = {name for line in code(page) for name in re.findall(r"\bldnet ([a-z][a-z-]+)\b", line)}
    assert used <= set(ldnet.commands)


@current_pages
def test_parameters_exist(page: Path) -> None:
    """Inline code that begins like a parameter, such as `select.strength`, and all that commands set by -S."""
    sections = [name for name, value in PARAMS.items() if isinstance(value, dict)]
    for line in code(page):
        named = re.findall(rf"^({'|'.join(sections)})\.([a-z_]+)\b(?!\()", line)
        for section, key in named + re.findall(r" -S (\w+)\.(\w+)", line):
            assert key in PARAMS.get(section, {}), f"{section}.{key}: {line}"


def test_the_tagger_that_ships_writes_what_pages_show(tmp_path: Path) -> None:
    """Numbers may differ in their third digit: another CPU rounds otherwise."""
    shown = (
        r"(?m)^\$ (?:echo '(.*)' \| )?(?:\.venv/bin/)?ldnet (\w+ demo[^|\n]*)(?: \| (.*))?\n((?:[^\n`$].*\n|(?=\n)\n)+)"
    )
    found = [match for page in PAGES for match in re.findall(shown, page.read_text(encoding="utf-8"))]
    assert len(found) == 4
    for text, arguments, tool, expected in found:
        (tmp_path / "text").write_text(text + "\n", encoding="utf-8")
        read = [str(tmp_path / "text")] if text else []
        lines = CliRunner().invoke(ldnet, shlex.split(arguments) + read).stdout.splitlines()
        if tool.startswith("paste"):
            lines = [" ".join(lines)]
        elif tool.startswith("grep"):
            lines = [line for line in lines if tool.split()[1] in line]
        assert _rounded("\n".join(lines)) == _rounded(expected)


def _rounded(text: str) -> str:
    return re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):.2f}", text.strip())


def test_readme_is_short_and_has_one_table_of_results() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 130
    assert sum(line.startswith("| profile | tagger |") for line in lines) == 1
    assert sum(line.startswith("| ---") for line in lines) == 3  # results, what pruning keeps, stages
