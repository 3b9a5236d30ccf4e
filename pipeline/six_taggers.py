"""The six taggers that are compared: three variants of one tagger, each in two trainings.

All start from random weights and are trained by one procedure. `gold` taggers learn from gold tags. `taught` ones also
learn what the full gold taggers make of the same sentences, and of unlabelled ones. F1 is compared within one training:
between trainings, teachers and text differ as well.
"""

from pathlib import Path
from typing import Literal, get_args

from pipeline.params import Params

Variant = Literal["no_lm", "full", "pruned"]
Training = Literal["gold", "taught"]
VARIANTS: tuple[str, ...] = get_args(Variant)
TRAININGS: tuple[str, ...] = get_args(Training)


def tagger_name(variant: str, training: str) -> str:
    """What the folders and files of a tagger are called: pruned, or pruned_taught."""
    return variant if training == "gold" else f"{variant}_{training}"


def metrics_name(variant: str, training: str) -> str:
    """What the metrics file of its training is called, without its suffix; the curve has the same name."""
    return f"train_tagger_{tagger_name(variant, training)}"


def stage_of(variant: str, training: str) -> str:
    """The stage of dvc.yaml that trains the tagger."""
    if variant == "pruned":
        return f"train_pruned@{training}"
    return f"{'train_tagger' if training == 'gold' else 'train_taught'}@{variant}"


def lm_stage_of(variant: str) -> str:
    """The stage of dvc.yaml that makes the language models of the variant."""
    return "prune" if variant == "pruned" else "pretrain_lm"


def language_models_of(variant: str, folder: Path, params: Params) -> list[Path]:
    """The folder with forward/ and backward/ of each seed's tagger: `folder`, or one in it for each selection."""
    if variant == "pruned":
        return [folder / f"seed-{seed}" for seed in params.seeds_of_pruned]
    return [folder] * len(params.train_tagger.seeds)


TAGGERS = {tagger_name(variant, training): (variant, training) for training in TRAININGS for variant in VARIANTS}
SHIPPED = tagger_name("pruned", "taught")  # what is exported unless another one is asked for
