"""As many processors as this process may run on."""

import os

import pytest

from ldnet.processors import processors


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not bind processes to processors")
def test_a_process_that_is_bound_counts_its_own_processors_only() -> None:
    all_of_them = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(all_of_them)})
        assert processors() == 1
    finally:
        os.sched_setaffinity(0, all_of_them)
    assert processors() == len(all_of_them)
