"""Training of the tagger: Adam or SGD with a falling rate, best epoch by dev F1.

The language models are frozen, so their features come from a table made once. The test split is never seen here.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from pipeline.execution.finite import Watch
from pipeline.execution.snapshots import pack, reading_snapshot, unpack, write_snapshot
from pipeline.params import TaggerParams
from pipeline.tagger.batches import collate, shuffled_batches, sorted_batches
from pipeline.tagger.epochs import EpochRecord, Epochs
from pipeline.tagger.model import Tagger
from pipeline.tagger.optimizer_steps import OptimizerSteps, parameter_groups
from pipeline.tagger.scoring import span_scores
from pipeline.tagger.soft_targets import SoftTargets
from pipeline.tagger.tagging_data import TaggingData
from pipeline.tagger.whole_paths import WholePaths

DECODING_BATCH_SENTENCES = 64
SGD_MOMENTUM = 0.9  # paper, section 5
Features = Callable[[Sequence[int]], Tensor]  # of train and the windows of dev, by index, to features (T, B, F)
ScoredWindows = tuple[Sequence[int], Tensor, Tensor]  # their numbers, emission scores (B, T, K), lengths (B) in steps


def train_tagger(
    tagger: Tagger,
    data: TaggingData,
    features: Features | None,
    params: TaggerParams,
    *,
    seed: int,
    label: str,
    row: int = 0,
    targets: SoftTargets | None = None,
    checkpoint: Path | None = None,
) -> Iterator[EpochRecord]:
    """Train `tagger` in place; yield epoch, loss (nats a sentence) and dev_f1 (percent, not rounded) after each epoch.

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
    count = -(-len(data.train) // params.batch_sentences) * params.epochs
    steps = OptimizerSteps(tagger, data, make_optimizer(tagger, params), params.clip_norm, count, watch)
    state = Epochs(tagger, steps.optimizer, steps.schedule, rng)
    if checkpoint and checkpoint.is_file():
        with reading_snapshot(checkpoint):
            state.restore(*unpack(checkpoint.read_bytes()))
        yield from state.records
    with tqdm(total=count, initial=steps.taken, desc=label, unit=" steps", position=row, disable=None) as progress:
        for epoch in range(len(state.records) + 1, params.epochs + 1):
            tagger.train()
            losses: list[float] = []
            for indices in shuffled_batches(data.train, params.batch_sentences, rng):
                when = f"at step {len(losses) + 1} of epoch {epoch}"
                of_lm = features(indices) if features else None
                losses.append(steps.take(indices, of_lm, when, targets.batch(indices) if targets else None))
                progress.update()
            with watch.scoring(f"in epoch {epoch}"):
                dev_f1 = score_dev(tagger, data, features)
            state.keep_if_best(dev_f1)
            loss = sum(losses) / len(losses)
            state.records.append({"epoch": epoch, "loss": round(loss, 5), "dev_f1": dev_f1})
            if checkpoint:
                write_snapshot(checkpoint, pack(*state.snapshot(), f"epoch {epoch} of {params.epochs}"))
            yield state.records[-1]
    state.end()


def make_optimizer(tagger: Tagger, params: TaggerParams) -> torch.optim.Optimizer:
    """What `params.optimizer` names, for all weights that are trained."""
    groups = parameter_groups(tagger, params.learning_rate, params.word_rate)
    if params.optimizer == "sgd":
        return torch.optim.SGD(groups, momentum=SGD_MOMENTUM)
    return torch.optim.Adam(groups, fused=True)


@torch.no_grad()
def score_dev(tagger: Tagger, data: TaggingData, features: Features | None) -> float:
    """Span F1 on dev, in percent. Raises NotFiniteError where a score is not finite."""
    tagger.eval()

    def scored() -> Iterator[ScoredWindows]:
        for indices in sorted_batches(data.dev_windows, DECODING_BATCH_SENTENCES):
            batch = collate([data.encoded_dev[index] for index in indices])
            lm_features = features([len(data.train) + index for index in indices]) if features else None
            yield indices, tagger.emissions(batch, lm_features), batch.lengths

    return dev_f1_of(scored(), tagger, data)


def dev_f1_of(scored: Iterable[ScoredWindows], tagger: Tagger, data: TaggingData) -> float:
    """Span F1 on dev, in percent, of the tagger's best paths through these scores, which are of all windows.

    Raises NotFiniteError where a score is not finite.
    """
    found = WholePaths(tagger.crf, data.windows)
    for indices, emissions, lengths in scored:
        found.add(indices, emissions, lengths)
    predicted = [data.lexicon.tag_names(path) for path in found.paths()]
    return span_scores([sentence.tags for sentence in data.dev], predicted)[0]
