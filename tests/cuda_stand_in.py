"""A GPU that is the CPU: what CUDA is asked for beside computing does nothing; steps are taken instead of recorded."""

import contextlib
from typing import Any

import pytest
import torch

from pipeline.gpu_pretraining.static_steps import WARM_UP_STEPS, StaticStep


class Stream:
    """What runs at once needs no order."""


def take_instead_of_recording(step: StaticStep, _: Any) -> None:
    """`StaticStep.record` without a graph."""
    for _ in range(WARM_UP_STEPS):
        step.step()
    step.forget()


def use_cpu_as_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA's calls on the CPU."""
    random_numbers = torch.rand
    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda _: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "CPU")
    monkeypatch.setattr(torch.Tensor, "cuda", lambda tensor: tensor)
    monkeypatch.setattr(torch.nn.Module, "cuda", lambda module: module)
    monkeypatch.setattr(torch, "rand", lambda *shape, device=None: random_numbers(*shape))
    monkeypatch.setattr(StaticStep, "record", take_instead_of_recording)
