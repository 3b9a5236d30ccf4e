"""What is measured: a row for each thing that the product does, with its goal."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import baseline_work, checks, product_work
from bench.checks import Check
from ldnet.decoding.precision import DecodingPrecision
from pipeline.params import Precision

Work = Callable[[int], int]
DIFFERENCE_LIMIT = 1e-4


@dataclass(frozen=True)
class Side:
    """How one side does a row: `build` loads what is needed and returns the work, in each of several processes."""

    build: Callable[[Path], Work]
    smallest: int  # the least amount of work that is asked for at once; larger amounts are multiples of it
    processes: int = 1
    threads: int = 2  # of each process


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measurement. `goal` is a ratio to the baseline, or a rate where there is none; 0 stands for no goal."""

    name: str
    what: str
    unit: str
    goal: float
    product: Side
    baseline: Side | None
    check: Callable[[Path], Check]
    how: str  # what each side did with the two cores
    precision: str = "float32"


def _pretraining(width: int, projection: int, precision: Precision) -> Row:
    return Row(
        name=f"pretraining-{width}{_suffix(precision)}",
        what=f"LM pretraining, 10 x {width}, {precision}",
        unit="tokens/s",
        goal=1.5,
        product=Side(partial(product_work.pretraining, width, projection, precision), 1, processes=2, threads=1),
        baseline=Side(partial(baseline_work.pretraining, width, projection), 1),
        check=partial(checks.pretraining, width, projection, precision),
        how="product: both directions side by side, a process of one thread each; baseline: one, two threads",
        precision=precision,
    )


def _decoding(
    kind: str, what: str, goal: float, product: int, baseline: int, precision: DecodingPrecision = "float32"
) -> Row:
    return Row(
        name=f"decoding-{kind.replace('_', '-')}{_suffix(precision)}",
        what=f"decoding, {what}, {precision}",
        unit="words/s",
        goal=goal,
        product=Side(partial(product_work.decoding, kind, precision), product),
        baseline=Side(partial(baseline_work.decoding, kind), baseline),
        check=partial(checks.decoding, kind, precision),
        # The matrix rate to compare with and the limit of the difference; torch measures no int8 rate for us.
        precision="bfloat16" if precision == "int8" else precision,
        how="both: one process of two threads; product from words, baseline from ids looked up beforehand",
    )


def _tagger_training(precision: Precision) -> Row:
    return Row(
        name=f"tagger-training{_suffix(precision)}",
        what=f"tagger training, all LM layers, {precision}",
        unit="words/s",
        goal=20,
        product=Side(partial(product_work.tagger_training, precision), 1, processes=2, threads=1),
        baseline=Side(baseline_work.tagger_training, 10),
        check=partial(checks.tagger_training, precision),
        how="product: two seeds side by side, a process of one thread each, features from a table on disk; "
        "baseline: one seed, two threads, language models run at every step",
        precision=precision,
    )


def _feature_table(precision: Precision) -> Row:
    return Row(
        name=f"feature-table{_suffix(precision)}",
        what=f"making the feature table, all LM layers, {precision}",
        unit="words/s",
        goal=0,
        product=Side(partial(product_work.feature_table, precision), 640),
        baseline=None,
        check=checks.feature_table,
        how="product: one process of two threads",
        precision=precision,
    )


def _selection(precision: Precision) -> Row:
    return Row(
        name=f"selection{_suffix(precision)}",
        what=f"layer selection, {precision}",
        unit="words/s",
        goal=4,
        product=Side(partial(product_work.selection, precision), 640),
        baseline=Side(baseline_work.selection, 10),
        check=partial(checks.selection, precision),
        how="both: one process of two threads; product: batches that share a pass of the language models",
        precision=precision,
    )


def _suffix(precision: str) -> str:
    return "" if precision == "float32" else f"-{precision}"


ROWS = [
    _pretraining(300, 1600, "float32"),
    _pretraining(300, 1600, "bfloat16"),
    _pretraining(100, 300, "float32"),
    _pretraining(100, 300, "bfloat16"),
    _tagger_training("float32"),
    _tagger_training("bfloat16"),
    _feature_table("float32"),
    _feature_table("bfloat16"),
    _selection("float32"),
    _selection("bfloat16"),
    _decoding("full", "all LM layers", 6, 1024, 20),
    _decoding("full", "all LM layers", 6, 1024, 20, "int8"),
    _decoding("pruned", "pruned to one layer a direction", 5, 1920, 100),
    _decoding("pruned", "pruned to one layer a direction", 5, 1920, 100, "int8"),
    _decoding("no_lm", "without LM", 3.5, 1920, 100),
    _decoding("no_lm", "without LM", 3.5, 1920, 100, "int8"),
    Row(
        name="encoding",
        what="encoding of the LM corpus, all of it",
        unit="tokens/s",
        goal=2e6,
        product=Side(product_work.encoding, 1),
        baseline=None,
        check=checks.encoding,
        how="product: its stage from start to end, two processes at work; no word vectors",
    ),
]
