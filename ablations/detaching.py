"""Language models of any architecture without some of their layers, and without training afterwards."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import torch

from ablations.stacked_lstm import StackedLanguageModel, StackedLSTM
from pipeline.features.contextual import BidirectionalLM
from pipeline.language_model.dense_lstm import kept_layers
from pipeline.language_model.model import LanguageModel
from pipeline.pruning.pruning import KeptColumns, kept_columns, prune_language_model


def detach_layers(model: LanguageModel, layers: Collection[int]) -> tuple[LanguageModel, KeptColumns]:
    """The model without these layers, in evaluation mode, and the columns of its representation that are left.

    In a dense model the columns that read them go, too. In a stacked one, the layer above reads what they read.
    """
    gates = torch.tensor([float(layer not in layers) for layer in range(model.config.layers)])
    if isinstance(model, StackedLanguageModel):
        return _bypass(model, kept_layers(gates)), kept_columns(model.config.embedding, model.config.units, gates)
    return prune_language_model(model, gates)


def without_layers(lm: BidirectionalLM, layers: Mapping[str, Collection[int]]) -> tuple[BidirectionalLM, KeptColumns]:
    """Both directions without layers (`layers` has "forward" and "backward"), and what is left of their features."""
    forward_lm, of_forward = detach_layers(lm.forward_lm, layers["forward"])
    backward_lm, of_backward = detach_layers(lm.backward_lm, layers["backward"])
    columns = torch.cat([of_forward.columns, of_backward.columns + lm.widths[0]])
    return BidirectionalLM(forward_lm, backward_lm, lm.vocabulary), KeptColumns(columns, torch.ones(len(columns)))


def _bypass(model: StackedLanguageModel, kept: list[int]) -> StackedLanguageModel:
    assert isinstance(model.rnn, StackedLSTM)
    left = StackedLanguageModel(replace(model.config, layers=len(kept)), model.rnn.residual)
    weights = {name: weight for name, weight in model.state_dict().items() if not name.startswith("rnn.")}
    for place, index in enumerate(kept):
        layer = model.rnn.layers[index].state_dict()
        weights |= {f"rnn.layers.{place}.{name}": weight for name, weight in layer.items()}
    left.load_state_dict(weights)
    return left.eval()
