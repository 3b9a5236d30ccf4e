"""What metrics and a results document must have, so that tables can be made of them. They have more than this."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from pipeline.six_taggers import Training, Variant

Whole = Annotated[int, Field(ge=0)]
LayerNumbers = Annotated[list[Whole], Field(max_length=1000)]


class Part(BaseModel):
    """No text is taken for a number, and no number is infinite."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class Pretrained(Part):
    """A language model of one direction."""

    heldout_perplexity: float
    tokens: Whole


class BothDirections(Part):
    """The language models."""

    forward: Pretrained
    backward: Pretrained


class LayersKept(Part):
    """Numbers of layers, counted from 0."""

    forward: LayerNumbers
    backward: LayerNumbers


class Row(Part):
    """A variant in one training. F1 in percent, standard deviation of the sample."""

    variant: Variant
    training: Training
    seeds: Annotated[list[int], Field(min_length=1)]
    test_f1: list[float]
    test_f1_mean: float
    test_f1_sd: float
    dev_f1_mean: float
    macs_per_word: float
    parameters: float
    layers_kept: LayersKept
    test_f1_int8: list[float]
    layers_kept_again: list[LayersKept]
    macs_per_word_of_seeds: list[float]


class Difference(Part):
    """Of the F1 of two variants, with the 95 % interval over resampled test sentences."""

    dev_f1: float
    test_f1: float
    test_f1_low: float
    test_f1_high: float
    test_resamples_above_0: float


class Differences(Part):
    """Those of one training."""

    full_minus_no_lm: Difference
    pruned_minus_full: Difference
    pruned_minus_no_lm: Difference


class GainKept(Part):
    """The share of the gain that pruning keeps; None where there is no gain."""

    dev: float | None
    test: float | None
    test_resamples_at_goal: float


class Goals(Part):
    """Of pruning, as shares."""

    gain_kept: float
    lm_macs_kept: float


class Comparison(Part):
    """The variants of one training."""

    differences: Differences
    gain_kept: GainKept | None
    goals: Goals
    lm_macs_kept: float
    resamples: Whole


class Evaluated(Part):
    """What `evaluate` measures of one training."""

    rows: list[Row]
    comparison: Comparison


class Selected(Part):
    """What `select` measures."""

    epoch: Whole


METRICS: dict[str, type[BaseModel]] = {  # the metrics files that results and figures are made from
    "pretrain_lm_forward": Pretrained,
    "pretrain_lm_backward": Pretrained,
    "select": Selected,
    "evaluate_gold": Evaluated,
    "evaluate_taught": Evaluated,
}


class PretrainLM(Part):
    """Section pretrain_lm of the parameters."""

    layers: Whole


class TrainTagger(Part):
    """Section train_tagger of the parameters."""

    seeds: Annotated[list[int], Field(min_length=1)]


class SoftTargets(Part):
    """Section soft_targets of the parameters."""

    weight: float


class PrepareUnlabelled(Part):
    """Section prepare_unlabelled of the parameters."""

    sentences: Whole


class MadeWith(Part):
    """What tables and model cards say of the parameters; documents have all sections."""

    profile: str
    generate_data: dict[str, Any]
    pretrain_lm: PretrainLM
    train_tagger: TrainTagger
    soft_targets: SoftTargets
    prepare_unlabelled: PrepareUnlabelled


class DocumentSchema(Part):
    """The whole document."""

    data: str
    params: MadeWith
    lm: BothDirections
    rows: list[Row]
    comparison: Annotated[dict[Training, Comparison], Field(min_length=2)]
    git_commit: str | None = None  # which publishing adds
