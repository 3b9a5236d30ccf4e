"""Where a run of the experiment stands: stage k of n, and about how much time is left, from what `dvc repro` prints."""

import re
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from ldnet.errors import InputError
from ldnet.files import read_json, write_json
from pipeline.durations import duration

PRIOR_SECONDS = 60.0  # at the usual pace, before any: else a first stage on a cold disk would stretch all others
SECONDS = "stage_seconds.json"  # by profile, in work/; of one profile, in its folder of published results
NEWS = re.compile(r"(?:Running stage '(?P<runs>[^']+)':|Stage '(?P<kept>[^']+)' (?:is cached|didn't change).*)")
WRITTEN = ("Updating lock file", "Generating lock file")  # after each stage that ran
# What DVC says besides: commands, which dvc.yaml has, and advice that does not fit here.
CHATTER = re.compile(
    r"|> .*|\t?git add .*|\tdvc config .*|To track the changes with git.*|To enable auto staging.*|Use `dvc push`.*"
    r"|Data and pipelines are up to date\.|(?:Updating|Generating) lock file 'dvc.lock'"
)


class StageProgress:
    """Counts the stages of a plan while they run. Seconds are of wall time; `usual` has those of an earlier run.

    A thread for each `dvc repro` may read what that one prints.
    """

    def __init__(
        self,
        plan: Mapping[str, str],
        groups: Sequence[Collection[str]],
        usual: Mapping[str, float],
        clock: Callable[[], float] = time.monotonic,
    ):
        """`plan` has the descriptions of the stages to run, in no order; the stages of a group run side by side."""
        self._plan, self._usual, self._clock = plan, usual, clock
        together = {stage: number for number, group in enumerate(groups) for stage in group}
        self._group = {stage: together.get(stage, len(groups) + index) for index, stage in enumerate(plan)}
        self._begun: dict[str, float] = {}
        self._counted: set[str] = set()
        self._start = clock()
        self._lock = threading.Lock()
        self.seconds: dict[str, float] = {}  # of stages that ran to their end

    def reader(self) -> Callable[[str], str | None]:
        """What turns a line that one `dvc repro` prints into the line to show, or None to show nothing."""
        running: list[str] = []

        def read(line: str) -> str | None:
            with self._lock:
                return self._shown(line, running)

        return read

    def _shown(self, line: str, running: list[str]) -> str | None:
        """The line to show for one that a `dvc repro` prints; `running` is kept to have the stage that it runs."""
        news = NEWS.fullmatch(line)
        if running and (line.startswith(WRITTEN) or news):  # DVC writes nothing of a stage that made the same again
            self._end(running.pop())
        if news is None:
            return None if CHATTER.fullmatch(line) else line
        stage = news["runs"] or news["kept"]
        if news["runs"]:
            running[:] = [stage]
            self._begun[stage] = self._clock()
        if stage in self._counted or stage not in self._plan:
            return line if news["runs"] and stage not in self._plan else None
        self._counted.add(stage)
        kept = "comes from DVC's cache" if "is cached" in line else "is up to date"
        what = self._told(stage) if news["runs"] else kept
        return f"stage {len(self._counted)} of {len(self._plan)}: {stage}: {what}"

    def _told(self, stage: str) -> str:
        """What the stage does, and the time since the start and to the end."""
        since, left = self._clock() - self._start, self.left()
        ahead = "time left not known" if left is None else f"about {duration(left)} left"
        return f"{self._plan[stage]} ({duration(since)} so far, {ahead})"

    def _end(self, stage: str) -> None:
        self.seconds[stage] = round(self._clock() - self._begun[stage], 1)

    def left(self) -> float | None:
        """The seconds until all stages are done at the pace so far; None if one that is left was not timed before.

        Stages of a group count as long as the longest of them.
        """
        done = [stage for stage in self.seconds if self._usual.get(stage, 0) > 0]
        usual = sum(self._usual[stage] for stage in done)
        pace = (PRIOR_SECONDS + sum(self.seconds[stage] for stage in done)) / (PRIOR_SECONDS + usual)
        longest: dict[int, float] = {}
        for stage in self._plan:
            if stage in self.seconds or (stage in self._counted and stage not in self._begun):
                continue
            if stage not in self._usual:
                return None
            passed = self._clock() - self._begun[stage] if stage in self._begun else 0.0
            ahead = max(0.0, pace * self._usual[stage] - passed)
            longest[self._group[stage]] = max(ahead, longest.get(self._group[stage], 0.0))
        return sum(longest.values())


def read_seconds(work: Path, results: Path, profile: str) -> dict[str, float]:
    """The seconds of each stage's last run here, or else of the published one; {} where none can be read."""
    try:
        here = read_json(work / SECONDS).get(profile, {}) if (work / SECONDS).exists() else {}
        published = results / profile / SECONDS
        seconds = {**(read_json(published) if published.exists() else {}), **here}
        return {stage: float(value) for stage, value in seconds.items() if type(value) in (int, float) and value >= 0}
    except (InputError, AttributeError, TypeError, ValueError):
        return {}


def keep_seconds(work: Path, profile: str, seconds: Mapping[str, float]) -> None:
    """Add the seconds of a run here to what earlier runs left; a file that cannot be read is replaced."""
    try:
        known = dict(read_json(work / SECONDS))
        before = dict(known.get(profile, {}))
    except (InputError, TypeError, ValueError):
        known, before = {}, {}
    write_json(work / SECONDS, {**known, profile: {**before, **seconds}})
