"""Every path through a small CRF with its probability: the slow oracle of dynamic programs."""

import itertools
import math

import numpy as np
import torch
from torch import Tensor

from ldnet.text.lexicon import END_TAG, START_TAG, Lexicon
from pipeline.tagger.crf import CRF

NAMES = ["O", "B-A", "I-A", "E-A", "S-A", "I-B", START_TAG, END_TAG]
START, END = NAMES.index(START_TAG), NAMES.index(END_TAG)
LENGTHS = [1, 4, 5, 2, 3]  # in steps: words + 1
Path = tuple[int, ...]


def make_lexicon() -> Lexicon:
    return Lexicon([], [], NAMES, 0, np.zeros((0, 0), np.float32), np.zeros(0, np.uint8))


def make_crf(spread: float = 1.0) -> CRF:
    torch.manual_seed(0)
    crf = CRF(5, len(NAMES), START, END).requires_grad_(False)
    torch.nn.init.normal_(crf.transitions, std=spread)
    return crf


def make_emissions(spread: float = 1.5) -> Tensor:
    """With garbage as padding."""
    emissions = spread * torch.randn(len(LENGTHS), max(LENGTHS), len(NAMES), generator=torch.Generator().manual_seed(1))
    for row, length in enumerate(LENGTHS):
        emissions[row, length:] = 1e4
    return emissions


def path_scores(crf: CRF, emissions: Tensor, length: int) -> dict[Path, float]:
    """The scores of all paths of one sentence, without the final `<eof>`."""
    transitions, steps = crf.transitions.double().tolist(), emissions.double().tolist()
    scores = {}
    for path in itertools.product(range(len(NAMES)), repeat=length - 1):
        closed = (*path, END)
        scores[path] = sum(
            transitions[before][tag] + steps[step][tag]
            for step, (before, tag) in enumerate(zip((START, *closed), closed, strict=False))
        )
    return scores


def path_probabilities(crf: CRF, emissions: Tensor, length: int, temperature: float = 1.0) -> dict[Path, float]:
    """The probabilities of all paths of one sentence."""
    scores = path_scores(crf, emissions, length)
    best = max(scores.values())
    weights = {path: math.exp((score - best) / temperature) for path, score in scores.items()}
    total = math.fsum(weights.values())
    return {path: weight / total for path, weight in weights.items()}
