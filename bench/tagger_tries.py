"""The same few tries for the tagger without language models and for the one on all their layers, judged on dev.

`python -m bench.tagger_tries --epochs 12 --out results/tagger_tries_conll2003.json` trains each of BOTH and WAYS_IN
with each seed, on gold tags, as train_tagger of params.yaml says but for what the try names; one that does not name the
way in from the language models has the paper's. With `--pruned work/pruned/seed-1` it trains PRUNED instead.
Rows that are in the file already are kept, so that it resumes. `--conll` with fewer sentences
(`prepare_conll.train_sentences`) adds rows to the same file. A file with rows of other language models or of another
train_tagger is refused.
"""

import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click
import torch
from torch import Tensor

from bench.tagger_rows import add_rows, digest, missing_rows
from ldnet.command_line import FILE, FOLDER, Command
from pipeline.execution.processes import ordered_map
from pipeline.execution.reproducible import set_up
from pipeline.features.contextual import load_bidirectional_lm, open_feature_table, write_feature_table
from pipeline.language_model.adaptive_softmax import cast_linear
from pipeline.language_model.model import LMConfig, read_config
from pipeline.params import TaggerParams, load_params
from pipeline.tagger.batches import TaggingBatch
from pipeline.tagger.dropout import dropout
from pipeline.tagger.epochs import best_of, rounded
from pipeline.tagger.model import Tagger, TaggerConfig, configure, initialise
from pipeline.tagger.tagging_data import load_tagging_data
from pipeline.tagger.training import train_tagger

BOTH: list[dict[str, Any]] = [
    {"optimizer": "adam", "learning_rate": 0.002},
    {"optimizer": "adam", "learning_rate": 0.001},
    {"optimizer": "adam", "learning_rate": 0.002, "dropout": 0.3, "lm_dropout": 0.3},
    {"optimizer": "adam", "learning_rate": 0.002, "word_rate": 0.1},
    {"optimizer": "adam", "learning_rate": 0.002, "word_rate": 0.03},
    {"optimizer": "sgd", "learning_rate": 0.04},
]
# Of the way in from the language models.
WAYS_IN: list[dict[str, Any]] = [
    {"optimizer": "adam", "learning_rate": 0.002, "lm_norm": True},
    {"optimizer": "adam", "learning_rate": 0.002, "lm_dropout": 0.2},
    {"optimizer": "adam", "learning_rate": 0.002, "lm_norm": True, "lm_dropout": 0.2},
    {"optimizer": "adam", "learning_rate": 0.002, "word_rate": 0.1, "lm_norm": True, "lm_dropout": 0.2},
    {"optimizer": "adam", "learning_rate": 0.002, "word_rate": 0.1, "lm_norm": True, "lm_dropout": 0.05},
    {"optimizer": "adam", "learning_rate": 0.002, "layer_dropout": 0.3},
    {"optimizer": "adam", "learning_rate": 0.002, "projection_rate": 0.3},
]
# Of the tagger on pruned language models, which reads fewer features.
PRUNED: list[dict[str, Any]] = [
    {"optimizer": "adam", "learning_rate": 0.002, "word_rate": 0.1, "lm_norm": True, "lm_dropout": lm_dropout}
    for lm_dropout in (0.5, 0.2, 0.1, 0.05)
]
OF_PARAMS = ("optimizer", "learning_rate", "dropout", "lm_dropout", "lm_norm", "epochs", "word_rate")
NOT_OF_PARAMS = ("layer_dropout", "projection_rate")


class TaggerWithWayIn(Tagger):
    """The tagger with a way in for the features of the language models that its parameters do not have."""

    def __init__(self, config: TaggerConfig, lm: LMConfig, way_in: Mapping[str, Any]):
        super().__init__(config)
        self.lm, self.way_in = lm, way_in
        # Adam's steps do not depend on the size of a gradient: weights that count `rate` times learn `rate` as fast.
        self.rate = way_in.get("projection_rate", 1.0)
        with torch.no_grad():
            for weight in self.lm_projection.parameters():
                weight.div_(self.rate)

    def emissions(self, batch: TaggingBatch, lm_features: Tensor | None) -> Tensor:
        """Emission scores (B, T, K) from features (T, B, F) of both directions."""
        assert lm_features is not None
        kept = dropout(lm_features, self.config.lm_dropout, self.training)
        if self.training and (share := self.way_in.get("layer_dropout", 0.0)):
            kept = kept * self._layers(share).to(kept.dtype)
        return self.score(batch, self.rate * cast_linear(self.lm_projection, kept))

    def _layers(self, share: float) -> Tensor:
        """A factor for each feature (F): 0 for those of dropped layers, more than 1 for others; embeddings stay."""
        factors = []
        for _ in range(2):
            layers = (torch.rand(self.lm.layers) >= share) / (1 - share)
            factors += [torch.ones(self.lm.embedding), layers.repeat_interleave(self.lm.units)]
        return torch.cat(factors)


@click.command(
    cls=Command, examples=["python -m bench.tagger_tries --epochs 12 --out results/tagger_tries_conll2003.json"]
)
@click.option("--params", "params_path", type=FILE, default="params.yaml", show_default=True)
@click.option("--conll", type=FOLDER, default="work/conll", show_default=True, help="Output of prepare_conll.")
@click.option("--lm", type=FOLDER, default="work/lm", show_default=True, help="Output of pretrain_lm.")
@click.option("--pruned", type=FOLDER, help="A folder that prune wrote: train taggers on its language models instead.")
@click.option("--seed", "seeds", type=int, multiple=True, default=(1, 2, 3), show_default=True)
@click.option("--epochs", type=click.IntRange(1), required=True, help="Of every try.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Trainings side by side.")
@click.option("--out", type=FILE, required=True, help="Where the rows are (JSON).")
def main(
    params_path: Path,
    conll: Path,
    lm: Path,
    pruned: Path | None,
    seeds: tuple[int, ...],
    epochs: int,
    jobs: int,
    out: Path,
) -> None:
    """Train what is not in the file yet."""
    params = load_params(params_path)
    tagger_params = params.train_tagger.model_copy(
        update={"lm_norm": False, "lm_dropout": params.train_tagger.dropout, "word_rate": 1.0}
    )
    sentences = load_tagging_data(conll).labelled
    variants = [("pruned", PRUNED)] if pruned else [("no_lm", BOTH), ("full", [*BOTH, *WAYS_IN])]
    lm = pruned or lm
    language_models = {"pruned" if pruned else "full": digest(lm)}
    wanted = [
        {"sentences": sentences, "variant": variant, "epochs": epochs, "seed": seed, **values}
        for variant, tries in variants
        for values in tries
        for seed in seeds
    ]
    missing = missing_rows(out, wanted, tagger_params, language_models)
    with (
        tempfile.TemporaryDirectory() as scratch,
        ordered_map(jobs) as in_processes,
    ):
        table = Path(scratch) / "features"
        if any(row["variant"] != "no_lm" for row in missing):
            models = load_bidirectional_lm(lm)
            write_feature_table(models, load_tagging_data(conll).words, table, tagger_params.precision)
        job = partial(run, params=tagger_params, threads=params.threads, conll=conll, lm=lm, table=table)
        add_rows(out, in_processes(job, missing), tagger_params, language_models)


def run(
    row: Mapping[str, Any], *, params: TaggerParams, threads: int, conll: Path, lm: Path, table: Path
) -> dict[str, Any]:
    """The row with the best dev F1 of its epochs."""
    set_up(row["seed"], threads)
    named = {key: row[key] for key in OF_PARAMS if key in row}
    params = params.model_copy(update=named)
    data, features = load_tagging_data(conll), None
    if row["variant"] == "no_lm":
        tagger = Tagger(configure(params, data.lexicon, 0))
    else:
        config, backward = (read_config(lm / direction / "config.json") for direction in ("forward", "backward"))
        width = sum(model.embedding + model.layers * model.units for model in (config, backward))
        features = open_feature_table(table, data.words, width, params.precision).batch
        way_in = {key: row[key] for key in NOT_OF_PARAMS if key in row}
        shape = configure(params, data.lexicon, width)
        tagger = TaggerWithWayIn(shape, config, way_in) if way_in else Tagger(shape)
    initialise(tagger, data.lexicon)
    tagger.compute_in(params.precision)
    records = list(train_tagger(tagger, data, features, params, seed=row["seed"], label=row["variant"]))
    best = rounded(best_of(records))
    return {**row, "dev_f1": best["dev_f1"], "best_epoch": int(best["epoch"])}


if __name__ == "__main__":
    main()
