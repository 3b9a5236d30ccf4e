"""The other way to use all layers: one learnt weighted mean of them (Peters et al., "Deep contextualized word
representations", NAACL 2018, equation 1), instead of all side by side.

Shapes: T steps, B sentences, L layers of a direction, each D wide like the embedding.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from pipeline.tagger.batches import TaggingBatch
from pipeline.tagger.model import Tagger, TaggerConfig


class ScalarMix(nn.Module):
    """Per direction, gamma * sum over l of softmax(s)_l h_l, where h_0 is the word embedding."""

    def __init__(self, blocks: int):
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(2, blocks))  # of the forward and the backward model; at first the mean
        self.gamma = nn.Parameter(torch.ones(2, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Mixed features (T, B, 2 D) of both directions' features side by side, (T, B, 2 (L + 1) D)."""
        weights = self.gamma * self.scores.softmax(-1)
        blocks = features.view(*features.shape[:-1], *weights.shape, -1)
        mixed: Tensor = (weights.to(features.dtype).unsqueeze(-1) * blocks).sum(-2)
        return mixed.flatten(-2)


class ScalarMixTagger(Tagger):
    """A tagger that reads the mix; `config.lm_features` is the width of what is mixed."""

    def __init__(self, config: TaggerConfig, layers: int):
        blocks = layers + 1
        super().__init__(replace(config, lm_features=config.lm_features // blocks))
        self.mix = ScalarMix(blocks)

    def emissions(self, batch: TaggingBatch, lm_features: Tensor | None) -> Tensor:
        """Emission scores (B, T, K) from all layers' features, (T, B, 2 (L + 1) D)."""
        return super().emissions(batch, None if lm_features is None else self.mix(lm_features))
