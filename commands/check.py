"""Look at the data of the experiment that params.yaml describes, and at what it would cost. Nothing is written."""

import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from pathlib import Path

import click
from tqdm import tqdm

from ldnet.command_line import echo
from pipeline.checking.look import Look, look
from pipeline.checking.rehearsal import Rehearsal, write_rehearsal
from pipeline.durations import duration
from pipeline.execution.processes import worker_pool
from pipeline.params import Params, load_params
from stages._dry_run import Cost, Options, measure, peak_memory, size
from stages._run import StoppableCommand

PARAMS, RAW = Path("params.yaml"), Path("data/raw")
ENCODED_COPIES = 4  # of the text as numbers: the shards, and three times as much until they are done
HOW = (
    "cost, on a machine as busy as now: a few steps of prepare_corpus, pretrain_lm, train_tagger and select were timed "
    "on a sample and untrained weights; the taught and pruned taggers and soft_targets follow from train_tagger"
)


class CheckCommand(StoppableCommand):
    """A command that leaves nothing behind, also when it is interrupted."""

    resume = "nothing was written; the same command starts again"


@click.command(cls=CheckCommand, examples=["make check", "python -m commands.check"])
def main() -> None:
    """Print what the tagged sentences and the text of the language models are, what is doubtful with them, and about
    how much time, memory and disk the stages would take. Nothing is written.

    The exit status is 1 if a stage would refuse the data.
    """
    params = load_params(PARAMS)
    found = look(params, RAW)
    echo(f"{RAW / params.data}, as {PARAMS} has it read; nothing is written")
    if found.sentences is not None and found.text is not None and not found.findings.errors:
        with found.findings.keep_error():
            found.findings.lines += cost_lines(params, found)
    else:
        found.findings.lines.append("cost: not estimated, because of the errors")
    found.findings.tell()


@dataclass(frozen=True)
class Row:
    """What a stage would take: seconds, and bytes of memory and of disk, with what it deletes when it is done."""

    stage: str
    seconds: float
    memory: int
    disk: float


def cost_lines(params: Params, found: Look) -> list[str]:
    """The table of costs. Raises InputError as the stages would that are timed."""
    rows = list(_rows(params, found))
    table = [("stage", "time", "memory", "disk")]
    table += [(row.stage, duration(row.seconds), size(row.memory), size(row.disk)) for row in rows]
    in_all = duration(sum(row.seconds for row in rows))
    return [
        HOW,
        *(f"  {stage:<28}{time:>9}{memory:>11}{disk:>11}" for stage, time, memory, disk in table),
        f"  one after the other: about {in_all}, without prepare_unlabelled, prune, evaluate and report",
    ]


def _rows(params: Params, found: Look) -> Iterator[Row]:
    sentences, text = found.sentences, found.text
    assert sentences is not None and text is not None
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        rehearsal = write_rehearsal(folder, params, sentences, found.vectors, text)
        prepared = sum(path.stat().st_size for path in (folder / "conll").rglob("*") if path.is_file())
        yield Row("prepare_conll", found.seconds, peak_memory(), prepared)
        encoded = 4 * text.tokens * ENCODED_COPIES
        yield Row("prepare_corpus", rehearsal.encoding / rehearsal.share, peak_memory(), encoded)
        yield from _trainings(params, found, folder, rehearsal)


def _trainings(params: Params, found: Look, folder: Path, rehearsal: Rehearsal) -> Iterator[Row]:
    """The stages from the language models on, in the order in which they run."""
    conll, lm, out = folder / "conll", folder / "lm", Path("work")
    tagger: Options = {"params_path": PARAMS, "conll": conll, "targets": None, "out": out / "tagger"}
    jobs: dict[str, tuple[str, Options]] = {
        "lm": (
            "pretrain_lm",
            {"params_path": PARAMS, "corpus_folder": folder / "corpus", "direction": "forward", "out": out / "lm"},
        ),
        "no_lm": ("train_tagger", {**tagger, "lm": None, "variant": "no_lm"}),
        "full": ("train_tagger", {**tagger, "lm": lm, "variant": "full"}),
        "select": (
            "select",
            {"params_path": PARAMS, "conll": conll, "lm": lm, "tagger_folder": folder / "tagger", "out": out},
        ),
    }
    timed = {name: _in_a_process(*job) for name, job in tqdm(jobs.items(), desc="timing stages", disable=None)}
    rows = {name: _row(name, *measured) for name, measured in timed.items()}
    assert found.text is not None
    more = _more_tokens(params.pretrain_lm.tokens, found.text.tokens, rehearsal.share)
    pretraining = replace(rows["lm"], seconds=more * rows["lm"].seconds)
    yield replace(pretraining, stage="pretrain_lm@forward")
    yield replace(pretraining, stage="pretrain_lm@backward")
    for name in ("no_lm", "full"):
        yield replace(rows[name], stage=f"train_tagger@{name}")
    yield _soft_targets(params, found, timed["full"][0], rows["full"], rehearsal.tags)
    for name in ("no_lm", "full"):
        yield replace(_taught(params, found, timed[name][0], rows[name]), stage=f"train_taught@{name}")
    yield replace(rows["select"], stage="select")
    yield replace(rows["full"], stage="train_pruned@gold, at most")
    yield replace(_taught(params, found, timed["full"][0], rows["full"]), stage="train_pruned@taught, at most")


def _row(stage: str, cost: Cost, peak: int) -> Row:
    return Row(stage, cost.seconds, peak * cost.processes, cost.out_bytes + cost.temporary_bytes)


def _more_tokens(asked: int, text: int, share: float) -> float:
    """How many times as many tokens are read (as `asked`; 0 for all of the `text`) as from this share of the text."""
    tokens = min(asked or text, text)
    return tokens / min(tokens, share * text)


def _more_sentences(params: Params, found: Look) -> float:
    """How many times as many sentences taught taggers learn from as those on gold tags."""
    assert found.sentences is not None
    labelled = len(found.sentences.splits["train"])
    return (labelled + params.prepare_unlabelled.sentences) / labelled


def _taught(params: Params, found: Look, gold: Cost, row: Row) -> Row:
    """The same training on soft targets: other epochs, of more sentences."""
    epochs = params.train_taught.epochs / params.train_tagger.epochs
    more = _more_sentences(params, found)
    return replace(row, seconds=more * (gold.preparing + epochs * (gold.seconds - gold.preparing)))


def _soft_targets(params: Params, found: Look, gold: Cost, full: Row, tags: int) -> Row:
    """The features of all sentences, and at most what an epoch of each seed takes: it scores and does not learn."""
    assert found.sentences is not None
    more, seeds = _more_sentences(params, found), len(params.train_tagger.seeds)
    rounds = math.ceil(seeds / gold.processes)
    epoch = (gold.seconds - gold.preparing) / (rounds * params.train_tagger.epochs)
    train = found.sentences.splits["train"]
    numbers = sum(len(sentence.words) for sentence in train) * tags + len(train) * tags**2
    return Row(
        "soft_targets, at most",
        more * (gold.preparing + seeds * epoch),
        full.memory // gold.processes,
        4 * more * numbers,
    )


def _in_a_process(stage: str, options: Options) -> tuple[Cost, int]:
    """What `measure` says in a process of its own, whose memory only the stage uses."""
    with worker_pool(1) as pool:
        return pool.submit(_measure_quietly, stage, options).result()


def _measure_quietly(stage: str, options: Options) -> tuple[Cost, int]:
    """What `measure` says, without showing progress."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
        return measure(stage, options)


if __name__ == "__main__":
    main()
