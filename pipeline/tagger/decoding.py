"""Tagging in bulk: long batches of about equal length, a thread per processor, lower precision on request."""

import copy
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.data.lexicon import Lexicon
from pipeline.language_model.features import BidirectionalLM, pad_tokens
from pipeline.language_model.int8 import Int8DenseLSTM
from pipeline.language_model.model import LanguageModel
from pipeline.language_model.sequences import reversal, take_rows
from pipeline.tagger.batches import collate, encode_sentence
from pipeline.tagger.model import Tagger
from pipeline.tagger.training import tag_names

BATCH_WORDS = 3000
DecodingPrecision = Literal["float32", "bfloat16", "int8"]
Projection = Callable[[Tensor], Tensor]  # tokens (T, B) to what the tagger reads of one direction (T, B, P)


class BulkTagger:
    """Tags many sentences with one tagger and the language models it was trained on.

    In float32, scores are those of `Tagger.emissions`. "bfloat16" rounds all products but the CRF's to it; "int8" in
    addition computes the language models in 8-bit integers. Both need a CPU with such instructions to be faster.
    """

    def __init__(
        self, tagger: Tagger, lm: BidirectionalLM | None, lexicon: Lexicon, precision: DecodingPrecision = "float32"
    ):
        self.lexicon, self.lm = lexicon, lm
        self.tagger = copy.deepcopy(tagger).eval().requires_grad_(False)
        self.projections: list[Projection] = []
        if lm is not None:
            weights = torch.split(self.tagger.lm_projection.weight, list(lm.widths), 1)
            self.bias = self.tagger.lm_projection.bias
            self.projections = [
                _projection(model, weight, precision)
                for model, weight in zip((lm.forward_lm, lm.backward_lm), weights, strict=True)
            ]
        if precision != "float32":
            self.tagger.bfloat16()
            self.tagger.precision = torch.bfloat16
            self.tagger.crf = tagger.crf

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """The best tags of each sentence, in the order given. An empty sentence has none."""
        tags: list[list[str]] = [[] for _ in sentences]
        batches = list(_batches([len(sentence) for sentence in sentences]))
        # Threads scale better over batches than within the small products of a recurrent step.
        with ThreadPoolExecutor(os.cpu_count(), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            decoded = pool.map(lambda batch: self._decode([sentences[index] for index in batch]), batches)
            for batch, paths in zip(batches, decoded, strict=True):
                for index, path in zip(batch, paths, strict=True):
                    tags[index] = tag_names(path, self.lexicon)
        return tags

    @torch.no_grad()
    def emissions(self, sentences: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
        """Emission scores (B, T, K, float32) of one batch of sentences, and their lengths in steps (B)."""
        batch = collate([encode_sentence(words, (), self.lexicon) for words in sentences])
        projected = self._project(sentences) if self.projections else None
        return self.tagger.score(batch, projected).float(), batch.lengths

    @torch.no_grad()
    def _decode(self, sentences: Sequence[Sequence[str]]) -> list[list[int]]:
        return self.tagger.crf.decode(*self.emissions(sentences))

    def _project(self, sentences: Sequence[Sequence[str]]) -> Tensor:
        assert self.lm is not None
        tokens, lengths = pad_tokens([self.lm.encode(words) for words in sentences])
        rows = reversal(lengths, len(tokens))
        from_left, from_right = self.projections
        projected = from_left(tokens) + take_rows(from_right(tokens.gather(0, rows)), rows) + self.bias
        return projected.to(self.tagger.word_embedding.trainable.weight.dtype)


def _projection(model: LanguageModel, weight: Tensor, precision: DecodingPrecision) -> Projection:
    """What the tagger reads of one language model; `weight` (P, D + L H) are its columns of the tagger's projection."""
    if precision == "int8":
        quantised = Int8DenseLSTM(model.rnn, weight)
        return lambda tokens: quantised(model.embedding.weight, tokens)
    stack = copy.deepcopy(model.rnn).to(getattr(torch, precision))
    weight = weight.to(getattr(torch, precision))
    return lambda tokens: F.linear(stack(model.embedding(tokens).to(weight.dtype))[0], weight).float()


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of sentences that have words, about BATCH_WORDS words a batch, the longest sentences first."""
    batch: list[int] = []
    for index in sorted((i for i in range(len(lengths)) if lengths[i]), key=lambda i: (-lengths[i], i)):
        if batch and (len(batch) + 1) * lengths[batch[0]] > BATCH_WORDS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
