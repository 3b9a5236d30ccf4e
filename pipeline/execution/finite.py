"""Numbers that are saved or compared are finite, or the computation ends with one line.

NaN loses no comparison that it should lose: `max(0.0, nan)` is 0.0, and the best path through scores of NaN is a path.
So every training looks at its losses and gradients before it takes a step, and scores are looked at before a path is
searched. With finite gradients and rates below a bound (`pipeline.values.MOST_RATE`) a step leaves finite weights.
"""

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from ldnet.errors import InputError
from ldnet.files import write_bytes
from pipeline.checkpoints import checkpoints_root

Words = Sequence[Sequence[str]]
MOST_NATS = 700.0  # a larger loss, in nats a token, has a perplexity that no floating-point number can hold


class NotFiniteError(InputError):
    """A number that would be saved or compared is not finite."""


class DivergedError(NotFiniteError):
    """A training whose numbers are not finite any more.

    `tensors` are the batch and the weights before it, `words` are the batch's sentences.
    """

    def __init__(self, message: str, tensors: Mapping[str, Tensor], words: Words = ()):
        super().__init__(message, tensors, words)  # all of them, for a worker sends the error to its parent
        self.tensors, self.words = tensors, words

    def __str__(self) -> str:
        return str(self.args[0])


def is_finite(values: float | Tensor) -> bool:
    """Whether a number is finite, or all numbers of a tensor are."""
    return bool(torch.isfinite(values).all()) if isinstance(values, Tensor) else math.isfinite(values)


def not_finite(tensors: Mapping[str, Tensor]) -> list[str]:
    """The names of the tensors that hold NaN or infinity."""
    return [name for name, tensor in tensors.items() if tensor.is_floating_point() and not is_finite(tensor)]


def require_finite(what: str, values: Tensor) -> None:
    """Raise NotFiniteError where trained models give numbers that are not finite."""
    if not is_finite(values):
        raise NotFiniteError(
            f"{what} are not finite: a training before diverged, or its weights are damaged; "
            "lower the learning_rate of the stage that trained them and run it again"
        )


class Watch:
    """Looks at the numbers of one training. `key` is what to lower when it diverges."""

    def __init__(self, model: nn.Module, key: str, advice: str = "lower it"):
        self.model, self.key, self.advice = model, key, advice

    def check(
        self,
        what: str,
        values: float | Tensor,
        when: str,
        batch: Mapping[str, Tensor] | None = None,
        words: Words = (),
        *,
        key: str = "",
    ) -> None:
        """Raise DivergedError if the values are not finite. `batch` and `words` are what they were computed from."""
        if not is_finite(values):
            number = values.detach().flatten() if isinstance(values, Tensor) else torch.tensor([values])
            found = number[~torch.isfinite(number)][0].item()
            raise self.diverged(f"{what} is {found}", when, batch, words, key=key)

    @contextmanager
    def scoring(self, when: str) -> Iterator[None]:
        """Scores that are not finite in here are those of a training that has diverged."""
        try:
            yield
        except NotFiniteError as error:
            raise self.diverged(str(error).split(":")[0], when) from None

    def diverged(
        self,
        found: str,
        when: str,
        batch: Mapping[str, Tensor] | None = None,
        words: Words = (),
        *,
        key: str = "",
    ) -> DivergedError:
        """What to raise. Weights are among the evidence where all of them are finite."""
        weights = {f"weights.{name}": tensor.detach().cpu() for name, tensor in self.model.state_dict().items()}
        # Copies, since inputs and targets of a step are views of the same tokens, which one file cannot hold twice.
        tensors = {f"batch.{name}": tensor.detach().cpu().clone() for name, tensor in (batch or {}).items()}
        tensors |= {} if not_finite(weights) else weights
        message = f"{key or self.key}: the training diverged {when}: {found}; {self.advice}"
        return DivergedError(message, tensors, words)


@contextmanager
def keeping_evidence(name: str, section: str = "") -> Iterator[None]:
    """Where a training in here diverges, keep its batch and its last finite weights in a file among the checkpoints.

    Raises InputError: the line of DivergedError, which names that file. `section` goes before the key in that line. The
    file is `diverged-<name>.safetensors`, in an experiment of DVC with its name before that; its header has the line
    and the sentences as text.
    """
    of_experiment = os.environ.get("DVC_EXP_NAME", "")  # experiments of one workspace may run at once
    path = checkpoints_root() / f"{'-'.join(filter(None, ('diverged', of_experiment, name)))}.safetensors"
    path.unlink(missing_ok=True)  # of a training before
    try:
        yield
    except DivergedError as error:
        line = f"{section}.{error}" if section else str(error)
        raise InputError(f"{line}; {_kept(path, line, error)}") from None


def _kept(path: Path, line: str, error: DivergedError) -> str:
    """Write the evidence; what is in which file, in words."""
    tensors = {name: tensor.contiguous() for name, tensor in error.tensors.items()}
    sentences = json.dumps([" ".join(words) for words in error.words], ensure_ascii=False)
    try:
        write_bytes(path, save(tensors, {"error": line, "sentences": sentences}))
    except OSError as failure:  # a full disk must not hide the line
        return f"batch and weights could not be kept: {failure}"
    kinds = {
        "batch.": "the batch",
        "weights.": "the last finite weights",
    }
    held = [kind for prefix, kind in kinds.items() if any(name.startswith(prefix) for name in tensors)]
    return f"{' and '.join(held) or 'what is known of it'}: {path}"
