"""Selection of language-model layers without training: by importance, by search on dev, or by looking at nothing.

The full tagger stays as it is; as many layers stay open as the budget allows.
"""

import torch
from torch import Tensor

from pipeline.features.contextual import live_features
from pipeline.params import SelectParams
from pipeline.selection.budget import enforce_budget
from pipeline.selection.controls import control_scores
from pipeline.selection.importance import layer_importance
from pipeline.selection.mask_search import MaskedTagger, exhaustive_search, greedy_search
from pipeline.selection.training import Selection, gate_record
from pipeline.tagger.model import Tagger
from pipeline.tagger.training import Record, TaggingData, score_dev


def choose_layers(tagger: Tagger, selection: Selection, data: TaggingData, params: SelectParams) -> Record:
    """Close all gates of `selection` but those of the layers chosen; the record has dev_f1 and the gates."""
    enforce_budget(selection.gates, _importance(tagger, selection, data, params), params.max_layers)
    gates = selection.gates.detach()
    selection.dev_f1 = score_dev(tagger, data, live_features(selection.lm, data.words, gates))
    return {"epoch": selection.epoch, **gate_record(selection.dev_f1, gates)}


def _importance(tagger: Tagger, selection: Selection, data: TaggingData, params: SelectParams) -> Tensor:
    """A number for each layer (2 L); those with the highest are kept."""
    method, layers = params.method, len(selection.gates) // 2
    if method == "importance":
        return layer_importance(tagger, selection.lm, data)
    if method in ("first", "last", "random"):
        return control_scores(method, layers, params.random_seed)
    search = {"greedy": greedy_search, "exhaustive": exhaustive_search}[method]
    importance = torch.zeros(2, layers)
    for direction, kept in enumerate(search(MaskedTagger(tagger, selection.lm, data), params.max_layers)):
        importance[direction, list(kept)] = 1.0
    return importance.flatten()
