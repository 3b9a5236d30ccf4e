"""How many processors there are to use."""

import os


def processors() -> int:
    """How many processors this process may run on: all, unless it has been bound to some of them."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
