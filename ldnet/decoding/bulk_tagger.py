"""Tagging in bulk: long batches of about equal length, a thread per processor, lower precision on request.

A sentence of more than LONGEST_WHOLE words is scored in windows that overlap, and decoded as a whole: the CRF's best
path, probabilities and several best paths are exact for these scores (see `ldnet.text.windows`).
"""

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
from ldnet.errors import InputError
from ldnet.processors import processors
from ldnet.text.lexicon import WORD_CHARACTERS, Lexicon
from ldnet.text.windows import LONGEST_WHOLE, windows

BATCH_WORDS = 3000
BATCH_CHARACTERS = 1 << 16  # of words as they are read; ordinary text has three times fewer in BATCH_WORDS
LEAST_WORDS = 500  # of a batch, if there are so many: a step of few sentences costs nearly as much as one of many
BATCHES = 8  # at least, so that threads end at about the same time; batches do not depend on how many there are
MOST_SCORE = 1e6  # of larger ones, summed over a long sentence, what is left for probabilities is rounding
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
        _check_scores("the CRF's transitions", self.crf.scores)

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
        long = [index for index, words in enumerate(sentences) if len(words) > LONGEST_WHOLE]
        batches = list(_batches([words if len(words) <= LONGEST_WHOLE else () for words in sentences]))

        @torch.no_grad()
        def read_batch(batch: Sequence[int]) -> Sequence[Found]:
            return reading(*self.emissions([sentences[index] for index in batch]))

        @torch.no_grad()
        def read_long(emissions: Tensor) -> Found:
            return reading(emissions.unsqueeze(0), torch.tensor([len(emissions)]))[0]

        # Threads scale better over batches than within the small products of a recurrent step.
        workers = self.threads or processors()
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for batch, found in zip(batches, pool.map(read_batch, batches), strict=True):
                for index, of_sentence in zip(batch, found, strict=True):
                    results[index] = of_sentence
            scored = self._score_in_windows([sentences[index] for index in long], pool)
            for index, of_sentence in zip(long, pool.map(read_long, scored), strict=True):
                results[index] = of_sentence
        return results

    def _score_in_windows(self, sentences: Sequence[Sequence[str]], pool: ThreadPoolExecutor) -> list[Tensor]:
        """The emission scores (T, K) of each of these sentences, T its own, from windows of it."""
        scores = [torch.empty(len(words) + 1, len(self.lexicon.tags)) for words in sentences]
        found = windows([len(words) for words in sentences])
        read = [sentences[window.sentence][window.start : window.end] for window in found]

        def score(batch: Sequence[int]) -> None:
            emissions, _ = self.emissions([read[number] for number in batch])
            for window, of_window in zip((found[number] for number in batch), emissions, strict=True):
                scores[window.sentence][window.first : window.last] = of_window[window.kept]

        for _ in pool.map(score, _batches(read)):
            pass
        return scores

    @torch.no_grad()
    def emissions(self, sentences: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
        """Emission scores (B, T, K, float32) of one batch of sentences, and their lengths in steps (B).

        Raises InputError for scores that are not finite, of weights that are damaged.
        """
        batch = self.encoder.encode(sentences)
        scores = self.packed.emissions(batch)
        _check_scores("the tagger's scores", scores)
        return batch.pad(scores), torch.from_numpy(batch.lengths)


def _check_scores(what: str, scores: Tensor) -> None:
    if not (scores.abs() <= MOST_SCORE).all():  # as NaN is not
        damage = "its training diverged, or its weights are damaged"
        raise InputError(f"{what} are not finite, or beyond {MOST_SCORE:,.0f}: {damage}")


def _batches(sentences: Sequence[Sequence[str]]) -> Iterator[list[int]]:
    """Indices of sentences that have words, the longest first, in batches of about equal numbers of words."""
    lengths = [len(sentence) for sentence in sentences]
    words = min(BATCH_WORDS, max(LEAST_WORDS, sum(lengths) // BATCHES))
    batch: list[int] = []
    characters = 0
    for index in sorted((i for i in range(len(lengths)) if lengths[i]), key=lambda i: (-lengths[i], i)):
        more = sum(min(len(word), WORD_CHARACTERS) + 1 for word in sentences[index])
        if batch and ((len(batch) + 1) * lengths[batch[0]] > words or characters + more > BATCH_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(index)
        characters += more
    if batch:
        yield batch
