"""Same seed, same machine, same threads: the same bits."""

import random

import numpy as np
import torch


def set_up(seed: int, threads: int) -> None:
    """Seed Python, NumPy and torch, fix the number of threads, and refuse non-deterministic kernels."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
