"""What a tagger is trained towards, where that is more than one path of tags: distributions over paths (distillation).

A CRF's cross entropy relative to a distribution needs of it only the probability of each tag at each step and how often
each transition is expected (`CRF.cross_entropy`). Both are linear, so the mean of several teachers is the mean of
theirs, and a mixture with the gold path is a mixture with its zeros and ones. They are computed once, with all layers
of the language models, and kept on disk. Shapes: B sentences, T steps of the longest, K tags.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from ldnet.errors import InputError, StageFileError
from ldnet.files import JsonObject, write_json
from pipeline.execution.stored import check_numbers, load_array, reserve
from pipeline.features.contextual import BidirectionalLM, live_features
from pipeline.features.sequences import batches_by_length, padded_length
from pipeline.tagger.batches import EncodedSentence, collate
from pipeline.tagger.model import Tagger

MARGINALS, TRANSITIONS = "marginals.npy", "transitions.npy"
PROGRESS = "progress.json"
BATCH_SENTENCES, CHECKPOINT_BATCHES = 64, 20
STAGE = "soft_targets"
SUM_TOLERANCE = 0.01  # rounding leaves less than a millionth


@dataclass(frozen=True, eq=False)
class SoftTargets:
    """The targets of many sentences, memory-mapped."""

    marginals: NDArray[np.float32]  # (steps of all sentences, K)
    transitions: NDArray[np.float32]  # (sentences, from, to)
    offsets: list[int]  # where each sentence's steps start, and the end

    def batch(self, sentences: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Tag probabilities (B, T, K), zeros as padding, and expected transitions (B, from, to) of these sentences."""
        lengths = [self.offsets[index + 1] - self.offsets[index] for index in sentences]
        marginals = np.zeros((len(sentences), padded_length(lengths), self.marginals.shape[1]), np.float32)
        for row, (index, length) in enumerate(zip(sentences, lengths, strict=True)):
            marginals[row, :length] = self.marginals[self.offsets[index] : self.offsets[index] + length]
        return torch.from_numpy(marginals), torch.from_numpy(self.transitions[list(sentences)])


def open_soft_targets(
    folder: Path, sentences: Sequence[EncodedSentence], mode: Literal["r", "r+"] = "r", *, whole: bool = True
) -> SoftTargets:
    """The targets in `folder`, which are those of these sentences. Raises InputError for missing and damaged files.

    Those that are not `whole` yet have zeros in place of what is still to be written.
    """
    offsets = np.cumsum([0, *(len(sentence.words) for sentence in sentences)]).tolist()
    marginals = load_array(folder / MARGINALS, np.float32, (offsets[-1], None), STAGE, mode)
    tags = marginals.shape[1]
    transitions = load_array(folder / TRANSITIONS, np.float32, (len(sentences), tags, tags), STAGE, mode)
    for name, values in {MARGINALS: marginals, TRANSITIONS: transitions}.items():
        check_numbers(folder / name, values, lambda piece: np.isfinite(piece) & (piece >= 0), "probabilities", STAGE)
    if whole:
        expected = "probabilities that add up to 1 in each row"
        check_numbers(folder / MARGINALS, marginals, lambda rows: abs(rows.sum(1) - 1) < SUM_TOLERANCE, expected, STAGE)
    return SoftTargets(marginals, transitions, offsets)


@torch.no_grad()
def write_soft_targets(
    teachers: Sequence[Tagger],
    lm: BidirectionalLM,
    words: Sequence[Sequence[str]],
    sentences: Sequence[EncodedSentence],
    labelled: int,
    weight: float,
    folder: Path,
) -> float:
    """Write the targets of `sentences`, given as `words` too; the mean probability that the teachers give to gold tags.

    The first `labelled` sentences have gold tags: their target is (1 - weight) gold + weight mean of the teachers. The
    target of the others is the teachers' mean. How far this has come is noted in `folder` as well, so that another call
    resumes there. Raises InputError where the disk has no space for the targets, and NotFiniteError for teachers whose
    scores are not finite.
    """
    batches = batches_by_length([len(sentence.words) for sentence in sentences], BATCH_SENTENCES)
    progress = _begun(folder, sentences, teachers[0].config.tags)
    targets = open_soft_targets(folder, sentences, "r+", whole=False)
    features = live_features(lm, words)
    bar = {"initial": progress.batches, "total": len(batches)}
    for indices in tqdm(batches[progress.batches :], desc="soft targets", unit=" batches", disable=None, **bar):
        batch, of_lm = collate([sentences[index] for index in indices]), features(indices)
        taught = [teacher.crf.marginals(teacher.emissions(batch, of_lm), batch.lengths) for teacher in teachers]
        marginals, transitions = (torch.stack(values).mean(0) for values in zip(*taught, strict=True))
        for row, index in enumerate(indices):
            length = len(sentences[index].words)
            of_sentence, counts = marginals[row, :length], transitions[row]
            if index < labelled:
                gold, gold_counts = one_path(sentences[index].tags, teachers[0])
                progress.agreement += float((gold * of_sentence)[:-1].sum())  # without the end, which is certain
                progress.gold_steps += length - 1
                of_sentence = (1 - weight) * gold + weight * of_sentence
                counts = (1 - weight) * gold_counts + weight * counts
            targets.marginals[targets.offsets[index] : targets.offsets[index + 1]] = of_sentence.numpy()
            targets.transitions[index] = counts.numpy()
        progress.batches += 1
        if progress.batches % CHECKPOINT_BATCHES == 0 or progress.batches == len(batches):
            for values in (targets.marginals, targets.transitions):
                values.flush()  # type: ignore[attr-defined]  # memory-mapped
            write_json(folder / PROGRESS, asdict(progress))
    return progress.agreement / progress.gold_steps


def _begun(folder: Path, sentences: Sequence[EncodedSentence], tags: int) -> "_Progress":
    """How far the targets in `folder` have come; if none are there, empty files of their size are made."""
    if (folder / PROGRESS).exists():
        with _checkpoint_in(folder):
            progress = _Progress.read(folder / PROGRESS)
            # To write would make a file that is cut short as long as it should be.
            open_soft_targets(folder, sentences, whole=False)
        return progress
    folder.mkdir(parents=True, exist_ok=True)
    shapes = {
        MARGINALS: (sum(len(sentence.words) for sentence in sentences), tags),
        TRANSITIONS: (len(sentences), tags, tags),
    }
    for name, shape in shapes.items():
        open_memmap(folder / name, "w+", np.float32, shape).flush()
        reserve(folder / name)
    return _Progress()


def move_soft_targets(folder: Path, out: Path) -> None:
    """Bring the targets that are whole in `folder` to `out`. Once this has begun, `folder` has no targets any more."""
    (folder / PROGRESS).unlink()
    for name in (MARGINALS, TRANSITIONS):
        shutil.move(folder / name, out / name)


@dataclass
class _Progress:
    """How many batches are written, and what their sentences add to the agreement of teachers and gold tags."""

    batches: int = 0
    agreement: float = 0.0
    gold_steps: int = 0

    @classmethod
    def read(cls, path: Path) -> "_Progress":
        found = JsonObject.read(path)
        return cls(found.whole("batches"), found.number("agreement", 0.0), found.whole("gold_steps"))


@contextmanager
def _checkpoint_in(folder: Path) -> Iterator[None]:
    """What is wrong with the files in `folder`, which are a checkpoint here, is mended by deleting them."""
    try:
        yield
    except InputError as error:
        found = error.problem if isinstance(error, StageFileError) else error
        raise InputError(f"{found}; delete {folder} to start from scratch") from None


def one_path(tags: Sequence[int], tagger: Tagger) -> tuple[Tensor, Tensor]:
    """A certain path as a distribution: its tags (T, K) and transitions (from, to), that out of `<s>` included."""
    marginals = torch.zeros(len(tags), tagger.config.tags)
    marginals[torch.arange(len(tags)), torch.tensor(tags)] = 1.0
    transitions = torch.zeros(tagger.config.tags, tagger.config.tags)
    for before, after in zip([tagger.config.start_tag, *tags], tags, strict=False):
        transitions[before, after] += 1
    return marginals, transitions
