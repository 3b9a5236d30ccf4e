"""Steps of a tagger's optimiser on labelled or taught sentences, at a rate that falls in a line to 0."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.execution.finite import Watch
from pipeline.tagger.batches import collate
from pipeline.tagger.model import Tagger
from pipeline.tagger.tagging_data import TaggingData


def parameter_groups(tagger: Tagger, learning_rate: float, word_rate: float) -> list[dict[str, Any]]:
    """All weights in two groups for an optimiser: the word embeddings learn at `word_rate` times the rate of the rest.

    Most words are rare, and Adam goes on moving a row for many steps after each of the few that read it. At the full
    rate, vectors of words in training leave those of words that only dev and test have.
    """
    words = tagger.word_embedding.trainable.weight
    others = [weight for weight in tagger.parameters() if weight is not words]
    return [{"params": others, "lr": learning_rate}, {"params": [words], "lr": word_rate * learning_rate}]


class OptimizerSteps:
    """The steps of one training, `count` in all, on batches of the training sentences of `data`."""

    def __init__(
        self,
        tagger: Tagger,
        data: TaggingData,
        optimizer: torch.optim.Optimizer,
        clip_norm: float,
        count: int,
        watch: Watch,
    ):
        self.tagger, self.data, self.optimizer, self.clip_norm, self.watch = tagger, data, optimizer, clip_norm, watch
        self.count = count
        self.schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, count)

    @property
    def taken(self) -> int:
        """How many steps have been taken."""
        return self.schedule.last_epoch

    def take(
        self, indices: Sequence[int], features: Tensor | None, when: str, targets: tuple[Tensor, Tensor] | None = None
    ) -> float:
        """One step on the sentences `indices`, with language-model `features` (T, B, F); its loss in nats a sentence.

        Raises DivergedError, which says `when`, where the loss or the gradient is not finite.
        """
        batch = collate([self.data.encoded_train[index] for index in indices])
        loss = self.tagger(batch, features, targets)
        words = [self.data.train[index].words for index in indices]
        check = partial(self.watch.check, when=when, batch=vars(batch), words=words)
        check("the loss", loss)
        self.optimizer.zero_grad()
        loss.backward()
        check("the gradient's norm", nn.utils.clip_grad_norm_(self.tagger.parameters(), self.clip_norm))
        self.optimizer.step()
        self.schedule.step()
        nats: float = loss.item()
        return nats
