"""params.yaml, checked at the door: one frozen model per section, and a section per stage that has parameters.

Every value a user may change lives in params.yaml. Here each key gets its type, its bounds and a description, which
editors show (see `commands.schema`). An unknown key, a wrong type or an impossible value raises an InputError that
names the key.
"""

import math
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from ldnet.errors import InputError
from pipeline.validation import Section, validated
from pipeline.values import (
    MOST,
    MOST_RATE,
    Count,
    Cutoffs,
    DataFile,
    DataFileOrNone,
    DataFiles,
    DataFilesOrNone,
    FolderName,
    KeyName,
    LayerCount,
    Norm,
    Positive,
    Probability,
    ProfileName,
    Rate,
    Seed,
    Seeds,
    Sentences,
    Share,
    Threads,
    Width,
)
from pipeline.yaml_text import parse_yaml, read_yaml

Regulariser = Literal["r1", "r2", "r3"]
SelectMethod = Literal["gates", "hard_concrete", "importance", "first", "last", "random", "greedy", "exhaustive"]
Precision = Literal["float32", "bfloat16"]
Optimizer = Literal["adam", "sgd"]
Slips = Literal["repair", "refuse"]
Architecture = Literal["dense", "stacked", "residual"]
MOST_SETS = 1000  # sets of layers that the exhaustive search scores on dev: minutes


class GrammarParams(Section):
    """Sizes of a data set that the project's own grammar makes."""

    seed: Seed = Field(description="Another seed makes other sentences.")
    train_sentences: Sentences = Field(description="Tagged sentences to train on.")
    dev_sentences: Sentences = Field(description="Tagged sentences to choose epochs and layers by.")
    test_sentences: Sentences = Field(description="Tagged sentences to be scored once, at the end.")
    lm_sentences: Sentences = Field(description="Sentences of text for the language models.")


class ConllParams(Section):
    """Files and columns of the tagged sentences, how dev is made, and word vectors."""

    word_column: int = Field(description="Columns count from 0; negative numbers count from the end.")
    tag_column: int = Field(description="In CoNLL-2003 entity tags are last (-1); chunk tags are column 2.")
    slips: Slips = Field(
        description="Tags that break their scheme, as I- after nothing: read as conlleval does (repair), or refuse."
    )
    train: DataFiles = Field(description="A file in the data folder, a pattern, or a list of them, read in that order.")
    train_sentences: Count = Field(
        description="How many are used, drawn by the seed, a smaller draw inside a larger one; 0 for all."
    )
    dev: DataFilesOrNone = Field(description="As train, or '' to hold out dev_sentences of train.")
    dev_sentences: Count = Field(description="Sentences of train to hold out; 0 where there is a dev file.")
    test: DataFiles = Field(description="As train.")
    vectors: DataFileOrNone = Field(description="Word vectors (GloVe text format, compressed or not), or '' for none.")
    vector_rows: Count = Field(description="How many are read, from the first; 0 for all.")
    digits_as_zero: bool = Field(description="Words that are not known otherwise are looked up with 0 for each digit.")

    @model_validator(mode="after")
    def _dev_once(self) -> "ConllParams":
        if bool(self.dev) == bool(self.dev_sentences):
            raise ValueError(
                "dev, dev_sentences: give a dev file, or how many training sentences to hold out (exactly one of them)"
            )
        return self


class CorpusParams(Section):
    """How the text of the language models becomes ids."""

    text: DataFile = Field(description="Files in the data folder, compressed or not, one tokenised sentence a line.")
    min_count: Positive = Field(description="Rarer words are <unk>; paper: 4 (words seen more than 3 times).")
    heldout_sentences: Positive = Field(description="Sentences for perplexity, not trained on.")
    shard_tokens: int = Field(ge=1000, le=2**31 - 1, description="Tokens of one shard.")
    vectors: DataFileOrNone = Field(
        description="Word vectors (as wide as the embeddings) that these start from, or ''."
    )
    vector_rows: Count = Field(description="How many are read, from the first; 0 for all.")
    other_tests: DataFileOrNone = Field(description="CoNLL files of other tasks whose sentences are dropped, or ''.")


class UnlabelledParams(Section):
    """Sentences of the text that taught taggers learn from, beside the labelled ones."""

    sentences: Count = Field(description="Sentences of the LM text, to be tagged by the full taggers.")


class LMParams(Section):
    """The densely connected language model (paper, section 3) and its training."""

    layers: LayerCount = Field(description="LSTM layers of one direction; paper: 10.")
    units: Width = Field(description="Units of one layer; paper: 300.")
    embedding: Width = Field(description="Width of the word embeddings; paper: 300.")
    projection: Width = Field(description="Width of the layer before the softmax; paper: 1600.")
    cutoffs: Cutoffs = Field(description="Adaptive softmax: words of the head, then the ends of the tails.")
    dropout: Probability = Field(description="Dropout of the embeddings and of what layers and softmax read.")
    layer_dropout: Probability = Field(
        description="Share of batches in which later layers do not read a layer (paper, section 3.2)."
    )
    streams: Positive = Field(description="Streams of text side by side; paper: 128.")
    steps: Positive = Field(description="Tokens of each stream in one step; paper: 20.")
    tokens: Count = Field(description="Tokens of the corpus that are read, a random sample; 0 for all.")
    epochs: Positive = Field(description="Passes over these tokens.")
    learning_rate: Rate = Field(description="Peak rate of Adam: warm-up, then a cosine to 0.")
    warmup_steps: Count = Field(description="Steps until the peak rate.")
    clip_norm: Norm = Field(description="Largest norm of the gradient.")
    precision: Precision = Field(description="Of products in training; bfloat16 is faster with AVX512-BF16 or AMX.")

    @model_validator(mode="after")
    def _tails_have_width(self) -> "LMParams":
        narrowest = 4 ** (len(self.cutoffs) - 1)  # each tail has a quarter of the width of the one before it
        if self.projection < narrowest:
            raise ValueError(
                f"projection: expected at least {narrowest}, so that the last of the cutoffs' tails has one unit"
            )
        return self


class TaggerParams(Section):
    """The char-LSTM-CRF tagger (paper, section 5) and its training."""

    seeds: Seeds = Field(description="A tagger is trained with each; results are their means.")
    word_dimension: Width = Field(description="Width of the word vectors.")
    character_dimension: Width = Field(description="Width of the character embeddings.")
    character_units: Width = Field(description="Units of the character LSTM, one direction.")
    word_units: Width = Field(description="Units of the word LSTM, one direction.")
    dropout: Probability = Field(description="Dropout of the tagger's layers.")
    lm_dropout: Probability = Field(description="Dropout of the language models' features; paper: as dropout.")
    lm_norm: bool = Field(description="Layer norm of the projected features of the language models; paper: none.")
    unknown_dropout: Probability = Field(description="Training words without a vector that are read as <unk>.")
    batch_sentences: Positive = Field(description="Sentences of a batch.")
    epochs: Positive = Field(description="Passes over the training sentences; the best on dev is kept.")
    optimizer: Optimizer = Field(description="adam, or sgd with momentum 0.9 (paper); the rate falls in a line to 0.")
    learning_rate: Rate = Field(description="Rate of the first step.")
    word_rate: Share = Field(description="Learning rate of the word embeddings, as a share of the others'; paper: 1.")
    clip_norm: Norm = Field(description="Largest norm of the gradient.")
    precision: Precision = Field(description="Of language-model features and of all products but the CRF's.")


class SoftTargetsParams(Section):
    """What taught taggers learn from the full gold taggers, beside the gold tags."""

    weight: Share = Field(description="Share of the full taggers' tag paths in a training sentence's target.")


class HardConcreteParams(Section):
    """The rates of what is learnt of hard-concrete gates."""

    learning_rate: Rate = Field(description="Rate of Adam for the gates' distributions.")
    multiplier_learning_rate: Rate = Field(description="Rate of ascent for the multiplier that holds the budget.")


class SelectParams(Section):
    """Layer selection (paper, section 4), and other ways to choose as many layers."""

    repeats: Positive = Field(description="Selections: from the full taggers of the first so many seeds.")
    method: SelectMethod = Field(description="How layers are chosen; paper: gates. first, last, random are controls.")
    strength: float = Field(ge=0, le=MOST_RATE, description="Weight of the regulariser; paper's lambda_0.")
    regulariser: Regulariser = Field(description="R1, R2 or R3 of the paper, section 4.")
    cost_weighted: bool = Field(description="A layer counts by its multiply-accumulates, the mean layer as 1.")
    max_layers: Count = Field(description="Layers kept, over both directions; paper's lambda_1.")
    epochs: Positive = Field(description="Passes over the training sentences.")
    enforce_epoch: int = Field(description="By the end of this epoch the budget holds, enforced if need be.")
    learning_rate: Rate = Field(description="Rate of the tagger's weights.")
    gate_learning_rate: Rate = Field(description="Rate of the gates.")
    batches_per_gate_step: Positive = Field(description="Batches that share a step of the gates; paper: 1.")
    hard_concrete: HardConcreteParams
    random_seed: Seed = Field(description="Method random: another number draws other layers.")
    precision: Precision = Field(description="Of the language models while layers are selected.")

    @model_validator(mode="after")
    def _enforced_in_time(self) -> "SelectParams":
        if not 1 <= self.enforce_epoch <= self.epochs:
            raise ValueError("enforce_epoch: expected an epoch from 1 to epochs, after which the budget holds")
        return self


class TrainTaughtParams(Section):
    """The training of taught taggers; all else is as in train_tagger."""

    epochs: Positive = Field(description="Passes over the training sentences; the best on dev is kept.")
    optimizer: Optimizer = Field(description="adam, or sgd with momentum 0.9; the rate falls in a line to 0.")
    learning_rate: Rate = Field(description="Rate of the first step.")

    def training(self, tagger: TaggerParams) -> TaggerParams:
        """How taught taggers are trained: as `tagger` says, but for what is said here."""
        return tagger.model_copy(
            update={"epochs": self.epochs, "optimizer": self.optimizer, "learning_rate": self.learning_rate}
        )


class AblatedLMParams(Section):
    """What sets a small language model apart, and how many layers pruning leaves of it."""

    architecture: Architecture = Field(description="dense as in the paper, or stacked or residual layers.")
    layers: LayerCount = Field(description="LSTM layers of one direction.")
    units: Width = Field(description="Units of one layer.")
    layer_dropout: Probability = Field(description="Of a dense model; 0 for others.")
    keep_layers: int = Field(description="Layers that pruning leaves, over both directions.")

    @model_validator(mode="after")
    def _possible(self) -> "AblatedLMParams":
        if self.architecture != "dense" and self.layer_dropout != 0:
            raise ValueError(f"layer_dropout: expected 0 for a {self.architecture} model")
        if not 1 <= self.keep_layers <= 2 * self.layers:
            raise ValueError(f"keep_layers: expected 1 to {2 * self.layers}, the layers of both directions")
        return self


class AblationsParams(Section):
    """Small language models that differ in one thing, trained on the same text, and taggers on them."""

    tokens: Positive = Field(description="Tokens of the LM text, the same for all models.")
    epochs: Positive = Field(description="Passes over these tokens.")
    heldout_tokens: int = Field(ge=100, le=MOST, description="Tokens for perplexities.")
    seeds: Seeds = Field(description="Of the taggers.")
    tagger_epochs: Positive = Field(description="Passes over the training sentences.")
    pruned_epochs: Positive = Field(description="The same after pruning.")
    candidates: dict[KeyName, AblatedLMParams] = Field(description="The models, by name.")


class Params(Section):
    """The whole of params.yaml."""

    profile: ProfileName = Field(description="Results are published under this name, as results/<profile>/.")
    data: FolderName = Field(description="The folder under data/raw/ that is read.")
    seed: Seed = Field(description="Of splits, shuffling and language models.")
    threads: Threads = Field(description="CPU threads of one process: part of a result's identity, to the bit.")
    checkpoint_steps: Positive = Field(description="Steps after which a pretraining can be resumed.")
    generate_data: dict[KeyName, GrammarParams] = Field(description="Data sets to generate, by name; {} for none.")
    prepare_conll: ConllParams
    prepare_corpus: CorpusParams
    prepare_unlabelled: UnlabelledParams
    pretrain_lm: LMParams
    train_tagger: TaggerParams
    soft_targets: SoftTargetsParams
    train_taught: TrainTaughtParams
    select: SelectParams
    ablations: AblationsParams | None = Field(None, description="The experiment does without.")

    @model_validator(mode="after")
    def _selection_fits(self) -> "Params":
        seeds = len(self.train_tagger.seeds)
        if self.select.repeats > seeds:
            raise ValueError(f"select.repeats: expected at most {seeds}, as many as train_tagger.seeds")
        layers, kept = 2 * self.pretrain_lm.layers, self.select.max_layers
        if kept > layers:
            raise ValueError(f"select.max_layers: expected at most {layers}, the layers of both directions")
        if self.select.method == "exhaustive" and (sets := math.comb(layers, kept)) > MOST_SETS:
            raise ValueError(
                f"select.method: exhaustive would score {sets:,} sets of {kept} of {layers} layers; "
                f"expected at most {MOST_SETS:,} (take greedy, or a smaller select.max_layers)"
            )
        return self

    @property
    def selection_seeds(self) -> list[int]:
        """The seed of each selection."""
        return self.train_tagger.seeds[: self.select.repeats]

    @property
    def seeds_of_pruned(self) -> list[int]:
        """For each of train_tagger.seeds, the seed of the selection that its pruned tagger is trained on: in turns."""
        selected = self.selection_seeds
        return [selected[number % len(selected)] for number in range(len(self.train_tagger.seeds))]


def experiment_values(params: Params) -> dict[str, Any]:
    """All values but those of the ablations, on which no stage of the experiment depends."""
    return params.model_dump(exclude={"ablations"})


def load_params(path: Path) -> Params:
    """Read and check params.yaml. Raises InputError naming the key that is wrong."""
    try:
        content = read_yaml(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; `make profile NAME=demo` writes one") from None
    except OSError as error:
        raise InputError(f"{path}: not a readable YAML file: {error}") from None
    return validated(Params, content, f"{path}: ")


def parse_params(text: str, name: str) -> Params:
    """Check the text of a params.yaml. Raises InputError that begins with `name` and names the key that is wrong."""
    return validated(Params, parse_yaml(text, name), f"{name}: ")
