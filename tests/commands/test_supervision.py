"""Commands run side by side, and none is left behind when one fails or this process is stopped."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from commands import guard
from commands.supervision import Reader, run_side_by_side
from tests.imports import ROOT

# Starts a child of its own, as DVC does, which tells its process id in a file and sleeps.
PARENT = "echo > {0}.started; sh -c 'echo $$ > {0}; sleep 60' & wait"


def wait_for(path: Path) -> int:
    """The process id that the file tells, once it does."""
    deadline = time.monotonic() + 10
    while not (path.exists() and path.read_text(encoding="utf-8").strip()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(path.read_text(encoding="utf-8"))


def is_alive(process: int) -> bool:
    """Whether the process is there and not a zombie."""
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"


def ends(process: int) -> bool:
    """Whether the process ends within a few seconds."""
    deadline = time.monotonic() + 5
    while is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(process)


def test_commands_run_at_the_same_time(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    # Each waits for the other's file: one after the other, they would wait for ever.
    wait = "echo > {0}; for i in $(seq 200); do test -e {1} && exit 0; sleep 0.05; done; exit 1"
    run_side_by_side([["sh", "-c", wait.format(one, other)], ["sh", "-c", wait.format(other, one)]])
    assert one.exists() and other.exists()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's process table")
def test_a_failure_is_told_and_stops_the_others(tmp_path: Path) -> None:
    other = tmp_path / "other"
    fail = f"until test -s {other}; do sleep 0.02; done; exit 3"
    with pytest.raises(click.ClickException, match="failed: sh -c until"):
        run_side_by_side([["sh", "-c", PARENT.format(other)], ["sh", "-c", fail]])
    assert ends(wait_for(other))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's process table")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_process_survives_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    """A stand-in for dvc starts a child; make sends signals twice, and so does this test."""
    (tmp_path / "dvc").write_text(f'#!/bin/sh\ntest "$2" = status && exit 1\n{PARENT.format(tmp_path / "child")}\n')
    (tmp_path / "dvc").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    run = [sys.executable, "-m", "commands.reproduce"]
    (tmp_path / "params.yaml").write_text((ROOT / "profiles/base.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    process = subprocess.Popen(run, cwd=tmp_path, env={**environment, "PYTHONPATH": str(ROOT)})
    child = wait_for(tmp_path / "child")
    process.send_signal(number)
    process.send_signal(number)
    assert process.wait(timeout=10) == 128 + number
    assert ends(child)


STARTER = "from commands.supervision import run_side_by_side; run_side_by_side([['sh', '-c', {0!r}]])"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's process table")
@pytest.mark.parametrize("stubborn", ["", "trap : TERM; "])
def test_no_process_survives_a_kill(tmp_path: Path, stubborn: str) -> None:
    """kill -9 leaves no time to clean up; what ignores SIGTERM is killed as well."""
    child = f"{stubborn}sh -c 'echo $$ > {tmp_path / 'child'}; {stubborn}while :; do sleep 1; done' & wait; wait"
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER.format(child)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    number = wait_for(tmp_path / "child")
    process.kill()
    _, said = process.communicate(timeout=20)  # until all that write there are gone
    assert ends(number) and "ended, since what had started it was killed" in said


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's process table")
def test_what_a_killed_command_has_started_is_ended(tmp_path: Path) -> None:
    """As where the system kills dvc alone, for memory."""
    with pytest.raises(click.ClickException, match="failed: sh -c"):
        run_side_by_side([["sh", "-c", f"sh -c 'echo $$ > {tmp_path / 'child'}; sleep 60' & sleep 0.5; kill -9 $$"]])
    assert ends(wait_for(tmp_path / "child"))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's process table")
def test_nothing_goes_on_when_make_alone_is_killed(tmp_path: Path) -> None:
    code = STARTER.format(PARENT.format(tmp_path / "child"))
    (tmp_path / "code.py").write_text(code)
    (tmp_path / "Makefile").write_text(f"all:\n\t@{sys.executable} code.py\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MAKEFLAGS": ""}
    make = subprocess.Popen(["make"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    number = wait_for(tmp_path / "child")
    make.kill()
    _, said = make.communicate(timeout=20)
    assert not is_alive(number) and "make was killed" in said


def test_a_program_that_is_not_there_is_named_before_any_begins(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="'no-such-program'"):
        run_side_by_side([["touch", str(tmp_path / "begun")], ["no-such-program", "x"]])
    assert not list(tmp_path.iterdir())


def test_a_status_reaches_the_caller(tmp_path: Path) -> None:
    run = [sys.executable, "-I", guard.__file__]
    for script, status in (("exit 3", 3), ("kill -15 $$", 143), ("exit 0", 0)):
        lifeline, held = os.pipe()
        done = subprocess.run([*run, str(lifeline), "sh", "-c", script], pass_fds=[lifeline], start_new_session=True)
        assert done.returncode == status
        os.close(lifeline)
        os.close(held)


def test_lines_are_replaced_while_they_come(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each command has a reader of its own; what goes to stderr stays as it is."""

    def reader() -> Reader:
        seen: list[str] = []

        def read(line: str) -> str | None:
            seen.append(line)
            return None if line == "hidden" else f"{len(seen)} {line}"

        return read

    wait = f"until test -e {tmp_path / 'go'}; do sleep 0.02; done"
    run_side_by_side(
        [["sh", "-c", f"echo hidden; echo a; echo b >&2; touch {tmp_path / 'go'}"], ["sh", "-c", f"{wait}; echo c"]],
        reader,
    )
    out, err = capfd.readouterr()
    assert sorted(out.splitlines()) == ["1 c", "2 a"] and err == "b\n"


def test_a_reader_that_went_away_does_not_stop_the_stages(tmp_path: Path) -> None:
    """As with `make repro | head -n 1`: far more lines than a pipe holds."""
    code = f"""
from commands.supervision import run_side_by_side
run_side_by_side([["sh", "-c", "seq 100000; echo > {tmp_path / "done"}"]], lambda: lambda line: line)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"1\n"
    process.wait(timeout=60)
    assert (tmp_path / "done").exists()
