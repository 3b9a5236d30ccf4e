"""params.yaml, checked at the door: one frozen dataclass per section.

Every value a user may change lives in params.yaml. Here each section gets its types and bounds;
an unknown key, a wrong type or an impossible value raises an InputError that names the key.
"""

import dataclasses
import math
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from ldnet.errors import InputError

Section = TypeVar("Section")
Regulariser = Literal["r1", "r2", "r3"]
SelectMethod = Literal["gates", "hard_concrete", "importance", "first", "last", "random", "greedy", "exhaustive"]
PrunedStart = Literal["selection", "full", "scratch"]
Precision = Literal["float32", "bfloat16"]
Optimizer = Literal["adam", "sgd"]
Architecture = Literal["dense", "stacked", "residual"]
MOST_SETS = 1000  # sets of layers that the exhaustive search scores on dev: minutes


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InputError(message)


@dataclass(frozen=True, kw_only=True)
class GrammarParams:
    """data.generate.<name>: sizes of the generated data set."""

    seed: int
    train_sentences: int
    dev_sentences: int
    test_sentences: int
    lm_sentences: int

    def __post_init__(self) -> None:
        for name in ("train_sentences", "dev_sentences", "test_sentences", "lm_sentences"):
            _require(getattr(self, name) >= 10, f"{name}: at least 10 sentences are needed")


@dataclass(frozen=True, kw_only=True)
class DataParams:
    """Which folder under data/raw/ is used, and which data sets are generated rather than brought."""

    name: str
    generate: dict[str, GrammarParams]

    def __post_init__(self) -> None:
        _require(bool(self.name) and "/" not in self.name, "name: expected the name of a folder under data/raw/")


@dataclass(frozen=True, kw_only=True)
class ConllParams:
    """Where words and tags stand in the CoNLL columns, and how dev and word vectors are made."""

    word_column: int
    tag_column: int
    train: str
    dev: str
    dev_sentences: int
    test: str
    vectors: str
    digits_as_zero: bool

    def __post_init__(self) -> None:
        _require(self.dev_sentences >= 0, "dev_sentences: expected 0 or more")
        _require(
            bool(self.dev) != bool(self.dev_sentences),
            "dev, dev_sentences: give a dev file, or how many training sentences to hold out (exactly one of them)",
        )


@dataclass(frozen=True, kw_only=True)
class CorpusParams:
    """How the LM text becomes ids."""

    text: str
    min_count: int
    heldout_sentences: int
    shard_tokens: int
    vectors: str
    other_tests: str

    def __post_init__(self) -> None:
        _require(self.min_count >= 1, "min_count: expected 1 or more")
        _require(self.heldout_sentences >= 1, "heldout_sentences: expected 1 or more")
        _require(self.shard_tokens >= 1000, "shard_tokens: expected 1000 or more")


@dataclass(frozen=True, kw_only=True)
class LMParams:
    """The densely connected language model (paper, section 3) and its training."""

    layers: int
    units: int
    embedding: int
    projection: int
    cutoffs: list[int]
    dropout: float
    layer_dropout: float
    streams: int
    steps: int
    epochs: int
    learning_rate: float
    warmup_steps: int
    clip_norm: float
    precision: Precision

    def __post_init__(self) -> None:
        for name in ("layers", "units", "embedding", "projection", "streams", "steps", "epochs"):
            _require(getattr(self, name) >= 1, f"{name}: expected 1 or more")
        for name in ("dropout", "layer_dropout"):
            _require(0 <= getattr(self, name) < 1, f"{name}: expected a probability below 1")
        _require(self.learning_rate > 0 and self.clip_norm > 0, "learning_rate, clip_norm: expected more than 0")
        _require(self.warmup_steps >= 0, "warmup_steps: expected 0 or more")
        _require(
            self.cutoffs == sorted(set(self.cutoffs)) and all(c > 0 for c in self.cutoffs) and len(self.cutoffs) > 0,
            "cutoffs: expected increasing positive numbers, at least one",
        )


@dataclass(frozen=True, kw_only=True)
class TaggerParams:
    """The char-LSTM-CRF tagger (paper, section 5) and its training."""

    seeds: list[int]
    word_dimension: int
    character_dimension: int
    character_units: int
    word_units: int
    dropout: float
    unknown_dropout: float
    batch_sentences: int
    epochs: int
    optimizer: Optimizer
    learning_rate: float
    clip_norm: float
    precision: Precision

    def __post_init__(self) -> None:
        _require(len(self.seeds) > 0 and len(set(self.seeds)) == len(self.seeds), "seeds: expected distinct numbers")
        for name in ("word_dimension", "character_dimension", "character_units", "word_units"):
            _require(getattr(self, name) >= 1, f"{name}: expected 1 or more")
        for name in ("batch_sentences", "epochs"):
            _require(getattr(self, name) >= 1, f"{name}: expected 1 or more")
        for name in ("dropout", "unknown_dropout"):
            _require(0 <= getattr(self, name) < 1, f"{name}: expected a probability below 1")
        _require(self.learning_rate > 0 and self.clip_norm > 0, "learning_rate, clip_norm: expected more than 0")


@dataclass(frozen=True, kw_only=True)
class HardConcreteParams:
    """select.hard_concrete: the rates of what is learnt of hard-concrete gates."""

    learning_rate: float
    multiplier_learning_rate: float

    def __post_init__(self) -> None:
        for name in ("learning_rate", "multiplier_learning_rate"):
            _require(getattr(self, name) > 0, f"{name}: expected more than 0")


@dataclass(frozen=True, kw_only=True)
class SelectParams:
    """Layer selection (paper, section 4), and other ways to choose as many layers."""

    method: SelectMethod
    strength: float
    regulariser: Regulariser
    cost_weighted: bool
    max_layers: int
    epochs: int
    enforce_epoch: int
    learning_rate: float
    gate_learning_rate: float
    batches_per_gate_step: int
    hard_concrete: HardConcreteParams
    random_seed: int
    precision: Precision

    def __post_init__(self) -> None:
        _require(self.strength >= 0, "strength: expected 0 or more")
        _require(0 <= self.random_seed < 2**32, "random_seed: expected a number from 0 to 2**32 - 1")
        _require(self.max_layers >= 0, "max_layers: expected 0 or more")
        _require(self.batches_per_gate_step >= 1, "batches_per_gate_step: expected 1 or more")
        _require(
            1 <= self.enforce_epoch <= self.epochs,
            "enforce_epoch: expected an epoch from 1 to epochs, after which the budget holds",
        )
        _require(
            self.learning_rate > 0 and self.gate_learning_rate > 0,
            "learning_rate, gate_learning_rate: expected more than 0",
        )


@dataclass(frozen=True, kw_only=True)
class PruneParams:
    """The training of the pruned tagger, which starts from the tagger that selection trained, from the full tagger of
    its seed or from random weights."""

    start: PrunedStart
    epochs: int
    optimizer: Optimizer
    learning_rate: float

    def __post_init__(self) -> None:
        _require(self.epochs >= 1, "epochs: expected 1 or more")
        _require(self.learning_rate > 0, "learning_rate: expected more than 0")

    def training(self, tagger: TaggerParams) -> TaggerParams:
        """How the pruned tagger is trained: as `tagger` says, but for what is said here."""
        return dataclasses.replace(
            tagger, epochs=self.epochs, optimizer=self.optimizer, learning_rate=self.learning_rate
        )


@dataclass(frozen=True, kw_only=True)
class DistilParams:
    """What the pruned tagger learns from the full taggers (their distributions over tag paths) beside gold tags."""

    weight: float
    unlabelled_sentences: int

    def __post_init__(self) -> None:
        _require(0 <= self.weight <= 1, "weight: expected a share from 0 to 1")
        _require(self.unlabelled_sentences >= 0, "unlabelled_sentences: expected 0 or more")


@dataclass(frozen=True, kw_only=True)
class AblatedLMParams:
    """ablations.variants.<name>: what sets a small language model apart, and how many layers pruning leaves of it."""

    architecture: Architecture
    layers: int
    units: int
    layer_dropout: float
    keep_layers: int

    def __post_init__(self) -> None:
        for name in ("layers", "units"):
            _require(getattr(self, name) >= 1, f"{name}: expected 1 or more")
        _require(0 <= self.layer_dropout < 1, "layer_dropout: expected a probability below 1")
        _require(
            self.architecture == "dense" or self.layer_dropout == 0,
            f"layer_dropout: expected 0 for a {self.architecture} model",
        )
        _require(
            1 <= self.keep_layers <= 2 * self.layers,
            f"keep_layers: expected 1 to {2 * self.layers}, the layers of both directions",
        )


@dataclass(frozen=True, kw_only=True)
class AblationsParams:
    """Small language models that differ in one thing, trained on the same text, and taggers on them."""

    tokens: int
    epochs: int
    heldout_tokens: int
    seeds: list[int]
    tagger_epochs: int
    pruned_epochs: int
    variants: dict[str, AblatedLMParams]

    def __post_init__(self) -> None:
        for name in ("tokens", "epochs", "tagger_epochs", "pruned_epochs"):
            _require(getattr(self, name) >= 1, f"{name}: expected 1 or more")
        _require(self.heldout_tokens >= 100, "heldout_tokens: expected 100 or more")
        _require(len(self.seeds) > 0 and len(set(self.seeds)) == len(self.seeds), "seeds: expected distinct numbers")


@dataclass(frozen=True, kw_only=True)
class Params:
    """The whole of params.yaml."""

    profile: str
    seed: int
    threads: int
    checkpoint_steps: int
    data: DataParams
    conll: ConllParams
    corpus: CorpusParams
    lm: LMParams
    tagger: TaggerParams
    select: SelectParams
    prune: PruneParams
    distil: DistilParams
    ablations: AblationsParams | None = None  # the experiment does without

    def __post_init__(self) -> None:
        _require(0 <= self.seed < 2**32, "seed: expected a number from 0 to 2**32 - 1")
        for name in ("threads", "checkpoint_steps"):
            _require(getattr(self, name) >= 1, f"{name}: expected 1 or more")
        _require(
            self.select.max_layers <= 2 * self.lm.layers,
            f"select.max_layers: expected at most {2 * self.lm.layers}, the layers of both directions",
        )
        sets = math.comb(2 * self.lm.layers, self.select.max_layers)
        _require(
            self.select.method != "exhaustive" or sets <= MOST_SETS,
            f"select.method: exhaustive would score {sets:,} sets of {self.select.max_layers} of {2 * self.lm.layers} "
            f"layers; expected at most {MOST_SETS:,} (take greedy, or a smaller select.max_layers)",
        )


def experiment_values(params: Params) -> dict[str, Any]:
    """All values but those of the ablations, on which no stage of the experiment depends."""
    values = dataclasses.asdict(params)
    del values["ablations"]
    return values


def load_params(path: Path) -> Params:
    """Read and check params.yaml. Raises InputError naming the key that is wrong."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; `make profile NAME=demo` writes one") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise InputError(f"{path}:{line}: not YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise InputError(f"{path}: not a readable YAML file: {error}") from None
    try:
        return build(Params, content, "")
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def build(cls: type[Section], content: Any, prefix: str) -> Section:
    """Make the dataclass `cls` from parsed YAML; `prefix` is the dotted path of the section, for messages."""
    if not isinstance(content, dict):
        raise InputError(f"{prefix or 'top level'}: expected a section of keys, found {content!r}")
    kinds = typing.get_type_hints(cls)
    if unknown := sorted(set(map(str, content)) - set(kinds)):
        raise InputError(f"{prefix}{unknown[0]}: unknown key; expected one of {', '.join(kinds)}")
    fields = dataclasses.fields(typing.cast(Any, cls))
    needed = [field.name for field in fields if field.default is dataclasses.MISSING]
    if missing := [name for name in needed if name not in content]:
        raise InputError(f"{prefix}{missing[0]}: missing key")
    values = {name: _convert(kinds[name], value, f"{prefix}{name}") for name, value in content.items()}
    try:
        return cls(**values)
    except InputError as error:
        raise InputError(f"{prefix}{error}") from None


def _convert(kind: Any, value: Any, key: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:  # of a section that may be left out
        return _convert(arguments[0], value, key)
    if dataclasses.is_dataclass(kind):
        return build(typing.cast(type[Any], kind), value, f"{key}.")
    if origin is dict and isinstance(value, dict):
        return {str(name): _convert(arguments[1], item, f"{key}.{name}") for name, item in value.items()}
    if origin is list and isinstance(value, list):
        return [_convert(arguments[0], item, f"{key}[{i}]") for i, item in enumerate(value)]
    if origin is Literal:
        if value in arguments:
            return value
        raise InputError(f"{key}: expected one of {', '.join(map(str, arguments))}, found {value!r}")
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if (
        origin is None
        and isinstance(kind, type)
        and isinstance(value, kind)
        and not (kind is int and isinstance(value, bool))
    ):
        return value
    name = getattr(kind, "__name__", str(kind))
    hint = " (YAML reads 5e-2 as text: write 0.05)" if kind is float and isinstance(value, str) else ""
    raise InputError(f"{key}: expected {name}, found {value!r}{hint}")
