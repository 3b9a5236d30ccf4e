"""What may happen to a stage: signals, a full disk, a folder that cannot be written to; and how it ends."""

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SECONDS = 3600.0  # the longest that a stage or all of them may take
# The longest that processes may outlive a command.
LINGERING = 8.0


@dataclass(frozen=True)
class Ending:
    """How a process ended and what it said."""

    status: int
    said: str

    @property
    def is_one_line(self) -> bool:
        """Whether an error is one line for a user, or none."""
        errors = [line for line in self.said.splitlines() if line.startswith("Error: ")]
        return "Traceback (most recent call last)" not in self.said and len(errors) <= 1


Fault = Callable[["subprocess.Popen[str]", Path], Ending]


def kill(process: "subprocess.Popen[str]", workspace: Path) -> Ending:
    """kill -9 of one process: its workers are to end by themselves."""
    process.kill()
    return wait(process)


def kill_group(process: "subprocess.Popen[str]", workspace: Path) -> Ending:
    """kill -9 of a process and all of its group."""
    os.killpg(process.pid, signal.SIGKILL)
    return wait(process)


def terminate(process: "subprocess.Popen[str]", workspace: Path) -> Ending:
    """SIGTERM, as batch systems send it."""
    process.terminate()
    return wait(process)


def full_disk(process: "subprocess.Popen[str]", workspace: Path) -> Ending:
    """A disk without space until the process has ended; where it is not one of its own, no file may grow."""
    if not workspace.is_mount():
        for number in members(process.pid):
            resource.prlimit(number, resource.RLIMIT_FSIZE, (0, 0))
        return wait(process)
    filler = workspace / "filler"
    with filler.open("wb") as file:
        try:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        except OSError:
            pass
    try:
        return wait(process)
    finally:
        filler.unlink()


def read_only_folder(process: "subprocess.Popen[str]", workspace: Path) -> Ending:
    """A folder of checkpoints that cannot be written to until the process has ended."""
    folder = workspace / ".checkpoints"
    folder.mkdir(exist_ok=True)
    if os.geteuid() == 0:  # modes do not bind root
        mounted(["--bind", str(folder), str(folder)])
        try:
            while not _made_read_only(folder) and process.poll() is None:  # busy while a file in it is being written
                time.sleep(0.001)
            return wait(process)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(0o555)
    try:
        return wait(process)
    finally:
        for path in folders:
            path.chmod(0o755)


def _made_read_only(folder: Path) -> bool:
    """Whether a mounted folder could be made read-only."""
    return subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], capture_output=True).returncode == 0


SIGNALS: dict[str, Fault] = {"kill -9": kill, "kill -9 of the group": kill_group, "SIGTERM": terminate}
FAULTS: dict[str, Fault] = {**SIGNALS, "full disk": full_disk, "read-only folder": read_only_folder}


def wait(process: "subprocess.Popen[str]") -> Ending:
    """How the process ends, with all that writes where it does. Raises TimeoutExpired, and kills it, if it does not."""
    try:
        said, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return Ending(process.returncode, said)


def members(group: int) -> list[int]:
    """The processes of a process group."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        except OSError:  # it has ended
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def running_in(folder: Path) -> list[int]:
    """The processes whose working folder is this one or lies in it, besides this process."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            inside = (path / "cwd").readlink().is_relative_to(folder)
            state = (path / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if inside and state != "Z" and int(path.name) != os.getpid():
            found.append(int(path.name))
    return found


def lingering(folder: Path, seconds: float = LINGERING) -> list[str]:
    """The commands of processes in the folder that have not ended in time."""
    deadline = time.monotonic() + seconds
    while running_in(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    return [_command(number) for number in running_in(folder)]


def _command(number: int) -> str:
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:120].strip()
    except OSError:
        return "one that has just ended"


@contextmanager
def own_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """A small disk of its own for the folder, where that is allowed: whether it is."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        mounted(["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)])
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def mounted(arguments: list[str]) -> None:
    """Mount something. Raises OSError where that is not allowed."""
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise OSError(done.stderr.strip())
