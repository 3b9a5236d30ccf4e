"""Training of the tagger: Adam or SGD with a falling rate, best epoch by dev F1.

The language models are frozen, so their features come from a table made once. The test split is never seen here.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from ldnet.errors import InputError
from ldnet.text.columns import Sentence, read_conll, read_unlabelled
from ldnet.text.lexicon import Lexicon
from ldnet.text.windows import Window, windows
from pipeline.execution.finite import Watch
from pipeline.execution.snapshots import pack, reading_snapshot, unpack, write_snapshot
from pipeline.execution.stored import check_numbers, written_by
from pipeline.params import TaggerParams
from pipeline.tagger.batches import EncodedSentence, collate, encode_sentence, shuffled_batches, sorted_batches
from pipeline.tagger.epochs import Epochs, Record
from pipeline.tagger.model import Tagger
from pipeline.tagger.scoring import span_scores
from pipeline.tagger.soft_targets import UNLABELLED, SoftTargets
from pipeline.tagger.whole_paths import WholePaths

DECODING_BATCH_SENTENCES = 64
SGD_MOMENTUM = 0.9  # paper, section 5
Features = Callable[[Sequence[int]], Tensor]  # of train and the windows of dev, by index, to features (T, B, F)


@dataclass(frozen=True)
class TaggingData:
    """The lexicon, and the train and dev sentences; unlabelled ones are the last of train.

    Dev sentences are scored in windows, of which most have one, and decoded as a whole (`whole_paths`).
    """

    lexicon: Lexicon
    train: list[Sentence]
    dev: list[Sentence]
    encoded_train: list[EncodedSentence]

    @property
    def labelled(self) -> int:
        """How many training sentences have tags."""
        return sum(bool(sentence.tags) for sentence in self.train)

    @cached_property
    def windows(self) -> list[Window]:
        """The windows of the dev sentences."""
        return windows([len(sentence.words) for sentence in self.dev])

    @cached_property
    def dev_windows(self) -> list[Sentence]:
        """What is read of the dev sentences, a window each."""
        parts = ((self.dev[window.sentence], slice(window.start, window.end)) for window in self.windows)
        return [
            Sentence(sentence.words[part], sentence.tags[part], sentence.first_line + part.start)
            for sentence, part in parts
        ]

    @cached_property
    def encoded_dev(self) -> list[EncodedSentence]:
        """The windows of the dev sentences, encoded."""
        return [encode_sentence(window.words, (), self.lexicon) for window in self.dev_windows]

    @cached_property
    def words(self) -> list[tuple[str, ...]]:
        """The words of train, then of the windows of dev: the order of language-model features."""
        return [sentence.words for sentence in (*self.train, *self.dev_windows)]


def load_tagging_data(folder: Path, targets: Path | None = None) -> TaggingData:
    """Read what prepare_conll wrote, but for the test split, and the unlabelled sentences of soft `targets`.

    Raises InputError if a file is missing or damaged.
    """
    with written_by("prepare_conll"):
        lexicon = Lexicon.load(folder / "lexicon")
        train, dev = (read_conll(folder / f"{split}.conll", 0, 1) for split in ("train", "dev"))
    vectors = folder / "lexicon" / "vectors.safetensors"
    check_numbers(vectors, lexicon.vectors, np.isfinite, "finite numbers", "prepare_conll")
    if targets is not None:
        with written_by("prepare_unlabelled"):
            train += read_unlabelled(targets / UNLABELLED)
    with written_by("prepare_conll"):
        encoded = [_encoded(sentence, lexicon, folder / "train.conll") for sentence in train]
    return TaggingData(
        lexicon=lexicon,
        train=train,
        dev=dev,
        encoded_train=encoded,
    )


def _encoded(sentence: Sentence, lexicon: Lexicon, path: Path) -> EncodedSentence:
    """A training sentence by numbers. Raises InputError for a tag that the lexicon does not have."""
    try:
        return encode_sentence(sentence.words, sentence.tags, lexicon)
    except InputError as error:
        raise InputError(f"{path}:{sentence.first_line}: {error}") from None


def train_tagger(
    tagger: Tagger,
    data: TaggingData,
    features: Features | None,
    params: TaggerParams,
    seed: int,
    label: str,
    row: int = 0,
    targets: SoftTargets | None = None,
    checkpoint: Path | None = None,
) -> Iterator[Record]:
    """Train `tagger` in place; yield epoch, loss (nats a sentence) and dev_f1 (percent) after each epoch.

    At the end the tagger has the weights of the best epoch. The progress bar has this `label` and `row`. The loss
    is the cross entropy relative to the `targets` of the training sentences, or to their tags if there are none.
    State goes to `checkpoint` after each epoch. Where that file exists, training resumes from it and ends with the same
    weights as an uninterrupted one; the records made before are yielded again.
    Raises DivergedError where a loss, a gradient or a score on dev is not finite, and InputError for a damaged
    checkpoint or one that cannot be written.
    """
    watch = Watch(tagger, "learning_rate")
    rng = random.Random(seed)
    torch.manual_seed(seed)
    optimizer = make_optimizer(tagger, params)
    steps = -(-len(data.train) // params.batch_sentences) * params.epochs
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    state = Epochs(tagger, optimizer, schedule, rng)
    if checkpoint and checkpoint.is_file():
        with reading_snapshot(checkpoint):
            state.restore(*unpack(checkpoint.read_bytes()))
        yield from state.records
    done = schedule.last_epoch  # in steps
    with tqdm(total=steps, initial=done, desc=label, unit=" steps", position=row, disable=None) as progress:
        for epoch in range(len(state.records) + 1, params.epochs + 1):
            tagger.train()
            losses: list[float] = []
            for indices in shuffled_batches(data.train, params.batch_sentences, rng):
                batch = collate([data.encoded_train[index] for index in indices])
                loss = tagger(batch, features(indices) if features else None, targets and targets.batch(indices))
                words = [data.train[index].words for index in indices]
                check = partial(
                    watch.check, when=f"at step {len(losses) + 1} of epoch {epoch}", batch=vars(batch), words=words
                )
                check("the loss", loss)
                optimizer.zero_grad()
                loss.backward()
                check("the gradient's norm", nn.utils.clip_grad_norm_(tagger.parameters(), params.clip_norm))
                optimizer.step()
                schedule.step()
                losses.append(loss.item())
                progress.update()
            with watch.scoring(f"in epoch {epoch}"):
                dev_f1 = score_dev(tagger, data, features)
            state.keep_if_best(dev_f1)
            loss_of_epoch = sum(losses) / len(losses)
            state.records.append({"epoch": epoch, "loss": round(loss_of_epoch, 5), "dev_f1": round(dev_f1, 4)})
            if checkpoint:
                write_snapshot(checkpoint, pack(*state.snapshot(), f"epoch {epoch} of {params.epochs}"))
            yield state.records[-1]
    state.end()


def make_optimizer(tagger: Tagger, params: TaggerParams) -> torch.optim.Optimizer:
    """What `params.optimizer` names, for all weights that are trained."""
    if params.optimizer == "sgd":
        return torch.optim.SGD(tagger.parameters(), lr=params.learning_rate, momentum=SGD_MOMENTUM)
    return torch.optim.Adam(tagger.parameters(), lr=params.learning_rate, fused=True)


@torch.no_grad()
def score_dev(tagger: Tagger, data: TaggingData, features: Features | None) -> float:
    """Span F1 on dev, in percent. Raises NotFiniteError where a score is not finite."""
    found = WholePaths(tagger.crf, data.windows)
    tagger.eval()
    for indices in sorted_batches(data.dev_windows, DECODING_BATCH_SENTENCES):
        batch = collate([data.encoded_dev[index] for index in indices])
        lm_features = features([len(data.train) + index for index in indices]) if features else None
        found.add(indices, tagger.emissions(batch, lm_features), batch.lengths)
    predicted = [data.lexicon.tag_names(path) for path in found.paths()]
    return span_scores([sentence.tags for sentence in data.dev], predicted)[0]
