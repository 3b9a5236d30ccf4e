"""What data, file names and servers say never commands a terminal, a page or a log."""

import json
import unicodedata
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from ldnet.command_line import FILE, Command, echo
from ldnet.commands.main import main as ldnet
from ldnet.errors import InputError
from ldnet.files import read_json
from ldnet.printable import MOST_QUOTED, one_line, printable, quoted
from pipeline.exporting.model_card import model_card
from stages import prepare_conll
from tests.imports import ROOT, sources
from tests.serving_factories import make_model

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e<script>alert(1)</script>`|\r\x00\udcff"


def is_harmless(text: str) -> bool:
    """No control character but line feed and tab, no lone surrogate, no mark of direction."""
    bad = {"Cc", "Cs", "Zl", "Zp"}
    return not [sign for sign in text if sign not in "\n\t" and (unicodedata.category(sign) in bad or sign == "\u202e")]


def test_what_a_message_quotes_is_one_short_line() -> None:
    assert quoted("a\nb") == r"'a\nb'" and quoted("x" * MOST_QUOTED) == repr("x" * MOST_QUOTED)
    assert quoted("x" * 5000) == repr("x" * (MOST_QUOTED - 3) + "...")


def test_one_line_has_no_line_end() -> None:
    every = "".join(map(chr, range(0x11000)))
    assert one_line(every).splitlines() == [one_line(every)] and one_line("a\nb\t\u2028") == "a\\nb\t\\u2028"


def test_control_characters_are_shown_and_nothing_else_changes() -> None:
    shown = printable(HOSTILE)
    assert is_harmless(shown) and not is_harmless(HOSTILE)
    assert shown.startswith("\\u001b]0;owned\\u0007\\u001b[2J\\u009b31m\\u202e<script>")
    assert printable("Zoë, 東京, नमस्ते, a\tb\nc 👩‍👩‍👧") == "Zoë, 東京, नमस्ते, a\tb\nc 👩‍👩‍👧"
    every = "".join(map(chr, range(0x11000)))
    assert is_harmless(printable(every)) and printable(printable(every)) == printable(every)


def test_json_stays_json() -> None:
    text = HOSTILE.replace("\udcff", "")
    assert json.loads(printable(json.dumps([text], ensure_ascii=False))) == [text]


@click.command(cls=Command, examples=["x"])
@click.option("--file", type=FILE)
@click.option("--kind", type=click.Choice(["a"]))
@click.option("--number", type=int)
def command(file: Path | None, kind: str | None, number: int | None) -> None:
    """Quote what was given."""
    if file is None:
        echo(f"said {HOSTILE}")
        raise click.ClickException(HOSTILE)
    if file.name == "os":
        raise OSError(2, "no such file", HOSTILE)
    raise InputError(f"{file}: what is that")


def harmless(result: Result) -> str:
    assert is_harmless(result.stdout + result.stderr), (result.stdout, result.stderr)
    return result.stdout + result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--file", HOSTILE.replace("\x00", "")],
        ["--file", HOSTILE.replace("\x00", ""), "--verbose"],
        ["--file", "os"],
        ["--kind", HOSTILE],
        ["--number", HOSTILE],
        [f"--{HOSTILE}"],
        [HOSTILE],
    ],
)
def test_messages_of_commands(arguments: list[str]) -> None:
    told = CliRunner().invoke(command, arguments)
    assert told.exit_code in (1, 2)
    assert "1b" in harmless(told)  # \\u001b, or \\x1b where click has quoted it


def test_messages_of_the_installed_command(tmp_path: Path) -> None:
    for arguments in ([HOSTILE], ["tag", str(tmp_path), f"{tmp_path}/\x1b[2J"], ["info", "no-\x1b[2J"]):
        assert "1b" in harmless(CliRunner().invoke(ldnet, arguments))


@pytest.mark.parametrize(
    ("line", "status"),
    [("word B-X\nword \x1b[2J", 1), ("\x1b[2Jword X-\x1b[31mA", 1), ("\x1b[2Jword X-A", 0)],
)
def test_a_hostile_tag_and_word_in_raw_data(
    line: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    raw = tmp_path / "raw \x1b[31m"
    raw.mkdir()
    for name in ("train.txt", "dev.txt", "test.txt"):
        (raw / name).write_text(f"the O\n{line}\n\n" * 3, encoding="utf-8")
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    options = ["--raw", str(raw), "--out", "out", "--metrics", "metrics.json"]
    told = CliRunner().invoke(prepare_conll.main, options)
    assert told.exit_code == status and "u001b" in harmless(told)  # of the folder's name, too


def test_a_hostile_type_on_the_model_card(tmp_path: Path) -> None:
    content = read_json(make_model(tmp_path, "no_lm_taught") / "model.json")
    card = model_card({**content, "types": ["A`<b>`", HOSTILE[:-1]]})
    assert is_harmless(card) and "`` A`<b>` ``" in card


def test_one_place_prints() -> None:
    """All messages go through `ldnet.command_line.echo`."""
    alone = {
        f"commands/{name}.py" for name in ("environment", "guard", "make_variables")
    }  # they import nothing of the project
    apart = {"ldnet/command_line.py", "ldnet/adapters/onnx_runner.py"} | alone
    printing = {
        file
        for file in sources("ldnet", "pipeline", "stages", "ablations", "commands")
        if any(call in (ROOT / file).read_text(encoding="utf-8") for call in ("click.echo", "click.secho", " print("))
    }
    assert printing <= apart
