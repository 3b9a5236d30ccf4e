"""The process beside a stage that writes its run to MLflow, so that the stage never waits while it computes.

It reads messages from standard input, a JSON object a line, and answers on standard output in the same form. What an
outage keeps from being written is tried again later, and twice at the end of the messages. If they end without a
last word, the stage was killed, and so is its run.
"""

import json
import os
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.tracking_store import Measured, RunWriter, TrackingError, within

FLUSH_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 300.0
AGAIN_SECONDS = 3.0  # after which the last word is tried once more
GRACE_SECONDS = 5.0  # after the stage has stopped waiting
BLOCK = 1 << 16


class Sender:
    """What is still to be written, in order. `say` gets the answers for the stage."""

    def __init__(self, limit: float, say: Callable[[Mapping[str, Any]], None]) -> None:
        """`limit` is the longest that one call to MLflow may take, in seconds."""
        self._limit, self._say = limit, say
        self._run: RunWriter
        self._calls: deque[Callable[[], Any]] = deque()
        self._values: list[Measured] = []
        self._pause = FLUSH_SECONDS
        self._finished = False

    @property
    def has_work(self) -> bool:
        """Whether something is to be written before the last word has come, which is followed by `end` at once."""
        return bool(self._calls or self._values) and not self._finished

    def take(self, message: Mapping[str, Any]) -> None:
        """Note what is to be done."""
        if "values" in message:
            self._values += [(name, value, message["time"], message["step"]) for name, value in message["values"]]
            return
        self._put_values()
        match message:
            case {"begin": given}:
                self._calls.append(partial(self._begin, given))
            case {"artifact": path}:
                self._calls.append(lambda: self._run.artifact(Path(path)))
            case {"table": name, "content": content}:
                self._calls.append(lambda: self._run.table(name, content))
            case {"outs": outs, "note": note}:
                self._calls.append(lambda: self._run.describe(outs, note))
            case {"view": state, "time": now}:
                self._calls.append(lambda: self._run.view(state, now))
            case {"finish": status, "tags": tags}:
                self._calls.append(lambda: self._run.finish(status, tags))
                self._finished = True

    def send(self) -> float:
        """Write what there is to write, as far as that succeeds. Returns the seconds after which to call this again."""
        self._put_values()
        if problem := self._write():
            self._say({"problem": problem})
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        else:
            self._pause = FLUSH_SECONDS
        return self._pause

    def end(self) -> None:
        """No message follows: write the rest, and say whether all is written."""
        if not self._finished:
            self.take({"finish": "KILLED", "tags": {}})
        began = time.monotonic()
        problem = self._write()
        if problem and time.monotonic() - began < self._limit / 2:
            # Nobody would write the run's end later: a server that starts again must not leave the run RUNNING.
            time.sleep(AGAIN_SECONDS)
            problem = self._write()
        self._say({"problem": problem} if problem else {"sent": True})

    def _write(self) -> str | None:
        """Write what waits, in order, up to the first call that fails. Returns why it failed, in one line."""
        try:
            while self._calls:
                within(self._limit, self._calls[0])
                self._calls.popleft()
        except TrackingError as error:
            return str(error)
        return None

    def _put_values(self) -> None:
        if self._values:
            values, self._values = self._values, []
            self._calls.append(lambda: self._run.metrics(values))

    def _begin(self, given: Mapping[str, Any]) -> None:
        if not hasattr(self, "_run"):
            self._run = RunWriter(**given)
        if closed := self._run.begin():
            self._say({"closed": closed})


def main() -> None:
    """Serve the stage that has started this process; the argument is the longest that it waits at its end (seconds)."""
    # The stage's own end says when this process ends. A signal to the process group, such as Ctrl-C, is for the stage.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    limit = float(sys.argv[1])
    answers = os.dup(1)
    os.dup2(2, 1)  # what MLflow prints is no answer

    def say(answer: Mapping[str, Any]) -> None:
        with suppress(OSError):  # the stage is gone
            os.write(answers, f"{json.dumps(answer)}\n".encode())

    sender = Sender(limit, say)
    for message in _messages(sender):
        sender.take(message)
    signal.setitimer(signal.ITIMER_REAL, limit + GRACE_SECONDS)  # ends this process, should the stage be gone
    sender.end()
    os._exit(0)  # not waiting for calls that hang


def _messages(sender: Sender) -> Iterator[Any]:
    """The messages until the end of standard input. In between, what is there is sent every few seconds."""
    rest, due = b"", 0.0
    while True:
        wait = max(0.0, due - time.monotonic()) if sender.has_work else None
        ready, _, _ = select.select([0], [], [], wait)
        if ready:
            block = os.read(0, BLOCK)
            *lines, rest = (rest + block).split(b"\n")
            yield from map(json.loads, lines)
            if not block:
                return
        if sender.has_work and time.monotonic() >= due:
            due = time.monotonic() + sender.send()


if __name__ == "__main__":
    main()
