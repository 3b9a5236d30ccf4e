"""What every method of selection is given, and what it leaves: a gate for each layer of both directions.

Shapes: L layers of a direction; `gates` is the vector z of both directions together (2 L), forward first.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.features.contextual import BidirectionalLM, live_features
from pipeline.params import SelectParams, TaggerParams
from pipeline.selection.budget import cost_weights, enforce_budget, open_gates
from pipeline.tagger.epochs import EpochRecord
from pipeline.tagger.model import Tagger
from pipeline.tagger.tagging_data import TaggingData
from pipeline.tagger.training import score_dev


@dataclass
class Selection:
    """The language models, the gates of both directions (2 L), and how these came to meet the budget.

    Where gates are not trained, `epoch` is 0 and the method itself keeps to the budget.
    """

    lm: BidirectionalLM
    gates: nn.Parameter
    epoch: int = 0  # the epoch whose gates and tagger are kept
    dev_f1: float = -1.0
    optimiser_epoch: int | None = None  # the first epoch at whose end the optimiser alone had met the budget
    enforcement_epoch: int | None = None  # the epoch at whose end gates had to be closed

    @property
    def progress(self) -> dict[str, Any]:
        """All that changes from epoch to epoch, besides the gates."""
        return {key: getattr(self, key) for key in ("epoch", "dev_f1", "optimiser_epoch", "enforcement_epoch")}

    @property
    def budget_reached_by(self) -> str:
        """What brought the open gates that are kept down to the budget: method, optimiser or enforcement."""
        if self.epoch == 0:
            return "method"
        enforced = self.enforcement_epoch is not None and self.epoch >= self.enforcement_epoch
        return "enforcement" if enforced else "optimiser"

    @classmethod
    def of(cls, lm: BidirectionalLM) -> "Selection":
        """All gates open."""
        return cls(lm, nn.Parameter(torch.ones(len(lm.forward_lm.rnn.layers) + len(lm.backward_lm.rnn.layers))))


@dataclass(frozen=True)
class SelectionTask:
    """Select layers for this tagger, from all of them in `selection`. A method changes `selection`, and may train the
    tagger; `tagging` is how the tagger was trained."""

    tagger: Tagger
    selection: Selection
    data: TaggingData
    params: SelectParams
    tagging: TaggerParams
    seed: int
    checkpoint: Path | None = None  # the file that the state of a training goes to

    @property
    def layers(self) -> int:
        """Of each direction."""
        return len(self.selection.gates) // 2

    def gate_steps(self) -> int:
        """How many steps gates take in all, where they are trained."""
        sentences = self.tagging.batch_sentences * self.params.batches_per_gate_step
        return -(-len(self.data.train) // sentences) * self.params.enforce_epoch

    def weights(self) -> Tensor | None:
        """How much each layer counts (2 L): by its multiply-accumulates, or None where all count the same."""
        if not self.params.cost_weighted:
            return None
        lm = self.selection.lm
        return cost_weights([*lm.forward_lm.rnn.layer_macs(), *lm.backward_lm.rnn.layer_macs()])

    def keep_most_important(self, importance: Tensor) -> EpochRecord:
        """Close all gates but the most important ones (2 L), as many as the budget allows; dev F1 and the gates."""
        selection = self.selection
        enforce_budget(selection.gates, importance, self.params.max_layers)
        gates = selection.gates.detach()
        selection.dev_f1 = score_dev(self.tagger, self.data, live_features(selection.lm, self.data.words, gates))
        return {"epoch": selection.epoch, **gate_record(selection.dev_f1, gates)}


def split_directions(gates: Tensor) -> dict[str, Tensor]:
    """The gates (L) of each direction."""
    forward_gates, backward_gates = gates.detach().chunk(2)
    return {"forward": forward_gates, "backward": backward_gates}


def gate_record(dev_f1: float, gates: Tensor) -> EpochRecord:
    """dev_f1, the number of open gates and each gate, as a part of a record of the path."""
    values = [round(gate, 5) for gate in gates.tolist()]
    layers = len(values) // 2
    return {
        "dev_f1": round(dev_f1, 4),
        "open_gates": open_gates(gates),
        **{f"gate_forward_{layer}": gate for layer, gate in enumerate(values[:layers])},
        **{f"gate_backward_{layer}": gate for layer, gate in enumerate(values[layers:])},
    }
