"""Stage k of n and the time left, by hand, from lines as DVC prints them."""

import threading
from pathlib import Path

import pytest

from pipeline.experiments.stage_progress import SECONDS, StageProgress, keep_seconds, read_seconds

PLAN = {"lm@forward": "Reads.", "lm@backward": "Reads back.", "tagger": "Tags."}
GROUPS = [("lm@forward", "lm@backward")]
USUAL = {"lm@forward": 10.0, "lm@backward": 20.0, "tagger": 100.0}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_stages_are_counted_and_the_pace_so_far_is_kept() -> None:
    clock = Clock()
    progress = StageProgress(PLAN, GROUPS, USUAL, clock)
    assert progress.left() == 20 + 100  # a pair takes as long as its longer one
    forward, backward, rest = progress.reader(), progress.reader(), progress.reader()
    assert forward("Running stage 'lm@forward':") == "stage 1 of 3: lm@forward: Reads. (0 s so far, about 2 min left)"
    clock.now = 2
    assert str(backward("Running stage 'lm@backward':")).startswith(
        "stage 2 of 3: lm@backward: Reads back. (2 s so far"
    )
    assert progress.left() == 20 + 100
    clock.now = 20
    assert forward("Updating lock file 'dvc.lock'") is None
    assert progress.seconds == {"lm@forward": 20.0}  # twice as slow as usual, but a minute counts as at the usual pace
    assert progress.left() == pytest.approx((80 / 70 * 20 - 18) + 80 / 70 * 100)
    clock.now = 42
    backward("Generating lock file 'dvc.lock'")
    assert rest("Stage 'lm@forward' didn't change, skipping") is None  # it was counted when it ran
    assert rest("Running stage 'tagger':") == "stage 3 of 3: tagger: Tags. (42 s so far, about 2 min left)"
    clock.now = 1000
    assert progress.left() == 0  # longer than expected: never below nothing


def test_a_stage_may_end_while_the_time_left_is_counted() -> None:
    """Two listeners: one sees a stage end just when the other one goes through those that have ended."""

    class Meeting(dict[str, float]):
        """Usual times, at the first look at which, once a stage has ended, the other listener comes along."""

        other: threading.Thread | None = None

        def get(self, stage: str, default: float = 0.0) -> float:  # type: ignore[override]
            if self.other is None and progress.seconds:
                self.other = threading.Thread(target=backward, args=["Updating lock file 'dvc.lock'"])
                self.other.start()
                self.other.join(0.2)  # it has to wait for this one
            return super().get(stage, default)

    usual = Meeting(USUAL)
    progress = StageProgress(PLAN, GROUPS, usual, Clock())
    forward, backward = progress.reader(), progress.reader()
    forward("Running stage 'lm@forward':")
    backward("Running stage 'lm@backward':")
    forward("Updating lock file 'dvc.lock'")
    assert "about 2 min left" in str(forward("Running stage 'tagger':"))
    assert usual.other is not None
    usual.other.join()
    assert set(progress.seconds) == {"lm@forward", "lm@backward"}


def test_a_slow_start_does_not_stretch_hours_but_a_slow_hour_does() -> None:
    clock = Clock()
    progress = StageProgress(dict.fromkeys(("a", "b", "c"), ""), [], {"a": 2.0, "b": 3600.0, "c": 3600.0}, clock)
    read = progress.reader()
    read("Running stage 'a':")
    clock.now = 20
    read("Updating lock file 'dvc.lock'")
    assert 7200 < (progress.left() or 0) < 1.3 * 7200  # a took ten times as long as usual
    read("Running stage 'b':")
    clock.now += 7200
    read("Updating lock file 'dvc.lock'")
    assert 1.95 * 3600 < (progress.left() or 0) < 2.05 * 3600


def test_a_stage_that_made_the_same_again_is_timed() -> None:
    clock = Clock()
    progress = StageProgress(PLAN, GROUPS, USUAL, clock)
    read = progress.reader()
    read("Running stage 'lm@forward':")
    clock.now = 5
    read("Running stage 'tagger':")  # without "Updating lock file" before it
    clock.now = 7
    read("ERROR: failed to reproduce 'tagger': failed to run")
    assert progress.seconds == {"lm@forward": 5.0}


def test_what_was_there_already_takes_no_time() -> None:
    progress = StageProgress(PLAN, GROUPS, USUAL, Clock())
    read = progress.reader()
    line = "Stage 'lm@backward' is cached - skipping run, checking out outputs"
    assert read(line) == "stage 1 of 3: lm@backward: comes from DVC's cache"
    assert progress.left() == 10 + 100 and progress.seconds == {}
    assert read("Stage 'tagger' didn't change, skipping") == "stage 2 of 3: tagger: is up to date"
    assert progress.left() == 10


def test_without_earlier_times_none_are_told() -> None:
    progress = StageProgress(PLAN, GROUPS, {}, Clock())
    assert progress.left() is None
    assert "(0 s so far, time left not known)" in str(progress.reader()("Running stage 'tagger':"))


def test_no_time_is_told_where_a_stage_that_is_left_was_never_timed() -> None:
    """After a kill, the times of the stages before it are known."""
    known = dict.fromkeys(list(PLAN)[:-1], 5.0)
    assert StageProgress(PLAN, GROUPS, known, Clock()).left() is None


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("", False),
        ("> python -m stages.select --conll work/conll", False),
        ("To track the changes with git, run:", False),
        ("\tgit add dvc.lock", False),
        ("Use `dvc push` to send your updates to remote storage.", False),
        ("pruned: test F1 93.5", True),
        ("ERROR: failed to reproduce 'select': failed to run", True),
        ("Running stage 'other':", True),  # of another pipeline
        ("Stage 'other' didn't change, skipping", False),
    ],
)
def test_what_stages_say_is_shown_and_what_dvc_adds_is_not(line: str, shown: bool) -> None:
    assert StageProgress(PLAN, GROUPS, USUAL, Clock()).reader()(line) == (line if shown else None)


def test_the_last_times_here_come_before_the_published_ones(tmp_path: Path) -> None:
    work, results = tmp_path / "work", tmp_path / "results"
    assert read_seconds(work, results, "demo") == {}
    (results / "demo").mkdir(parents=True)
    (results / "demo" / SECONDS).write_text('{"a": 1.5, "d": 5.0}', encoding="utf-8")
    assert read_seconds(work, results, "demo") == {"a": 1.5, "d": 5.0}
    keep_seconds(work, "demo", {"a": 3.0, "b": 4.0})
    keep_seconds(work, "demo", {"a": 2.0})
    keep_seconds(work, "mine", {"c": 9.0})
    assert read_seconds(work, results, "demo") == {"a": 2.0, "b": 4.0, "d": 5.0}
    assert read_seconds(work, results, "mine") == {"c": 9.0}


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"demo": 3}', '{"demo": {"b": "x", "c": -1, "d": true}}', "\x00"])
def test_a_damaged_file_of_times_is_none(content: str, tmp_path: Path) -> None:
    (tmp_path / SECONDS).write_text(content, encoding="utf-8")
    assert read_seconds(tmp_path, tmp_path, "demo") == {}
    keep_seconds(tmp_path, "demo", {"a": 1.0})
    assert read_seconds(tmp_path, tmp_path, "demo") == {"a": 1.0}
