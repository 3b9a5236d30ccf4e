"""The language models of the ablations by the name of their architecture: the paper's, and those it is set against."""

from functools import partial
from pathlib import Path

from ablations.stacked_lstm import StackedLanguageModel
from pipeline.features.contextual import BidirectionalLM, load_bidirectional_lm
from pipeline.language_model.model import LanguageModel, LMConfig
from pipeline.params import Architecture

DIRECTIONS = ("forward", "backward")


def build(config: LMConfig, architecture: Architecture) -> LanguageModel:
    """An untrained language model."""
    if architecture == "dense":
        return LanguageModel(config)
    return StackedLanguageModel(config, residual=architecture == "residual")


def load(folder: Path, architecture: Architecture) -> BidirectionalLM:
    """What `save_language_model` wrote to `folder`/forward and `folder`/backward. Raises InputError."""
    return load_bidirectional_lm(folder, "pretrain_lm of the ablations", partial(build, architecture=architecture))
