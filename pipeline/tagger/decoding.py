"""Tagging in bulk: long batches of about equal length, a thread per processor, lower precision on request."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from pipeline.data.lexicon import Lexicon
from pipeline.language_model.features import BidirectionalLM
from pipeline.language_model.packed_lstm import DecodingPrecision
from pipeline.processes import processors
from pipeline.tagger.bulk_batches import BulkEncoder
from pipeline.tagger.model import Tagger
from pipeline.tagger.packed_tagger import PackedTagger
from pipeline.tagger.training import tag_names

BATCH_WORDS = 3000
BATCHES = 8  # at least, so that threads end at about the same time; batches do not depend on how many there are


class BulkTagger:
    """Tags many sentences with one tagger and the language models it was trained on.

    In float32, scores are those of `Tagger.emissions`. "int8" computes recurrent layers in 8-bit integers and other
    products but the CRF's in bfloat16; it needs a CPU with such instructions to be faster.
    """

    def __init__(
        self, tagger: Tagger, lm: BidirectionalLM | None, lexicon: Lexicon, precision: DecodingPrecision = "float32"
    ):
        self.lexicon, self.crf = lexicon, tagger.crf
        self.encoder = BulkEncoder(lexicon, lm)
        self.packed = PackedTagger(tagger, lm, precision)

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """The best tags of each sentence, in the order given. An empty sentence has none."""
        tags: list[list[str]] = [[] for _ in sentences]
        batches = list(_batches([len(sentence) for sentence in sentences]))
        # Threads scale better over batches than within the small products of a recurrent step.
        with ThreadPoolExecutor(processors(), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            decoded = pool.map(lambda batch: self._decode([sentences[index] for index in batch]), batches)
            for batch, paths in zip(batches, decoded, strict=True):
                for index, path in zip(batch, paths, strict=True):
                    tags[index] = tag_names(path, self.lexicon)
        return tags

    @torch.no_grad()
    def emissions(self, sentences: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
        """Emission scores (B, T, K, float32) of one batch of sentences, and their lengths in steps (B)."""
        batch = self.encoder.encode(sentences)
        return batch.pad(self.packed.emissions(batch)), torch.from_numpy(batch.lengths)

    @torch.no_grad()
    def _decode(self, sentences: Sequence[Sequence[str]]) -> list[list[int]]:
        return self.crf.decode(*self.emissions(sentences))


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of sentences that have words, the longest first, in batches of about equal numbers of words."""
    words = max(1, min(BATCH_WORDS, sum(lengths) // BATCHES))
    batch: list[int] = []
    for index in sorted((i for i in range(len(lengths)) if lengths[i]), key=lambda i: (-lengths[i], i)):
        if batch and (len(batch) + 1) * lengths[batch[0]] > words:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
