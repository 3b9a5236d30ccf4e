"""What a long stage would do and cost: a few of its steps are taken and timed; only a temporary folder is written to.

No result depends on this, so it is no part of the stages' scripts: a change of it runs nothing again.
"""

import math
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from pipeline.checkpoints import Computation, folder_of
from pipeline.durations import duration
from pipeline.execution.memory import ADAM_COPIES
from pipeline.execution.processes import processes_for
from pipeline.execution.reproducible import set_up
from pipeline.execution.snapshots import progress_in
from pipeline.features.contextual import (
    BidirectionalLM,
    load_bidirectional_lm,
    open_feature_table,
    write_feature_table,
)
from pipeline.language_model.model import LanguageModel
from pipeline.params import LMParams, Precision, load_params
from pipeline.pretraining import data_parallel
from pipeline.pretraining import encoded_corpus as corpus
from pipeline.pretraining import lm_training as pretraining
from pipeline.pretraining.data_parallel import Workers
from pipeline.pretraining.encoded_corpus import Corpus
from pipeline.pretraining.streams import steps_of_shard
from pipeline.selection.methods import METHODS, TRAINED
from pipeline.selection.selection import Selection, SelectionTask
from pipeline.six_taggers import language_models_of, tagger_name
from pipeline.tagger.model import Tagger, configure, initialise, load_tagger
from pipeline.tagger.tagging_data import TaggingData, load_tagging_data
from pipeline.tagger.training import Features, train_tagger

WARM_STEPS, TIMED_STEPS, TIMED_SECONDS = 2, 20, 5.0
SAMPLE_BATCHES = 12
HELDOUT_TOKENS = 20_000
TAGGER_COPIES = ADAM_COPIES + 1  # and the weights of the best epoch
Options = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a stage would do, in how many seconds by `timing`, in how many processes, and the bytes it would write."""

    work: str
    seconds: float
    timing: str
    processes: int
    out: Path
    out_bytes: int
    temporary_bytes: int  # under .checkpoints, until the stage has succeeded
    preparing: float = 0.0  # of the seconds, those before the first epoch


def report(stage: str, options: Options, computation: Callable[..., Computation]) -> str:
    """The cost of the stage with these options of its command, in words. Raises InputError as the stage would.

    `computation` gives what it would compute, and so where its checkpoints are.
    """
    cost, peak = measure(stage, options)
    home = next(folder for folder in (cost.out, *cost.out.absolute().parents) if folder.exists())
    each = f" in each of {cost.processes} processes" if cost.processes > 1 else ""
    lines = {
        "would do": cost.work,
        "resumes": _resumption(folder_of(computation(**options).description())),
        "time": f"about {duration(cost.seconds)}, on a machine as busy as now: {cost.timing}",
        "memory": f"about {size(peak)}{each}, the peak of the steps that were timed",
        "disk": f"{size(cost.out_bytes)} in {cost.out}, {size(cost.temporary_bytes)} in .checkpoints until done; "
        f"{size(shutil.disk_usage(home).free)} are free",
    }
    return "\n".join([f"{stage}, dry run: nothing is written", *(f"  {key:<9} {text}" for key, text in lines.items())])


def measure(stage: str, options: Options) -> tuple[Cost, int]:
    """The cost of the stage, and the bytes of memory that this process has taken at most. Raises InputError."""
    costs = {
        "pretrain_lm": _pretrain_lm,
        "train_tagger": _train_tagger,
        "select": _select,
    }
    return costs[stage](options), peak_memory()


def peak_memory() -> int:
    """The bytes of memory that this process has taken at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _resumption(folder: Path) -> str:
    """What is left of a run that was stopped, and so need not be done again."""
    states = progress_in(folder)
    return f"from {folder}: {'; '.join(states) or 'no epoch'}" if folder.exists() else "from nothing: no checkpoint"


def _pretrain_lm(options: Options) -> Cost:
    params = load_params(options["params_path"])
    set_up(params.seed, params.threads)
    lm = params.pretrain_lm
    text = corpus.load(options["corpus_folder"]).first(lm.tokens)
    model = LanguageModel(pretraining.configure(lm, len(text.vocabulary)))
    pretraining.embed_vectors(model, text.vectors)
    reverse = options["direction"] == "backward"
    steps = lm.epochs * sum(steps_of_shard(shard, lm.streams, lm.steps) for shard in text.shards)
    workers = data_parallel.join()
    _take_steps(model, text, lm, workers, reverse, WARM_STEPS)
    first = _take_steps(model, text, lm, workers, reverse, 1)
    most = max(steps_of_shard(shard, lm.streams, lm.steps) for shard in text.shards)  # that _take_steps takes
    count = max(1, min(TIMED_STEPS, most, int(TIMED_SECONDS / first)))
    step = _take_steps(model, text, lm, workers, reverse, count) / count
    part = text.heldout[:HELDOUT_TOKENS]
    heldout = _seconds(lambda: pretraining.perplexity(model, part, reverse=reverse)) * len(text.heldout) / len(part)
    return Cost(
        work=f"{options['direction']}: {lm.layers} layers of {lm.units}, {steps:,} steps of {lm.streams} x {lm.steps} "
        f"tokens, {lm.epochs} epochs, {params.threads} threads; then perplexity on {len(text.heldout):,} tokens",
        seconds=steps * step + heldout,
        timing=f"{step:.3g} s a step ({count} timed), {heldout:.3g} s for the perplexity",
        processes=1,
        out=options["out"],
        out_bytes=_bytes(model) + sum(len(word.encode()) + 4 for word in text.vocabulary),
        temporary_bytes=ADAM_COPIES * _bytes(model),
    )


def _take_steps(model: LanguageModel, text: Corpus, lm: LMParams, workers: Workers, reverse: bool, count: int) -> float:
    """The seconds of `count` steps, or of as many as the longest shard has."""
    longest = max(text.shards, key=len)
    part = replace(text, shards=[longest[: lm.streams * (count * lm.steps + 1)]])
    lm = lm.model_copy(update={"epochs": 1})
    return _seconds(
        lambda: list(
            pretraining.pretrain(model, part, lm, 0, None, reverse=reverse, checkpoint_steps=count, workers=workers)
        )
    )


def _train_tagger(options: Options) -> Cost:
    params = load_params(options["params_path"])
    taught = options["targets"] is not None
    training = params.train_taught.training(params.train_tagger) if taught else params.train_tagger
    data = load_tagging_data(options["conll"], options["targets"])
    set_up(training.seeds[0], params.threads)
    sample, share = _sample(data, SAMPLE_BATCHES * training.batch_sentences)
    lms = language_models_of(options["variant"], options["lm"], params) if options["lm"] else []
    lm = load_bidirectional_lm(lms[0]) if lms else None
    width, steps_in_all = sum(lm.widths) if lm else 0, sum(len(words) + 1 for words in data.words)
    tagger = Tagger(configure(training, data.lexicon, width))
    initialise(tagger, data.lexicon)
    with tempfile.TemporaryDirectory() as scratch:
        table = Path(scratch) / "features"
        features, made = (None, 0.0) if lm is None else _timed_features(lm, sample, table, training.precision)
        twice = training.model_copy(update={"epochs": 2})  # the first epoch warms up
        _, epoch = _times(train_tagger(tagger, sample, features, twice, seed=training.seeds[0], label="timing"))
    making, epoch = made / share, epoch / share
    workers = processes_for(len(training.seeds), params.threads)
    name = tagger_name(options["variant"], "taught" if taught else "gold")
    rounds = math.ceil(len(training.seeds) / workers)
    return Cost(
        work=f"{name}: {len(training.seeds)} seeds, {workers} at a time, {training.epochs} epochs of "
        f"{len(data.train):,} sentences in batches of {training.batch_sentences}",
        seconds=len(set(lms)) * making + rounds * training.epochs * epoch,
        timing=f"{epoch:.3g} s an epoch with its scoring ({share:.0%} timed)"
        + (f", {making:.3g} s for the features of the language models" if lm else ""),
        processes=workers,
        out=options["out"],
        out_bytes=len(training.seeds) * _bytes(tagger),
        temporary_bytes=len(set(lms)) * steps_in_all * width * (4 if training.precision == "float32" else 2)
        + len(training.seeds) * TAGGER_COPIES * _bytes(tagger),
        preparing=making,
    )


def _timed_features(
    lm: BidirectionalLM, sample: TaggingData, table: Path, precision: Precision
) -> tuple[Features, float]:
    """The features of the sample, and the seconds that making them took."""
    seconds = _seconds(lambda: write_feature_table(lm, sample.words, table, precision))
    return open_feature_table(table, sample.words, sum(lm.widths), precision).batch, seconds


def _select(options: Options) -> Cost:
    params = load_params(options["params_path"])
    seed, select, tagging = params.train_tagger.seeds[0], params.select, params.train_tagger
    set_up(seed, params.threads)
    tagger, data = load_tagger(options["tagger_folder"] / f"seed-{seed}"), load_tagging_data(options["conll"])
    lm = load_bidirectional_lm(options["lm"])
    lm.compute_in(select.precision)
    batches = math.ceil(SAMPLE_BATCHES / select.batches_per_gate_step) * select.batches_per_gate_step
    sample, share = _sample(data, batches * tagging.batch_sentences)
    # One epoch to warm up, one with gates that move, one with gates that stay, which costs less.
    three = select.model_copy(update={"epochs": 3, "enforce_epoch": 2})
    task = SelectionTask(tagger, Selection.of(lm), sample, three, tagging, seed)
    times = [seconds / share for seconds in _times(METHODS[select.method](task))]
    if select.method in TRAINED:
        _, moving, staying = times
        work = f"epochs of {len(data.train):,} sentences, {select.enforce_epoch} of them with gates that move"
        work, seconds = f"{select.epochs} {work}", select.enforce_epoch * (moving - staying) + select.epochs * staying
        timing = f"{moving:.3g} s an epoch with moving gates, {staying:.3g} s one without"
    else:
        work, seconds, timing = f"the method {select.method}", sum(times), f"{sum(times):.3g} s a selection"
    return Cost(
        work=f"{select.repeats} selections, each of {work}; at most {select.max_layers} of "
        f"{len(task.selection.gates)} layers",
        seconds=select.repeats * seconds,
        timing=f"{timing} ({share:.0%} timed)",
        processes=1,
        out=options["out"],
        out_bytes=select.repeats * _bytes(tagger),
        temporary_bytes=select.repeats * TAGGER_COPIES * _bytes(tagger),
    )


def _sample(data: TaggingData, sentences: int) -> tuple[TaggingData, float]:
    """So many labelled sentences of train, drawn at random, as large a share of dev, and what share of all it is."""
    count = min(sentences, data.labelled)
    share = count / len(data.train)
    train, dev = _draw(data.labelled, count), _draw(len(data.dev), math.ceil(share * len(data.dev)))
    drawn = TaggingData(
        lexicon=data.lexicon,
        train=[data.train[index] for index in train],
        dev=[data.dev[index] for index in dev],
        encoded_train=[data.encoded_train[index] for index in train],
    )
    return drawn, share


def _draw(count: int, drawn: int) -> Sequence[int]:
    return random.Random(0).sample(range(count), drawn)


def _times(records: Iterator[Any]) -> list[float]:
    """The seconds until each record came."""
    times, before = [], time.perf_counter()
    for _ in records:
        now = time.perf_counter()
        times.append(now - before)
        before = now
    return times


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _bytes(model: nn.Module) -> int:
    return sum(tensor.nbytes for tensor in model.state_dict().values())


def size(count: float) -> str:
    """Bytes in words."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
