"""Delete the closed layers of the language models, and check that nothing else changed."""

from pathlib import Path
from typing import Any

import click
import torch

from ldnet.command_line import FILE, FOLDER, echo
from ldnet.files import write_json
from pipeline.execution.reproducible import set_up
from pipeline.features.contextual import BidirectionalLM, live_features, load_bidirectional_lm
from pipeline.language_model.dense_lstm import kept_layers
from pipeline.language_model.model import save_language_model
from pipeline.params import load_params
from pipeline.pruning.pruning import (
    largest_score_difference,
    load_gates,
    prune_bidirectional_lm,
    prune_tagger,
)
from pipeline.tagger.model import load_tagger, save_tagger
from pipeline.tagger.tagging_data import TaggingData, load_tagging_data
from pipeline.tagger.training import score_dev
from pipeline.tracking import stage_run
from stages._run import StageCommand, params_option

TOLERANCE = 1e-4  # of an emission score in float32, which sums over hundreds of features; mostly below 1e-5


@click.command(cls=StageCommand)
@params_option
@click.option("--conll", type=FOLDER, required=True, help="Output of prepare_conll; dev is used for the check.")
@click.option("--lm", type=FOLDER, required=True, help="Folder with the language models forward/ and backward/.")
@click.option("--selection", type=FOLDER, required=True, help="Output of select.")
@click.option(
    "--out", type=FOLDER, required=True, help="Where the pruned language models and tagger go, a folder a seed."
)
@click.option("--metrics", type=FILE, required=True, help="Where the layers kept and the cost go (JSON).")
def main(params_path: Path, conll: Path, lm: Path, selection: Path, out: Path, metrics: Path) -> None:
    """Prune both language models by each selection, and fold the surviving gates into the tagger that belongs to them.

    That tagger proves that nothing else changed: it scores what the gated one does. Taggers to be evaluated are trained
    on the pruned language models from random weights.
    """
    params = load_params(params_path)
    set_up(params.seed, params.threads)
    gated, data = load_bidirectional_lm(lm, "pretrain_lm"), load_tagging_data(conll)
    pruned = []
    with stage_run("prune", {"threads": params.threads}, [out]) as run:
        for seed in params.selection_seeds:
            pruned.append({"seed": seed, **_prune(gated, data, selection / f"seed-{seed}", out / f"seed-{seed}")})
        first = pruned[0]
        run.log_metrics(
            {"largest_difference": first["largest_difference"], "lm_macs_per_word": first["lm_macs_per_word"]["pruned"]}
        )
        write_json(metrics, {**first, "repeated": {f"seed-{of['seed']}": of for of in pruned[1:]}})


def _prune(gated: BidirectionalLM, data: TaggingData, selection: Path, out: Path) -> dict[str, Any]:
    """Prune by the selection of one folder; what that came to."""
    gates = load_gates(selection / "gates.json", len(gated.forward_lm.rnn.layers))
    tagger = load_tagger(selection / "tagger", "select", data.lexicon, sum(gated.widths))
    pruned, kept = prune_bidirectional_lm(gated, gates)
    pruned_tagger = prune_tagger(tagger, kept)
    features = live_features(gated, data.words, torch.cat([gates["forward"], gates["backward"]]))
    pruned_features = live_features(pruned, data.words)
    difference = largest_score_difference(tagger, features, pruned_tagger, pruned_features, data)
    if not difference <= TOLERANCE:  # NaN is no proof
        raise RuntimeError(f"the pruned tagger's scores differ by {difference} from the gated one's; it is faulty")
    save_language_model(pruned.forward_lm, pruned.vocabulary, out / "forward")
    save_language_model(pruned.backward_lm, pruned.vocabulary, out / "backward")
    save_tagger(pruned_tagger, out / "tagger")
    echo(f"{gated.macs():,} to {pruned.macs():,} multiply-accumulates a word; scores differ by {difference:.1e}")
    return {
        "dev_f1": round(score_dev(pruned_tagger, data, pruned_features), 4),  # as selection left it
        "layers_kept": {direction: kept_layers(values) for direction, values in gates.items()},
        "largest_difference": difference,
        "lm_macs_per_word": {"full": gated.macs(), "pruned": pruned.macs()},
        "lm_parameters": {"full": gated.layer_parameters(), "pruned": pruned.layer_parameters()},
    }


if __name__ == "__main__":
    main()
