"""The language models of the ablations by the name of their architecture: the paper's, and those it is set against."""

from pathlib import Path

from safetensors.torch import load_file

from ablations.stacked_lstm import StackedLanguageModel
from ldnet.files import read_json
from pipeline.features.contextual import BidirectionalLM
from pipeline.language_model.model import LanguageModel, LMConfig
from pipeline.params import Architecture

DIRECTIONS = ("forward", "backward")


def build(config: LMConfig, architecture: Architecture) -> LanguageModel:
    """An untrained language model."""
    if architecture == "dense":
        return LanguageModel(config)
    return StackedLanguageModel(config, residual=architecture == "residual")


def load(folder: Path, architecture: Architecture) -> BidirectionalLM:
    """What `save_language_model` wrote to `folder`/forward and `folder`/backward."""
    models = []
    for direction in DIRECTIONS:
        model = build(LMConfig(**read_json(folder / direction / "config.json")), architecture)
        model.load_state_dict(load_file(str(folder / direction / "weights.safetensors")))
        models.append(model)
    forward_lm, backward_lm = models
    return BidirectionalLM(forward_lm, backward_lm, read_json(folder / "forward" / "vocabulary.json"))
