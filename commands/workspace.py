"""One command at a time changes a workspace: a second one is refused, and its line names the first."""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click
import psutil

from ldnet.command_line import Command, echo
from ldnet.errors import InputError
from pipeline.yaml_text import lock_remedy, read_lock

LOCK = Path(".dvc/tmp/command.lock")
EXPERIMENTS = Path(".dvc/tmp/exps")
RUNNING_EXPERIMENT = EXPERIMENTS / "run/workspace/workspace.json"  # where `dvc exp run` notes its process
EXPERIMENT_HEAD = "refs/exps/exec/EXEC_HEAD"  # the commit that an experiment of DVC in the workspace started from
CONFLICT = b"<<<<<<< "
LOOK_AGAIN_SECONDS = 1.0  # before a file of DVC is taken for damaged: another process may be writing it just now


class WorkspaceCommand(Command):
    """A command that changes outputs, parameters or pages, and has the workspace for itself until it ends.

    Without this, the stages of two commands would stop each other, or one would read what the other is writing. The
    option --check writes nothing, so it may run beside any command. The context's object is the open lock.
    """

    def run(self, context: click.Context) -> Any:
        """What the command does. Raises InputError if another one has the workspace."""
        if context.params.get("check"):
            return super().run(context)
        LOCK.parent.mkdir(parents=True, exist_ok=True)
        with LOCK.open("a+", encoding="utf-8") as lock:  # closing it, as the end of the process does, ends the lock
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _busy(_noted(LOCK)) from None
            experiment = _noted(RUNNING_EXPERIMENT)
            if _is_dvc(experiment.get("pid", -1)):
                raise _busy({"command": "dvc exp run", **experiment})
            back_on_branch(_noted(LOCK).get("branch", ""))
            _note(lock, {"command": context.command_path, "pid": os.getpid()})
            mend_what_a_kill_left(Path())
            context.obj = lock
            return super().run(context)


def note_branch(lock: IO[str]) -> str:
    """The branch that git is on, '' for none; it is noted in the lock, for the command that comes after a kill."""
    branch = _git("symbolic-ref", "--quiet", "HEAD")
    _note(lock, {**_noted(LOCK), "branch": branch})
    return branch


def back_on_branch(branch: str) -> None:
    """Bring git back to the branch, off which an experiment of DVC that was killed has left it; say so."""
    if branch and (head := _git("rev-parse", "--verify", "--quiet", EXPERIMENT_HEAD)) == _git("rev-parse", "HEAD"):
        if head == _git("rev-parse", "--verify", "--quiet", branch) and not _git("symbolic-ref", "--quiet", "HEAD"):
            _git("symbolic-ref", "HEAD", branch)
            echo(f"git is back on {branch.removeprefix('refs/heads/')}, off which a killed try had left it", err=True)
        for name in _git("for-each-ref", "--format=%(refname)", f"{EXPERIMENT_HEAD.rpartition('/')[0]}/").split():
            _git("update-ref", "-d", name)


def _git(*arguments: str) -> str:
    """What git says, '' where it fails or is not there."""
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def _note(lock: IO[str], noted: dict[str, Any]) -> None:
    lock.truncate(0)
    lock.write(json.dumps(noted))
    lock.flush()


@contextmanager
def without_experiments() -> Iterator[None]:
    """Keep `dvc exp run` out while stages run here: it puts edits and metrics aside, and sets parameters of its own.

    DVC itself refuses it then, and names this process. Raises InputError if one has just begun.
    """
    from dvc.fs import localfs  # takes a quarter of a second
    from dvc.lock import LockError
    from dvc.rwlock import rwlock

    EXPERIMENTS.mkdir(parents=True, exist_ok=True)
    _forget_killed(EXPERIMENTS / "rwlock")
    try:
        with rwlock(str(EXPERIMENTS), localfs, " ".join(sys.argv), [], ["workspace"], False):
            yield
    except LockError:
        raise _busy({"command": "dvc exp run"}) from None


def mend_what_a_kill_left(folder: Path) -> None:
    """Remove DVC's files in the repository `folder` that it writes in place and cannot read where a kill or a full disk
    has cut them short; say so. Nothing is lost: finished stages come back from DVC's cache.

    Raises InputError for a dvc.lock that cannot be read though it is whole, as after a merge with conflicts.
    """
    locks = (folder / ".dvc/tmp/rwlock", folder / EXPERIMENTS / "rwlock")
    for path, readable in (*((lock, _is_json) for lock in locks), (folder / "dvc.lock", _is_lock)):
        if path.exists() and not readable(path):
            time.sleep(LOOK_AGAIN_SECONDS)
            if path.exists() and not readable(path):
                if path.name == "dvc.lock":
                    _check_is_cut(path)
                path.unlink()
                echo(f"{path}: cut short by a kill or a full disk; removed", err=True)


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def _is_lock(path: Path) -> bool:
    try:
        read_lock(path)
    except InputError:
        return False
    return path.stat().st_size > 0


def _check_is_cut(path: Path) -> None:
    """Raise InputError if a dvc.lock ends as a whole one does, so that neither a kill nor a full disk made it so."""
    content = path.read_bytes()
    if not content.endswith(b"\n") or b"\0" in content:
        return
    marks = [number for number, line in enumerate(content.splitlines(), 1) if line.startswith(CONFLICT)]
    if marks:
        raise InputError(f"{path}:{marks[0]}: marks of a merge conflict; {lock_remedy(path)}")
    read_lock(path)


def _forget_killed(rwlock: Path) -> None:
    """Take out of DVC's file who keeps experiments out, unless it is DVC: else a command that was killed, for this one
    has the workspace. DVC would take any process that got its number for it."""
    noted = _noted(rwlock)
    holder = noted.get("write", {}).pop("workspace", None)
    if holder and not _is_dvc(holder["pid"]):
        rwlock.write_text(json.dumps(noted), encoding="utf-8")


def _noted(path: Path) -> dict[str, Any]:
    """What a process has noted of itself: its number as `pid`, perhaps its command. {} where it has not yet."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _is_dvc(process: int) -> bool:
    """Whether this process is alive and DVC: its number may have gone to another one."""
    try:
        return "exp" in psutil.Process(process).cmdline()
    except (psutil.Error, ValueError):
        return False


def _busy(holder: dict[str, Any]) -> InputError:
    """Who has the workspace, and what to do about it. A kill would leave git in the middle of an experiment of DVC."""
    command = f"`{holder['command']}`" if "command" in holder else "another command"
    process = f" (process {holder['pid']})" if "pid" in holder else ""
    remedy = "wait until it has ended, or end it by Ctrl-C where it runs, then run the same command again"
    return InputError(f"{command} is running in this workspace{process}; {remedy}")
