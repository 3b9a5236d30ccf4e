"""Select language-model layers: by gates that are trained with the tagger, or without training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from torch import Tensor

from ldnet.command_line import FILE, FOLDER, echo
from ldnet.files import write_json
from pipeline.checkpoints import Computation, checkpoint_folder, code_of
from pipeline.execution.finite import keeping_evidence
from pipeline.execution.reproducible import set_up
from pipeline.execution.stored import write_curve
from pipeline.features.contextual import load_bidirectional_lm
from pipeline.language_model.dense_lstm import kept_layers
from pipeline.params import load_params
from pipeline.selection.methods import METHODS
from pipeline.selection.selection import Selection, SelectionTask, split_directions
from pipeline.tagger.model import load_tagger, save_tagger
from pipeline.tagger.tagging_data import load_tagging_data
from pipeline.tracking import stage_run
from stages._run import StageCommand, params_option


def computation(params_path: Path, conll: Path, lm: Path, tagger_folder: Path, **_: Any) -> Computation:
    """What the stage computes with these options, for its checkpoints."""
    params = load_params(params_path)
    code = code_of(
        *("stages/select.py", "ldnet/text", "ldnet/crf", "pipeline/execution", "pipeline/language_model"),
        *("pipeline/features", "pipeline/tagger", "pipeline/selection"),
    )
    data = [conll / "train.conll", conll / "dev.conll", conll / "lexicon", lm / "forward", lm / "backward"]
    data += [tagger_folder / f"seed-{seed}" for seed in params.selection_seeds]
    inputs = {"seeds": params.selection_seeds, "threads": params.threads, **params.select.model_dump()}
    inputs["train_tagger"] = params.train_tagger.model_dump()
    return Computation(stage="select", inputs=inputs, files=[*code, *data])


@click.command(cls=StageCommand)
@params_option
@click.option("--conll", type=FOLDER, required=True, help="Output of prepare_conll.")
@click.option("--lm", type=FOLDER, required=True, help="Folder with the language models forward/ and backward/.")
@click.option("--tagger", "tagger_folder", type=FOLDER, required=True, help="The full taggers, one folder a seed.")
@click.option("--out", type=FOLDER, required=True, help="Where gates and their tagger go, a folder a seed.")
@click.option("--metrics", type=FILE, required=True, help="Where the layers kept go (JSON).")
@click.option("--curve", type=FILE, required=True, help="Where the gates' path over the epochs goes (CSV).")
def main(params_path: Path, conll: Path, lm: Path, tagger_folder: Path, out: Path, metrics: Path, curve: Path) -> None:
    """Choose at most select.max_layers layers by select.method, once from each of the first full taggers on.

    A killed run that trains gates resumes from its last finished epoch.
    """
    params = load_params(params_path)
    data, records, selections = load_tagging_data(conll), [], []
    mine = computation(params_path, conll, lm, tagger_folder)
    with (
        stage_run(mine.stage, mine.inputs, [out]) as run,
        checkpoint_folder(mine) as checkpoints,
        keeping_evidence("select"),
    ):
        for seed in params.selection_seeds:
            set_up(seed, params.threads)
            language_models = load_bidirectional_lm(lm, "pretrain_lm")
            width = sum(language_models.widths)
            tagger = load_tagger(tagger_folder / f"seed-{seed}", "train_tagger", data.lexicon, width)
            language_models.compute_in(params.select.precision)
            selection, state = Selection.of(language_models), checkpoints / f"seed-{seed}"
            task = SelectionTask(tagger, selection, data, params.select, params.train_tagger, seed, state)
            for record in METHODS[params.select.method](task):
                records.append({"seed": seed, **record})
                run.log(int(record["epoch"]), {f"seed_{seed}/{name}": value for name, value in record.items()})
            gates = split_directions(selection.gates)
            save_tagger(tagger, out / f"seed-{seed}" / "tagger")
            write_json(out / f"seed-{seed}" / "gates.json", {name: values.tolist() for name, values in gates.items()})
            selections.append(_measured(seed, selection, gates))
            echo(_told(selections[-1]))
        keys = ("method", "strength", "regulariser", "cost_weighted", "max_layers")
        chosen = {key: getattr(params.select, key) for key in keys}
        run.log_metrics({"dev_f1": selections[0]["dev_f1"]})
        again = {f"seed-{of['seed']}": of for of in selections[1:]}
        write_json(metrics, {**chosen, **selections[0], "repeated": again})
        write_curve(curve, records)


def _measured(seed: int, selection: Selection, gates: Mapping[str, Tensor]) -> dict[str, Any]:
    """What one selection came to."""
    return {
        "seed": seed,
        "epoch": selection.epoch,
        "dev_f1": round(selection.dev_f1, 4),
        "gates": {direction: [round(gate, 6) for gate in values.tolist()] for direction, values in gates.items()},
        "layers_kept": {direction: kept_layers(values) for direction, values in gates.items()},
        "budget_reached_by": selection.budget_reached_by,
        "optimiser_epoch": selection.optimiser_epoch,
    }


def _told(measured: Mapping[str, Any]) -> str:
    kept = ", ".join(f"{direction} {layers}" for direction, layers in measured["layers_kept"].items())
    return f"layers kept: {kept}; budget reached by {measured['budget_reached_by']}; dev F1 {measured['dev_f1']:.2f}"


if __name__ == "__main__":
    main()
