"""Tagging in bulk: long batches of about equal length, a thread per processor, lower precision on request."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

from ldnet.crf.transitions import Transitions
from ldnet.decoding.bulk_batches import BulkEncoder
from ldnet.decoding.packed_tagger import PackedTagger
from ldnet.decoding.precision import DecodingPrecision
from ldnet.decoding.weights import TaggerWeights
from ldnet.processors import processors
from ldnet.text.lexicon import Lexicon

BATCH_WORDS = 3000
BATCHES = 8  # at least, so that threads end at about the same time; batches do not depend on how many there are
Found = TypeVar("Found")


class BulkTagger:
    """Tags many sentences with one tagger and the language models it was trained on.

    In float32, scores are those of the training's forward pass. "int8" computes recurrent layers in 8-bit integers and
    other products but the CRF's in bfloat16; it needs a CPU with such instructions to be faster. `threads` compute at
    the same time; left out, as many as there are processors.
    """

    def __init__(
        self,
        weights: TaggerWeights,
        lexicon: Lexicon,
        precision: DecodingPrecision = "float32",
        threads: int | None = None,
    ):
        self.lexicon, self.threads = lexicon, threads
        self.crf = Transitions(weights.tensors["crf.transitions"].detach(), weights.start_tag, weights.end_tag)
        self.encoder = BulkEncoder(lexicon, weights.vocabulary)
        self.packed = PackedTagger(weights, precision)

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """The best tags of each sentence, in the order given. An empty sentence has none."""
        paths = self.read(sentences, self.crf.decode)
        return [[] if path is None else self.lexicon.tag_names(path) for path in paths]

    def read(
        self, sentences: Sequence[Sequence[str]], reading: Callable[[Tensor, Tensor], Sequence[Found]]
    ) -> list[Found | None]:
        """What `reading` finds for each sentence, in the order given, and None for an empty one.

        It is called on the `emissions` and lengths of one batch after the other, in several threads.
        """
        results: list[Found | None] = [None for _ in sentences]
        batches = list(_batches([len(sentence) for sentence in sentences]))

        @torch.no_grad()
        def read_batch(batch: Sequence[int]) -> Sequence[Found]:
            return reading(*self.emissions([sentences[index] for index in batch]))

        # Threads scale better over batches than within the small products of a recurrent step.
        workers = self.threads or processors()
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for batch, found in zip(batches, pool.map(read_batch, batches), strict=True):
                for index, of_sentence in zip(batch, found, strict=True):
                    results[index] = of_sentence
        return results

    @torch.no_grad()
    def emissions(self, sentences: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
        """Emission scores (B, T, K, float32) of one batch of sentences, and their lengths in steps (B)."""
        batch = self.encoder.encode(sentences)
        return batch.pad(self.packed.emissions(batch)), torch.from_numpy(batch.lengths)


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
