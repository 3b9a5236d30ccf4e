"""A few rounds of `make torture`, on the golden run."""

from pathlib import Path

import pytest

from tests.golden.outcome import GoldenRun
from tests.golden.running import load_stages
from tests.torture.faults import own_disk
from tests.torture.project import SAME
from tests.torture.rounds import STAGES, Torture

DISK_MEGABYTES = 300


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pygtrie", "ignore:_NoneStep:DeprecationWarning")  # in DVC
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes in Linux's process table")
def test_three_rounds_end_with_the_same_bytes(golden_run: GoldenRun, tmp_path: Path) -> None:
    reference = golden_run.folder / "main"
    with own_disk(tmp_path / "disk", DISK_MEGABYTES):
        rounds = list(Torture(reference, load_stages(reference), tmp_path / "disk", 1).rounds(3, STAGES))
    assert [done.outcome for done in rounds] == [SAME] * 3, rounds
