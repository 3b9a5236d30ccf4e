"""Select language-model layers: by gates that are trained with the tagger, or without training."""

from pathlib import Path
from typing import Any

import click
import pandas as pd

from ldnet.command_line import FILE, FOLDER
from ldnet.files import write_json
from pipeline.checkpoints import Computation, checkpoint_folder, code_of
from pipeline.execution.finite import keeping_evidence
from pipeline.execution.reproducible import set_up
from pipeline.features.contextual import load_bidirectional_lm
from pipeline.params import load_params
from pipeline.pruning.pruning import kept_layers
from pipeline.selection.methods import METHODS
from pipeline.selection.selection import Selection, SelectionTask, split_directions
from pipeline.tagger.model import load_tagger, save_tagger
from pipeline.tagger.training import load_tagging_data
from pipeline.tracking import stage_run
from stages._run import StageCommand, params_option


def computation(params_path: Path, conll: Path, lm: Path, tagger_folder: Path, **_: Any) -> Computation:
    """What the stage computes with these options, for its checkpoints."""
    params = load_params(params_path)
    seed = params.train_tagger.seeds[0]
    code = code_of(
        *("stages/select.py", "ldnet/text", "ldnet/crf", "pipeline/execution", "pipeline/language_model"),
        *("pipeline/features", "pipeline/tagger", "pipeline/selection", "pipeline/pruning"),
    )
    data = [conll / "train.conll", conll / "dev.conll", conll / "lexicon", lm / "forward", lm / "backward"]
    data.append(tagger_folder / f"seed-{seed}")
    inputs = {"seed": seed, "threads": params.threads, **params.select.model_dump()}
    inputs["train_tagger"] = params.train_tagger.model_dump()
    return Computation(stage="select", inputs=inputs, files=[*code, *data])


@click.command(cls=StageCommand)
@params_option
@click.option("--conll", type=FOLDER, required=True, help="Output of prepare_conll.")
@click.option("--lm", type=FOLDER, required=True, help="Folder with the language models forward/ and backward/.")
@click.option("--tagger", "tagger_folder", type=FOLDER, required=True, help="The full tagger; its first seed is used.")
@click.option("--out", type=FOLDER, required=True, help="Where the gates and the tagger that belongs to them go.")
@click.option("--metrics", type=FILE, required=True, help="Where the layers kept go (JSON).")
@click.option("--curve", type=FILE, required=True, help="Where the gates' path over the epochs goes (CSV).")
def main(params_path: Path, conll: Path, lm: Path, tagger_folder: Path, out: Path, metrics: Path, curve: Path) -> None:
    """Choose at most select.max_layers layers by select.method, from the full tagger on. A killed run that trains gates
    goes on from its last finished epoch."""
    params = load_params(params_path)
    seed = params.train_tagger.seeds[0]
    set_up(seed, params.threads)
    data, language_models = load_tagging_data(conll), load_bidirectional_lm(lm, "pretrain_lm")
    width = sum(language_models.widths)
    tagger = load_tagger(tagger_folder / f"seed-{seed}", "train_tagger", data.lexicon, width)
    mine = computation(params_path, conll, lm, tagger_folder)
    with (
        stage_run(mine.stage, mine.inputs, [out]) as run,
        checkpoint_folder(mine) as checkpoints,
        keeping_evidence("select"),
    ):
        language_models.compute_in(params.select.precision)
        selection = Selection.of(language_models)
        records = []
        task = SelectionTask(tagger, selection, data, params.select, params.train_tagger, seed, checkpoints / "state")
        for record in METHODS[params.select.method](task):
            records.append(record)
            run.log(int(record["epoch"]), record)
        gates = split_directions(selection.gates)
        layers_kept = {direction: kept_layers(values) for direction, values in gates.items()}
        measured = {
            "method": params.select.method,
            "strength": params.select.strength,
            "regulariser": params.select.regulariser,
            "cost_weighted": params.select.cost_weighted,
            "max_layers": params.select.max_layers,
            "epoch": selection.epoch,
            "dev_f1": round(selection.dev_f1, 4),
            "gates": {direction: [round(gate, 6) for gate in values.tolist()] for direction, values in gates.items()},
            "layers_kept": layers_kept,
            "budget_reached_by": selection.budget_reached_by,
            "optimiser_epoch": selection.optimiser_epoch,
        }
        run.log_metrics({"dev_f1": selection.dev_f1})
        save_tagger(tagger, out / "tagger")
        write_json(out / "gates.json", {direction: values.tolist() for direction, values in gates.items()})
        write_json(metrics, measured)
        curve.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(records).to_csv(curve, index=False)
    kept = ", ".join(f"{direction} {layers}" for direction, layers in layers_kept.items())
    click.echo(f"layers kept: {kept}; budget reached by {measured['budget_reached_by']}; dev F1 {selection.dev_f1:.2f}")


if __name__ == "__main__":
    main()
