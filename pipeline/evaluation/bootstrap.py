"""Paired bootstrap over sentences: how far F1 moves when the test split is another sample of the same kind of text.

The sentences are drawn again, with replacement, as many as there are; all variants and seeds are scored on the same
draw, and a variant's score is the mean over its seeds. So a difference of two variants is free of what their sentences
have in common. Training is not repeated: how far F1 moves with the seed, its standard deviation over seeds says.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluation.conlleval import f1

RESAMPLES_AT_ONCE = 500  # they take 8 bytes a sentence each


def resampled_f1(counts: Mapping[str, NDArray[np.int64]], resamples: int, seed: int) -> dict[str, NDArray[np.float64]]:
    """F1 in percent, the mean over seeds, of each variant in each resample (resamples).

    `counts` (seeds, sentences, 3) of a variant are correct, predicted and gold spans; all have the same sentences in
    the same order, but maybe other seeds.
    """
    (sentences,) = {of_variant.shape[1] for of_variant in counts.values()}
    # A resample's counts are sums over its sentences: how often each was drawn, times its counts. The numbers
    # are whole, so sums in floating point are exact in any order.
    tables = {
        variant: of_variant.transpose(1, 0, 2).reshape(sentences, -1).astype(np.float64)
        for variant, of_variant in counts.items()
    }
    generator = np.random.default_rng(seed)
    scores: dict[str, list[NDArray[np.float64]]] = {variant: [] for variant in counts}
    for start in range(0, resamples, RESAMPLES_AT_ONCE):
        drawn = _times_drawn(generator, min(RESAMPLES_AT_ONCE, resamples - start), sentences)
        for variant, table in tables.items():
            sums = (drawn @ table).astype(np.int64).reshape(len(drawn), -1, 3)
            scores[variant].append(f1(sums).mean(1))
    return {variant: np.concatenate(parts) for variant, parts in scores.items()}


def _times_drawn(generator: np.random.Generator, resamples: int, sentences: int) -> NDArray[np.float64]:
    """How often each sentence is in each resample, (resamples, sentences)."""
    draws = generator.integers(sentences, size=(resamples, sentences))
    draws += sentences * np.arange(resamples)[:, None]
    times = np.bincount(draws.ravel(), minlength=resamples * sentences)
    return times.reshape(resamples, sentences).astype(np.float64)
