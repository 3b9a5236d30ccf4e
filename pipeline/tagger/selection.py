"""Selection of language-model layers: tagger weights and gates are trained together (paper, section 4).

Each step: CRF loss + strength * regulariser; an Adam step on the tagger, a plain gradient step on the gates, then the
gates are clamped to [0, 1]. The published penalty does not guarantee the budget: at the end of `enforce_epoch` the
least important gates are closed if too many are still open, and from then on the gates stay and only the tagger
adapts. The importance of a gate z is the mean of |z dL/dz| over the batches of that epoch, where L is the CRF loss:
what closing it would change, to first order. The gates that are still open are all near 1, so size says nothing.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from tqdm import tqdm

from pipeline.gates.regularisers import clamp, enforce_budget, open_gates, penalty
from pipeline.language_model.features import BidirectionalLM, live_features
from pipeline.params import SelectParams, TaggerParams
from pipeline.tagger.batches import collate, shuffled_batches
from pipeline.tagger.model import Tagger
from pipeline.tagger.training import Record, TaggingData, score_dev


@dataclass
class Selection:
    """The language models, the gates of both directions (2 L), and how these came to meet the budget."""

    lm: BidirectionalLM
    gates: nn.Parameter
    epoch: int = 0  # the epoch whose gates and tagger are kept
    dev_f1: float = -1.0
    optimiser_epoch: int | None = None  # the first epoch at whose end the optimiser alone had met the budget
    enforced: bool = False  # whether gates had to be closed at the end of enforce_epoch

    @classmethod
    def of(cls, lm: BidirectionalLM) -> "Selection":
        """All gates open."""
        return cls(lm, nn.Parameter(torch.ones(len(lm.forward_lm.rnn.layers) + len(lm.backward_lm.rnn.layers))))


def select_layers(
    tagger: Tagger, selection: Selection, data: TaggingData, params: SelectParams, tagging: TaggerParams, seed: int
) -> Iterator[Record]:
    """Train `tagger` and the gates of `selection` in place; yield the path: loss, dev_f1 and gates after each epoch.

    At the end both are those of the epoch with the best dev F1 among the epochs within the budget.
    """
    rng = random.Random(seed)
    torch.manual_seed(seed)
    gates = selection.gates
    features = live_features(selection.lm, data.words, gates)
    batches = -(-len(data.train) // tagging.batch_sentences)
    optimizer = torch.optim.Adam(tagger.parameters(), lr=params.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, batches * params.epochs)
    gate_optimizer = torch.optim.SGD([gates], lr=params.gate_learning_rate)
    with tqdm(total=batches * params.epochs, desc="selecting layers", unit=" steps", disable=None) as progress:
        for epoch in range(1, params.epochs + 1):
            deciding = epoch <= params.enforce_epoch
            gates.requires_grad_(deciding)
            importance = torch.zeros(len(gates))
            tagger.train()
            losses = []
            for indices in shuffled_batches(data.train, tagging.batch_sentences, rng):
                loss = tagger(collate([data.encoded_train[index] for index in indices]), features(indices))
                losses.append(loss.item())
                optimizer.zero_grad()
                gate_optimizer.zero_grad()
                loss.backward()
                if deciding:
                    assert gates.grad is not None
                    importance += (gates.detach() * gates.grad).abs()
                    torch.autograd.backward(params.strength * penalty(params.regulariser, gates, params.max_layers))
                nn.utils.clip_grad_norm_(tagger.parameters(), tagging.clip_norm)
                optimizer.step()
                schedule.step()
                gate_optimizer.step()  # does nothing to gates that have no gradient
                clamp(gates)
                progress.update()
            _hold_budget(selection, importance, params, epoch)
            dev_f1 = score_dev(tagger, data, features)
            if open_gates(gates) <= params.max_layers and dev_f1 > selection.dev_f1:
                selection.dev_f1, selection.epoch = dev_f1, epoch
                best = {name: weight.clone() for name, weight in tagger.state_dict().items()}
                best_gates = gates.detach().clone()
            yield _record(epoch, losses, dev_f1, gates)
    tagger.load_state_dict(best)
    tagger.eval()
    gates.data.copy_(best_gates)


def _hold_budget(selection: Selection, importance: Tensor, params: SelectParams, epoch: int) -> None:
    """Note when the optimiser meets the budget; where it has not in time, enforce it."""
    met = open_gates(selection.gates) <= params.max_layers
    if met and selection.optimiser_epoch is None and not selection.enforced:
        selection.optimiser_epoch = epoch
    if epoch == params.enforce_epoch and not met:
        enforce_budget(selection.gates, importance, params.max_layers)
        selection.enforced = True


def _record(epoch: int, losses: list[float], dev_f1: float, gates: Tensor) -> Record:
    values = [round(gate, 5) for gate in gates.tolist()]
    layers = len(values) // 2
    return {
        "epoch": epoch,
        "loss": round(sum(losses) / len(losses), 5),
        "dev_f1": round(dev_f1, 4),
        "open_gates": open_gates(gates),
        **{f"gate_forward_{layer}": gate for layer, gate in enumerate(values[:layers])},
        **{f"gate_backward_{layer}": gate for layer, gate in enumerate(values[layers:])},
    }
