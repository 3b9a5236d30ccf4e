"""The command of a stage's script: its examples, and what a long one says when it is interrupted."""

import os
import socket
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ldnet.command_line import FILE, FOLDER
from ldnet.files import write_json
from stages import prepare_conll, pretrain_lm
from stages._run import StageCommand, params_option


@click.command(cls=StageCommand)
@params_option
def short(**_: object) -> None:
    """Be interrupted."""
    raise KeyboardInterrupt


def test_help_says_how_dvc_runs_it() -> None:
    told = CliRunner().invoke(short, ["--help"]).output
    assert told.endswith("Examples:\n  dvc repro test_run  # with the options that dvc.yaml has for it\n")
    assert "--dry-run" not in told


def test_a_long_stage_says_how_to_resume(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    assert "start the same command again" in CliRunner().invoke(short).stderr
    monkeypatch.setattr(pretrain_lm.main, "callback", interrupt)
    options = ["--direction", "forward", "--corpus", "a", "--out", "b", "--metrics", "c", "--curve", "d"]
    done = CliRunner().invoke(pretrain_lm.main, options)
    assert done.exit_code == 130 and "resumes at the last checkpoint" in done.stderr


def test_what_is_too_large_to_be_written_says_what_to_lower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(**_: object) -> None:
        write_json(tmp_path / "lexicon.json", "word")

    monkeypatch.setattr("ldnet.files.MOST_JSON_BYTES", 5)
    monkeypatch.setattr(prepare_conll.main, "callback", write)
    monkeypatch.setattr(short, "callback", write)
    found = f"Error: {tmp_path}/lexicon.json: not written: 7 bytes; a JSON file may have at most 5"
    done = CliRunner().invoke(prepare_conll.main, ["--raw", "a", "--out", "b", "--metrics", "c"])
    remedy = "lower prepare_conll.vector_rows (0 reads all rows of the word vectors)"
    assert (done.exit_code, done.stderr) == (1, f"{found}; {remedy}\n")
    assert CliRunner().invoke(short).stderr == f"{found}\n"


@click.command(cls=StageCommand)
@click.option("--corpus", type=FOLDER)
@click.option("--out", type=FILE)
def reading(**_: object) -> None:
    """Do nothing."""


def test_a_pipe_among_the_files_that_are_read_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "nowhere").symlink_to("not-there")
    options = ["--corpus", str(tmp_path / "in"), "--out", os.devnull]
    assert CliRunner().invoke(reading, options).exit_code == 0
    os.mkfifo(pipe := tmp_path / "in" / "deep" / "train.npy")
    done = CliRunner().invoke(reading, options)
    assert (done.exit_code, done.stderr) == (
        1,
        f"Error: {pipe}: is a named pipe; expected a file in its place, or nothing\n",
    )
    pipe.unlink()
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("in/b")
        assert "in/b: is a socket; expected" in CliRunner().invoke(reading, options).stderr
