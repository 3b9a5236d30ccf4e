"""Steps of pretraining whose shapes never change, so that a GPU can replay each of them as one recorded graph.

A step of `pipeline.pretraining` asks for a thousand small products, one after the other, and a GPU waits longer for
being asked than it computes. Here what differs from step to step is in values alone: a dropped layer is multiplied by
zero instead of being left out, and a softmax tail computes a fixed number of rows, more than it mostly needs. While
that is enough, losses and gradients are the same. There is no ordinary dropout.

Shapes: T steps, B streams, N = T B tokens, L layers.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from pipeline.language_model.adaptive_softmax import AdaptiveSoftmax, cast_linear, linear_cross_entropy
from pipeline.language_model.dense_lstm import PARAMETERS, DenseLSTM, State
from pipeline.language_model.model import LanguageModel

BETAS, EPSILON = (0.9, 0.999), 1e-8
WARM_UP_STEPS = 3  # before a graph is recorded, so that the libraries have chosen their programs


class StaticStep:
    """One step of truncated back-propagation of one direction, over the same memory each time.

    Fill `block` and `visible`, set `rate`, then `run()`: the weights and the carried state are those after the step.
    """

    def __init__(
        self,
        model: LanguageModel,
        streams: int,
        steps: int,
        tail_rows: Sequence[int],
        clip_norm: float,
        precision: torch.dtype,
    ):
        """`tail_rows` are the most tokens of a step that count in each softmax tail; those beyond add no loss there."""
        device = model.embedding.weight.device
        model.embedding.sparse = False  # on a GPU, going over all rows takes less time than finding the few
        model.precision = precision
        self.model, self.tail_rows, self.clip_norm = model, tail_rows, clip_norm
        self.block = torch.zeros(steps + 1, streams, dtype=torch.int64, device=device)  # (T + 1, B): read and predicted
        self.visible = torch.ones(len(model.rnn.layers), dtype=precision, device=device)  # 0: later layers see it not
        self.rate = torch.zeros((), device=device)
        self.summed_loss = torch.zeros((), device=device)  # of the steps since it was last set to zero
        self.largest_norm = torch.zeros((), device=device)
        zeros = torch.zeros(1, streams, model.rnn.units, dtype=precision, device=device)
        self.state: State = [(zeros.clone(), zeros.clone()) for _ in model.rnn.layers]
        self.others = [parameter for parameter in model.parameters() if parameter is not model.embedding.weight]
        self.optimizer = torch.optim.Adam(
            self.others, lr=self.rate, betas=BETAS, eps=EPSILON, fused=True, capturable=device.type == "cuda"
        )
        self.squares = torch.zeros_like(model.embedding.weight)  # lazy Adam's, as make_optimizers has it
        self.steps_taken = torch.zeros((), device=device)
        self.run: Callable[[], None] = self.step

    def loss(self) -> tuple[Tensor, State]:
        """Mean negative log-likelihood of the block's targets, and the state after."""
        hidden, state = run_dense(self.model.rnn, self.model.embed(self.block[:-1]), self.state, self.visible)
        projected = cast_linear(self.model.projection, hidden).flatten(0, 1)  # (N, D)
        return static_loss(self.model.softmax, projected, self.block[1:].flatten(), self.tail_rows), state

    def step(self) -> None:
        """Take one step."""
        self.optimizer.zero_grad()
        self.model.embedding.weight.grad = None
        loss, state = self.loss()
        loss.backward()  # type: ignore[no-untyped-call]
        self._learn()
        with torch.no_grad():  # after the way back, which needs the values before
            for (hidden, cell), (hidden_after, cell_after) in zip(self.state, state, strict=True):
                hidden.copy_(hidden_after)
                cell.copy_(cell_after)
            self.summed_loss.add_(loss)

    @torch.no_grad()
    def _learn(self) -> None:
        embeddings = self.model.embedding.weight
        gradients = [parameter.grad for parameter in (*self.others, embeddings) if parameter.grad is not None]
        norm: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        torch._foreach_mul_(gradients, (self.clip_norm / (norm + 1e-6)).clamp(max=1))
        torch.maximum(self.largest_norm, norm, out=self.largest_norm)
        self.optimizer.step()
        assert embeddings.grad is not None
        self.steps_taken.add_(1)
        read = embeddings.grad.any(1, keepdim=True)
        squares = torch.lerp(embeddings.grad.square(), self.squares, BETAS[1])
        torch.where(read, squares, self.squares, out=self.squares)
        step_size = self.rate * (1 - BETAS[1] ** self.steps_taken).sqrt()
        embeddings.sub_(step_size * embeddings.grad / (self.squares.sqrt() + EPSILON))

    def record(self, stream: torch.cuda.Stream) -> None:
        """Record the step as a graph on `stream`; from then on `run` replays it."""
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_STEPS):
                self.step()
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad()
        self.model.embedding.weight.grad = None
        with torch.cuda.graph(graph, stream=stream):
            self.step()
        self.run = graph.replay
        self.forget()

    @torch.no_grad()
    def forget(self) -> None:
        """Be as before the first step, but for the weights."""
        for tensor in self.moments():
            tensor.zero_()

    def moments(self) -> list[Tensor]:
        """What the steps so far have left besides the weights: optimizers' sums and counts, carried states, losses."""
        ours = [self.squares, self.steps_taken, self.summed_loss, self.largest_norm]
        adams = [tensor for state in self.optimizer.state.values() for tensor in state.values()]
        return [*ours, *adams, *(tensor for layer in self.state for tensor in layer)]

    def changing(self) -> list[Tensor]:
        """All that a step changes."""
        return [*(parameter.detach() for parameter in self.model.parameters()), *self.moments()]


def run_dense(rnn: nn.Module, inputs: Tensor, state: State, visible: Tensor) -> tuple[Tensor, State]:
    """What a `DenseLSTM` computes of `inputs` (T, B, D) where later layers see layers by `visible` (L, 0 or 1)."""
    assert isinstance(rnn, DenseLSTM)
    outputs, seen, after = [inputs], [inputs], []
    for index, layer in enumerate(rnn.layers):
        weights = [layer.get_parameter(f"{name}_l0").to(inputs.dtype) for name in PARAMETERS]
        output, hidden, cell = torch.lstm(torch.cat(seen, -1), state[index], weights, True, 1, 0.0, True, False, False)
        outputs.append(output)
        seen.append(visible[index] * output)
        after.append((hidden.detach(), cell.detach()))
    return torch.cat(outputs, -1), after  # (T, B, D + L H)


def static_loss(softmax: AdaptiveSoftmax, hidden: Tensor, targets: Tensor, tail_rows: Sequence[int]) -> Tensor:
    """Mean negative log-likelihood of `targets` (N) given `hidden` (N, D), as AdaptiveSoftmax.

    Of each tail, the losses of the first `tail_rows` tokens in it are counted.
    """
    numbers = torch.arange(len(targets), device=targets.device)
    head_targets = targets
    total = hidden.new_zeros((), dtype=torch.float32)
    bounds = zip(softmax.tails, softmax.bounds, softmax.bounds[1:], tail_rows, strict=False)
    for index, (tail, start, end, most) in enumerate(bounds):
        inside = (targets >= start) & (targets < end)
        head_targets = torch.where(inside, softmax.bounds[0] + index, head_targets)
        place = inside.cumsum(0) - 1
        slot = torch.where(inside & (place < most), place, most)
        rows = torch.zeros(most + 1, dtype=torch.int64, device=targets.device).scatter(0, slot, numbers)[:most]
        counted = torch.arange(most, device=targets.device) <= place[-1]
        reduction, words = tail.children()
        tail_targets = torch.where(counted, targets[rows] - start, 0)
        losses = linear_cross_entropy(words, cast_linear(reduction, hidden.index_select(0, rows)), tail_targets)
        total = total + (losses * counted).sum()
    return (total + linear_cross_entropy(softmax.head, hidden, head_targets).sum()) / len(targets)
