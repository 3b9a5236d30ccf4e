"""The command as users meet it: formats, exit statuses, one-line errors, streams, pipes that break, Ctrl-C."""

import errno
import gzip
import importlib
import io
import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from click.testing import CliRunner, Result

from ldnet import __version__
from ldnet.__main__ import main
from ldnet.commands.loading import loaded_for_command
from ldnet.commands.tag import _tag_all
from ldnet.decoding.precision import PRECISIONS, DecodingPrecision
from ldnet.errors import InputError
from ldnet.model_folder import load_model
from ldnet.sentence_input import text_reader
from ldnet.text.tokenisation import split_at_blanks
from tests.imports import ROOT
from tests.serving_factories import make_lines, make_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("model"))


def tag(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["tag", *map(str, arguments)])


def test_columns_have_a_block_for_every_line(model: Path, tmp_path: Path) -> None:
    lines = make_lines(40)
    (tmp_path / "a.txt").write_text("\n".join(lines[:25]) + "\n", encoding="utf-8")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress("\r\n".join(lines[25:]).encode()))
    result = tag(model, tmp_path / "a.txt", tmp_path / "b.txt.gz", "--tokenised", "--threads", 1)
    assert (result.exit_code, result.stderr) == (0, "")
    tags = load_model(model).tag([split_at_blanks(line).words for line in lines])
    blocks = [
        "".join(f"{word} {name}\n" for word, name in zip(split_at_blanks(line).words, of_line, strict=True)) + "\n"
        for line, of_line in zip(lines, tags, strict=True)
    ]
    assert result.stdout == "".join(blocks)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_json_lines_have_an_object_for_every_line(model: Path, tmp_path: Path, precision: DecodingPrecision) -> None:
    text = 'He said: "Paris!"\n\n\N{WAVING HAND SIGN} e\N{COMBINING ACUTE ACCENT} \u6771\u4eac Rome\r\n'
    (tmp_path / "a.txt").write_bytes(text.encode())
    result = tag(model, tmp_path / "a.txt", "--format", "jsonl", "--n-best", 2, "--precision", precision)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    lines = text.replace("\r", "").split("\n")[:-1]
    assert [sentence["text"] for sentence in found] == lines
    expected = load_model(model, precision).annotate(lines, n_best=2)
    assert found == json.loads(json.dumps([sentence.to_json() for sentence in expected]))
    assert found[0]["tokens"] == ["He", "said", ":", "``", "Paris", "!", "''"] and len(found[0]["paths"]) == 2


def test_columns_read_get_one_more(model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text("1 the O\n2 Paris B-LOC\n\n1 dog O\n")
    result = tag(model, tmp_path / "a.conll", "--input", "conll", "--word-column", 1)
    tags = load_model(model).tag([["the", "Paris"], ["dog"]])
    assert result.stdout == f"1 the O {tags[0][0]}\n2 Paris B-LOC {tags[0][1]}\n\n1 dog O {tags[1][0]}\n\n"
    result = tag(model, tmp_path / "a.conll", "--input", "conll", "--word-column", 1, "--format", "jsonl")
    assert [json.loads(line)["text"] for line in result.stdout.splitlines()] == ["the Paris", "dog"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["gone"], 1, "Error: gone: no such folder; expected a model folder"),
        (["MODEL", "gone.txt"], 1, "Error: gone.txt: no such file; expected text files"),
        (["MODEL", "bad.txt"], 1, "Error: bad.txt:2: not UTF-8 (byte 0xff at position 2); convert the file to UTF-8"),
        (["MODEL", "bad.gz"], 1, "Error: bad.gz: cannot be read"),
        (
            ["MODEL", "good.txt", "--input", "conll", "--word-column", "4"],
            1,
            "good.txt:1: 2 columns, but --word-column",
        ),
        (["MODEL", "--word-column", "1"], 2, "--word-column belongs to --input conll"),
        (["MODEL", "--tokenised", "--input", "conll"], 2, "--tokenised belongs to --input text"),
        (["MODEL", "--n-best", "2"], 2, "--n-best needs --format jsonl"),
        (["MODEL", "--precision", "int4"], 2, "'int4' is not one of 'float32', 'int8'"),
    ],
)
def test_errors_are_one_line_with_their_own_status(
    model: Path, arguments: list[str], status: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.txt").write_text("a Paris\n")
    Path("bad.txt").write_bytes(b"a Paris\na\xff\n")
    Path("bad.gz").write_bytes(b"not compressed")
    result = tag(*(str(model) if argument == "MODEL" else argument for argument in arguments))
    last = result.stderr.splitlines()[-1]
    assert result.exit_code == status and message in last and "Traceback" not in result.output
    assert status == 2 or len(result.stderr.splitlines()) == 1
    if "bad.txt" in arguments:
        assert result.stdout.startswith("a ") and result.stdout.count("\n") == 3  # the line before it is tagged


@pytest.mark.parametrize(
    "arguments",
    ["tag MODEL in/a.txt", "tag MODEL in/a.txt --format jsonl", "tag-shards MODEL in out", "calibrate MODEL"],
)
def test_a_model_whose_scores_are_not_finite_is_named(
    model: Path, arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise InputError("the tagger's scores are not finite")

    monkeypatch.setattr("ldnet.decoding.bulk_tagger.BulkTagger.emissions", fail)
    monkeypatch.chdir(tmp_path)
    for file, text in (("in/a.txt", "a\n"), ("work/conll/dev.conll", "a O\n\n")):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(text)
    result = CliRunner().invoke(main, arguments.replace("MODEL", str(model)).split())
    assert result.exit_code == 1 and f"{model}: the tagger's scores are not finite\n" in result.stderr


@pytest.mark.parametrize("command", [[], ["tag"], ["tag-shards"], ["info"], ["calibrate"]])
def test_help_has_examples(command: list[str]) -> None:
    result = CliRunner().invoke(main, [*command, "--help"])
    assert result.exit_code == 0 and "Examples:\n" in result.output
    assert " ".join(["  ldnet", *command]) in result.output.split("Examples:")[1]


def test_the_version_is_that_of_the_package() -> None:
    assert CliRunner().invoke(main, ["--version"]).output == f"ldnet, version {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tagg", "x"], "No such command 'tagg'"),
        (["tag", "x", "--presicion", "int8"], "No such option '--presicion'"),
        (["tag", ""], "Invalid value for 'MODEL': it is empty; expected a model folder, models:/"),
        (["info", " "], "Invalid value for 'MODEL': it is empty"),
        (["calibrate", ""], "Invalid value for 'MODEL': it is empty"),
        (["tag", "x", ""], "Invalid value for '[FILES]...': it is empty; expected a path"),
        (["calibrate", "x", "--dev", ""], "Invalid value for '--dev': it is empty; expected a path"),
        (["tag-shards", "", "in", "out"], "Invalid value for 'MODEL': it is empty"),
        (["tag-shards", "x", "in", ""], "Invalid value for 'OUT': it is empty; expected a path"),
        (["tag-shards", "x", "in", "out", "more"], "unexpected extra argument (more)"),
        (["tag-shards", "x", "in", "out", "--master", "local[2]"], "--master belongs to --workers spark"),
    ],
)
def test_what_the_command_does_not_know_is_refused(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2 and message in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["tag", "--help"], ["tag"], ["tag", ""], ["tag", "gone"], ["info", "MODEL"]],
)
def test_what_computes_nothing_imports_no_torch(arguments: list[str], model: Path) -> None:
    script = "import sys; from ldnet.commands.main import main\nmain(standalone_mode=True)"
    guarded = (
        f"import atexit, sys\natexit.register(lambda: print('torch' in sys.modules, 'numba' in sys.modules))\n{script}"
    )
    command = [sys.executable, "-c", guarded, *(str(model) if word == "MODEL" else word for word in arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.stdout.splitlines()[-1] == "False False"


def test_what_an_extra_is_needed_for_says_which(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ldnet.extras.find_spec", lambda module: None)
    spark = CliRunner().invoke(main, ["tag-shards", "x", "in", str(tmp_path / "out"), "--workers", "spark"])
    assert spark.exit_code == 1 and spark.stderr.endswith("pip install 'ldnet[spark]'\n")
    registered = tag("models:/chunker@champion")
    assert registered.exit_code == 1
    assert registered.stderr == "Error: models:/chunker@champion needs mlflow: pip install 'ldnet[mlflow]'\n"


def test_commands_load_what_the_library_loads(model: Path) -> None:
    assert loaded_for_command(model, "int8").digest == load_model(model).digest


def test_the_first_use_says_that_it_compiles(model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("the cat\n")
    command = [sys.executable, "-m", "ldnet", "tag", str(model), str(tmp_path / "a.txt")]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    first, second = (subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True) for _ in "12")
    assert first.stderr.startswith(f"compiling inner loops for this machine (once; kept in {tmp_path / 'cache'}")
    assert (first.stderr.count("\n"), second.stderr) == (1, "") and first.stdout == second.stdout != ""


def test_the_distribution_installs_this_command() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    module, name = project["project"]["scripts"]["ldnet"].split(":")
    assert getattr(importlib.import_module(module), name) is main


@pytest.fixture
def process(model: Path) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "ldnet", "tag", str(model), "--tokenised", "--threads", "1"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    # In the background of a script, Ctrl-C is ignored, and children would inherit that; a handler they do not.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        started = subprocess.Popen(command, cwd=model.parent, env=environment, **pipes)  # type: ignore[call-overload]
    finally:
        signal.signal(signal.SIGINT, before)
    with started:
        yield started
        started.kill()


def streams(process: "subprocess.Popen[bytes]") -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    assert process.stdin and process.stdout and process.stderr
    return process.stdin, process.stdout, process.stderr


def test_results_come_while_the_input_is_open_and_ctrl_c_says_how_to_go_on(process: "subprocess.Popen[bytes]") -> None:
    given, taken, errors = streams(process)
    given.write(b"Paris\n\n")
    given.flush()
    assert taken.readline().startswith(b"Paris ") and taken.readline() == taken.readline() == b"\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    told = errors.read().decode()
    assert told == "\ninterrupted: all up to line 2 of <stdin> is written; `tail -n +3` gives the rest of it\n"


def test_a_reader_that_has_seen_enough_ends_it_quietly(process: "subprocess.Popen[bytes]") -> None:
    given, taken, errors = streams(process)
    given.write(b"Paris\n")
    given.flush()
    assert taken.readline().startswith(b"Paris ")
    taken.close()
    given.write(b"Rome\n")
    given.close()
    assert process.wait(timeout=30) == 0 and errors.read() == b""


@pytest.mark.parametrize("arguments", ["tag MODEL a.txt", "info MODEL", "tag --help", "--help", "--version"])
def test_a_reader_that_is_gone_ends_every_command_quietly(model: Path, arguments: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("the cat\n")
    command = [sys.executable, "-m", "ldnet", *arguments.replace("MODEL", str(model)).split()]
    reader, writer = os.pipe()
    os.close(reader)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("variable", "value"),
    [("NUMBA_NUM_THREADS", "0"), ("NUMBA_NUM_THREADS", "abc"), ("NUMBA_OPT", "9"), ("NUMBA_COLOR_SCHEME", "abc")],
)
@pytest.mark.parametrize("command", ["ldnet tag demo a.txt", "stages.evaluate --help"])
def test_a_variable_that_numba_refuses_is_named(command: str, variable: str, value: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("the cat\n")
    others = {name: given for name, given in os.environ.items() if not name.startswith("NUMBA_")}
    environment = {**others, "PYTHONPATH": str(ROOT), variable: value}
    run = [sys.executable, "-m", *command.split()]
    done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert done.stderr.startswith(f"Error: {variable}: numba refuses the environment: ")


def test_a_current_folder_that_is_gone_is_named() -> None:
    error = "FileNotFoundError(2, 'No such file or directory')"
    command = f"""
import click, os, tempfile
from ldnet.command_line import Command
@click.command(cls=Command)
def main(): raise {error}
gone = tempfile.mkdtemp()
os.chdir(gone)
os.rmdir(gone)
main([])
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", command], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("Error: the current folder has been removed; ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("tag MODEL <&-", "<stdin>: is closed; expected text in it, or files"),
        ("tag MODEL a.txt - <&-", "<stdin>: is closed; expected text in it, or files"),
        ("tag MODEL a.txt >&-", "standard output is closed; expected a place for it"),
        ("info MODEL >&-", "standard output is closed"),
        ("tag --help >&-", "standard output is closed"),
        ("--version >&-", "standard output is closed"),
        (
            "tag MODEL a.txt >/dev/full",
            "standard output: No space left on device; its first 0 lines are whole; nothing",
        ),
        ("info MODEL >/dev/full", "standard output: No space left on device; expected more space"),
        ("tag --help >/dev/full", "standard output: No space left on device; expected more space"),
        ("--version >/dev/full", "standard output: No space left on device; expected more space"),
    ],
)
def test_streams_that_are_closed_or_full_are_one_line(
    model: Path, arguments: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("the cat\n")
    command = f"{sys.executable} -m ldnet {arguments.replace('MODEL', str(model))}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.startswith("Error: ") and message in done.stderr


@pytest.mark.parametrize("words", ["a.txt >>a.txt", "a.txt >a.txt", "- <a.txt >>a.txt", "b.txt link 1<>a.txt"])
def test_a_file_that_the_output_goes_to_is_not_read(model: Path, words: str, tmp_path: Path) -> None:
    """Its tags would be read as text and tagged again, without an end."""
    (tmp_path / "a.txt").write_text("the cat\n" * 20_000)
    (tmp_path / "b.txt").write_text("the cat\n")
    (tmp_path / "link").symlink_to("a.txt")
    command = f"ulimit -f 2000; {sys.executable} -m ldnet tag {model} {words}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.endswith(": the output goes to this file, too; expected another one\n")


def test_closed_standard_error_keeps_nothing_from_being_tagged(model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("the cat\n")
    command = f"{sys.executable} -m ldnet tag {model} a.txt 2>&-"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("the ")


def test_a_disk_that_is_full_half_way_says_how_much_is_whole(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        def write(self, content: Any) -> int:
            if self.tell():
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(content)

    monkeypatch.setattr("ldnet.sentence_input.GROUP_SENTENCES", 2)
    monkeypatch.setattr("ldnet.command_line.discard_output", lambda *, err: None)
    full = io.TextIOWrapper(Full())
    monkeypatch.setattr("ldnet.commands.tag.sys.stdout", full)
    (tmp_path / "a.txt").write_text("a\nb\nc\n")
    message = (
        "standard output: No space left on device; its first 4 lines are whole; all up to line 2 of .*a.txt is "
        r"written; `tail -n \+3` gives the rest of it"
    )
    with pytest.raises(InputError, match=message):
        _tag_all(load_model(model), (str(tmp_path / "a.txt"),), text_reader(split_at_blanks, print), "conll", 1)
