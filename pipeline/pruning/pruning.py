"""A gated language model to a plain, smaller one that computes exactly the same.

A gate z multiplies a layer's output wherever it is read. So the weights that read it can be multiplied by z instead,
and where z = 0 the layer and those columns can go. Shapes: D embedding width, H units, L layers.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from ldnet.errors import written_by
from ldnet.files import JsonObject
from pipeline.execution.finite import require_finite
from pipeline.features.contextual import BidirectionalLM
from pipeline.language_model.dense_lstm import DenseLSTM, kept_layers
from pipeline.language_model.model import LanguageModel
from pipeline.tagger.batches import collate, sorted_batches
from pipeline.tagger.model import Tagger, TaggerConfig
from pipeline.tagger.tagging_data import TaggingData
from pipeline.tagger.training import DECODING_BATCH_SENTENCES, Features


@dataclass(frozen=True)
class KeptColumns:
    """Which features of the old model's representation the new one has, and the gate values they had."""

    columns: Tensor  # (K) int64, increasing
    scales: Tensor  # (K) float32

    def narrow(self, weight: Tensor) -> Tensor:
        """A weight (out, old features) as one that reads the new model's representation (out, K)."""
        return weight[:, self.columns] * self.scales


def load_gates(path: Path, layers: int) -> dict[str, Tensor]:
    """The gates of both directions, one for each of so many layers. Raises InputError for any other file."""
    with written_by("select"):
        gates = JsonObject.read(path)
        return {name: torch.tensor(gates.numbers(name, layers, 0, 1)) for name in ("forward", "backward")}


def kept_columns(input_size: int, units: int, gates: Tensor) -> KeptColumns:
    """The embedding's columns, which have no gate, then those of the open layers."""
    scales = torch.cat([torch.ones(input_size), gates.detach().repeat_interleave(units)])
    columns = scales.nonzero().squeeze(1)
    return KeptColumns(columns, scales[columns])


@torch.no_grad()
def prune_dense_lstm(rnn: DenseLSTM, gates: Tensor) -> DenseLSTM:
    """The open layers of `rnn`, each reading only open layers, with the gates (L) of what they read folded in."""
    kept = kept_layers(gates)
    pruned = DenseLSTM(rnn.input_size, rnn.units, len(kept), rnn.dropout, rnn.layer_dropout)
    for layer, index in zip(pruned.layers, kept, strict=True):
        old = rnn.layers[index]
        reads = kept_columns(rnn.input_size, rnn.units, gates[:index])
        layer.get_parameter("weight_ih_l0").copy_(reads.narrow(old.get_parameter("weight_ih_l0")))
        for name in ("weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
            layer.get_parameter(name).copy_(old.get_parameter(name))
    return pruned


@torch.no_grad()
def prune_language_model(model: LanguageModel, gates: Tensor) -> tuple[LanguageModel, KeptColumns]:
    """The pruned language model, in evaluation mode, and the columns of the old representation that it keeps."""
    assert isinstance(model.rnn, DenseLSTM), "layers of other stacks cannot be taken away like this"
    columns = kept_columns(model.rnn.input_size, model.rnn.units, gates)
    pruned = LanguageModel(replace(model.config, layers=len(kept_layers(gates))))
    pruned.embedding.load_state_dict(model.embedding.state_dict())
    pruned.softmax.load_state_dict(model.softmax.state_dict())
    pruned.rnn = prune_dense_lstm(model.rnn, gates)
    pruned.projection.weight = nn.Parameter(columns.narrow(model.projection.weight))
    pruned.projection.bias.copy_(model.projection.bias)
    return pruned.eval(), columns


def prune_bidirectional_lm(lm: BidirectionalLM, gates: Mapping[str, Tensor]) -> tuple[BidirectionalLM, KeptColumns]:
    """Both directions pruned (`gates` has "forward" and "backward"), and the columns kept of their joint features."""
    forward_lm, of_forward = prune_language_model(lm.forward_lm, gates["forward"])
    backward_lm, of_backward = prune_language_model(lm.backward_lm, gates["backward"])
    joint = KeptColumns(
        torch.cat([of_forward.columns, of_backward.columns + lm.widths[0]]),
        torch.cat([of_forward.scales, of_backward.scales]),
    )
    return BidirectionalLM(forward_lm, backward_lm, lm.vocabulary), joint


@torch.no_grad()
def prune_tagger(tagger: Tagger, kept: KeptColumns) -> Tagger:
    """The same tagger for pruned language models: reads the kept features, their gates folded in."""
    weights = tagger.state_dict()
    weights["lm_projection.weight"] = kept.narrow(weights["lm_projection.weight"])
    pruned = Tagger(TaggerConfig(**{**asdict(tagger.config), "lm_features": len(kept.columns)}))
    pruned.load_state_dict(weights)
    return pruned.eval()


@torch.no_grad()
def largest_score_difference(
    gated: Tagger, gated_features: Features, pruned: Tagger, pruned_features: Features, data: TaggingData
) -> float:
    """The largest absolute difference of an emission score over the dev sentences.

    Raises NotFiniteError where a score is not finite: then nothing is proved.
    """
    largest = 0.0
    for indices in sorted_batches(data.dev_windows, DECODING_BATCH_SENTENCES):
        batch = collate([data.encoded_dev[index] for index in indices])
        rows = [len(data.train) + index for index in indices]
        inside = (torch.arange(len(batch.words)) < batch.lengths.unsqueeze(1)).unsqueeze(2)
        before, after = (
            gated.emissions(batch, gated_features(rows)),
            pruned.emissions(batch, pruned_features(rows)),
        )
        require_finite("the gated tagger's scores", before)
        require_finite("the pruned tagger's scores", after)
        largest = max(largest, float(((before - after) * inside).abs().max()))
    return largest
