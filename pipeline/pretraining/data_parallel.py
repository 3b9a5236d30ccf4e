"""Data-parallel training: several processes, of one machine or many, with the same weights and a share of the streams.

`torchrun` starts the processes. Each computes the gradient of its own streams; DistributedDataParallel averages the
gradients before they are used, so all processes take the same step. Started without torchrun there is one process,
and nothing here does anything. All seed alike, so they draw the same numbers for dropout: a layer that is dropped is
dropped for the whole batch. CPUs talk through gloo, GPUs (one a process) through NCCL.
"""

import os
import warnings
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from ldnet.errors import InputError


@dataclass(frozen=True)
class Workers:
    """The processes that train together, seen from one of them: its rank (from 0), their number, its device."""

    rank: int
    size: int
    device: torch.device

    def share(self, streams: int) -> slice:
        """The streams of this process. Raises InputError if the processes cannot have equally many."""
        if streams % self.size:
            raise InputError(
                f"pretrain_lm.streams: {streams} streams cannot be shared equally by {self.size} processes"
            )
        mine = streams // self.size
        return slice(self.rank * mine, (self.rank + 1) * mine)

    def replicate(self, model: nn.Module) -> nn.Module:
        """The model, starting from the first process's weights, whose backward pass leaves the averaged gradient."""
        if self.size == 1:
            return model
        # A tail of the softmax may have targets in some processes alone. That search also keeps the order in which
        # gradients are summed the same from start to end, which a resumed training relies on.
        return DistributedDataParallel(model, find_unused_parameters=True)

    def mean(self, value: Tensor) -> Tensor:
        """The mean of the processes' values (scalars)."""
        if self.size == 1:
            return value
        total = value.double()
        distributed.all_reduce(total)
        return (total / self.size).to(value.dtype)

    def gather(self, tensor: Tensor, dimension: int) -> Tensor:
        """The processes' tensors, all of one shape, one after the other along `dimension`."""
        if self.size == 1:
            return tensor
        content = tensor.to(self.device).contiguous().view(torch.uint8)  # bytes, since gloo does not know all types
        parts = [torch.empty_like(content) for _ in range(self.size)]
        distributed.all_gather(parts, content)
        return torch.cat([part.view(tensor.dtype) for part in parts], dimension)

    def broadcast(self, content: bytes) -> bytes:
        """What the first process has; only there `content` matters."""
        if self.size == 1:
            return content
        length = torch.tensor([len(content)], device=self.device)
        distributed.broadcast(length, 0)
        if self.rank > 0:
            content = bytes(int(length))
        values = torch.from_numpy(np.frombuffer(content, np.uint8).copy()).to(self.device)
        distributed.broadcast(values, 0)
        return values.cpu().numpy().tobytes()

    def leave(self) -> None:
        """Say goodbye to the other processes, which must do the same. After a failure torchrun ends them instead."""
        if self.size > 1:
            distributed.destroy_process_group()


ALONE = Workers(rank=0, size=1, device=torch.device("cpu"))


def join() -> Workers:
    """Meet the processes that torchrun started with this one; without torchrun there is this one alone."""
    rank, size, local_rank = 0, 1, 0
    if distributed.is_torchelastic_launched():
        rank, size, local_rank = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    device = torch.device("cpu")
    if torch.cuda.is_available():
        # Layers read some columns of their weights in each step, which are copied together each time anyway.
        warnings.filterwarnings("ignore", "RNN module weights are not part of single contiguous chunk")
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS's sums vary from run to run
        device = torch.device("cuda", local_rank)
        torch.cuda.set_device(device)
    if size > 1:
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return Workers(rank, size, device)
