"""Run a command, and end it and all that it started as soon as whoever started this is gone, even by a kill.

The starter holds one end of a pipe and names the other: when the starter ends, in whatever way, reading from it does.
This is the first process of its group, which is ended whole. It needs Python alone, so that it starts at once.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

PATIENCE = 5.0  # seconds between asking a group to end and ending it


def main(lifeline: int, command: Sequence[str]) -> int:
    """The exit status of the command, as a shell has it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave_it_to_the_command)
    process, gone = subprocess.Popen(command), threading.Event()

    def wait_for_starter() -> None:
        os.read(lifeline, 1)
        gone.set()
        print(f"{' '.join(command)}: ended, since what had started it was killed", file=sys.stderr, flush=True)
        os.killpg(0, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.2)  # for what the command's own processes do when it ends
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait_for_starter, daemon=True).start()
    status = process.wait()
    if status < 0:
        os.killpg(0, signal.SIGTERM)  # a killed command has not ended its own processes
    while gone.is_set():
        time.sleep(PATIENCE)
    return 128 - status if status < 0 else status


def _leave_it_to_the_command(*_: object) -> None:
    """Signals reach the whole group. A handler, unlike ignoring, is not inherited by the command."""


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
