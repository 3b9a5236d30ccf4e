"""Tagging in bulk: long batches of about equal length, a thread per processor, lower precision on request."""

import copy
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.data.lexicon import Lexicon
from pipeline.language_model.features import BidirectionalLM
from pipeline.language_model.int8 import Int8DenseLSTM
from pipeline.language_model.packing import Packing
from pipeline.language_model.sequences import reversal, take_rows
from pipeline.params import Precision
from pipeline.tagger.bulk_batches import BulkBatch, BulkEncoder
from pipeline.tagger.int8_tagger import Int8Tagger
from pipeline.tagger.model import Tagger
from pipeline.tagger.training import tag_names

BATCH_WORDS = 3000
BATCHES_PER_THREAD = 4  # at least, so that all threads end at about the same time
DecodingPrecision = Literal["float32", "bfloat16", "int8"]


class BulkTagger:
    """Tags many sentences with one tagger and the language models it was trained on.

    In float32, scores are those of `Tagger.emissions`. "bfloat16" rounds all products but the CRF's to it; "int8"
    computes recurrent layers in 8-bit integers. Both need a CPU with such instructions to be faster.
    """

    def __init__(
        self, tagger: Tagger, lm: BidirectionalLM | None, lexicon: Lexicon, precision: DecodingPrecision = "float32"
    ):
        self.lexicon, self.crf = lexicon, tagger.crf
        self.encoder = BulkEncoder(lexicon, lm)
        self.scorer = Int8Scorer(tagger, lm) if precision == "int8" else FloatScorer(tagger, lm, precision)

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """The best tags of each sentence, in the order given. An empty sentence has none."""
        tags: list[list[str]] = [[] for _ in sentences]
        threads = os.cpu_count() or 1
        batches = list(_batches([len(sentence) for sentence in sentences], threads))
        # Threads scale better over batches than within the small products of a recurrent step.
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            decoded = pool.map(lambda batch: self._decode([sentences[index] for index in batch]), batches)
            for batch, paths in zip(batches, decoded, strict=True):
                for index, path in zip(batch, paths, strict=True):
                    tags[index] = tag_names(path, self.lexicon)
        return tags

    @torch.no_grad()
    def emissions(self, sentences: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
        """Emission scores (B, T, K, float32) of one batch of sentences, and their lengths in steps (B)."""
        batch = self.encoder.encode(sentences)
        return self.scorer.emissions(batch), torch.from_numpy(batch.lengths)

    @torch.no_grad()
    def _decode(self, sentences: Sequence[Sequence[str]]) -> list[list[int]]:
        return self.crf.decode(*self.emissions(sentences))


class FloatScorer:
    """Emission scores by the tagger itself, its projection of the language models' features split in two."""

    def __init__(self, tagger: Tagger, lm: BidirectionalLM | None, precision: Precision):
        self.tagger = copy.deepcopy(tagger).eval().requires_grad_(False)
        self.lm, self.precision = lm, getattr(torch, precision)
        if precision != "float32":
            self.tagger.to(self.precision)
            self.tagger.precision = self.precision
            self.tagger.crf = tagger.crf
        if lm is not None:
            self.weights = torch.split(self.tagger.lm_projection.weight, list(lm.widths), 1)
            self.stacks = [copy.deepcopy(model.rnn).to(self.precision) for model in (lm.forward_lm, lm.backward_lm)]

    def emissions(self, batch: BulkBatch) -> Tensor:
        """Of a batch, (N, T, K, float32)."""
        return self.tagger.score(batch.padded(), None if self.lm is None else self._project(self.lm, batch))

    def _project(self, lm: BidirectionalLM, batch: BulkBatch) -> Tensor:
        tokens = batch.padded_tokens()
        rows = reversal(torch.from_numpy(batch.lengths), len(tokens))
        models = (lm.forward_lm, lm.backward_lm)
        from_left, from_right = (
            F.linear(stack(model.embedding(read).to(self.precision))[0], weight).float()
            for model, stack, weight, read in zip(
                models, self.stacks, self.weights, (tokens, tokens.gather(0, rows)), strict=True
            )
        )
        projected = from_left + take_rows(from_right, rows) + self.tagger.lm_projection.bias
        return projected.to(self.precision)


class Int8Scorer:
    """Emission scores in 8-bit integers."""

    def __init__(self, tagger: Tagger, lm: BidirectionalLM | None):
        self.tagger, self.lm = Int8Tagger(tagger), lm
        if lm is not None:
            self.bias = tagger.lm_projection.bias.detach()
            weights = torch.split(tagger.lm_projection.weight.detach(), list(lm.widths), 1)
            models = (lm.forward_lm, lm.backward_lm)
            self.stacks = [Int8DenseLSTM(model.rnn, weight) for model, weight in zip(models, weights, strict=True)]

    def emissions(self, batch: BulkBatch) -> Tensor:
        """Of a batch, (N, T, K, float32)."""
        packing = Packing.of(batch.lengths)
        projected = None if self.lm is None else self._project(self.lm, batch, packing)
        return batch.pad(self.tagger.score(batch, packing, projected))

    def _project(self, lm: BidirectionalLM, batch: BulkBatch, packing: Packing) -> Tensor:
        """What the tagger reads of both language models at each place (S, P)."""
        projected = self.bias
        models, places = (lm.forward_lm, lm.backward_lm), (packing.from_left, packing.from_right)
        for model, stack, place in zip(models, self.stacks, places, strict=True):
            packed = np.empty_like(batch.rows)
            packed[place] = batch.rows
            output = stack(model.embedding.weight[batch.tokens], packed, packing.running)
            projected = projected + output[torch.from_numpy(place)]
        return projected


def _batches(lengths: Sequence[int], threads: int) -> Iterator[list[int]]:
    """Indices of sentences that have words, the longest first, in batches of about equal numbers of words."""
    words = max(1, min(BATCH_WORDS, sum(lengths) // (BATCHES_PER_THREAD * threads)))
    batch: list[int] = []
    for index in sorted((i for i in range(len(lengths)) if lengths[i]), key=lambda i: (-lengths[i], i)):
        if batch and (len(batch) + 1) * lengths[batch[0]] > words:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
