"""The metrics of all stages to results, tables, figures, and one MLflow run of the whole pipeline."""

from pathlib import Path

import click

from ldnet.command_line import FOLDER, echo
from ldnet.files import write_bytes, write_json
from pipeline.params import experiment_values, load_params
from pipeline.report.curves import gates_figure, lm_figure
from pipeline.report.experiment_run import experiment_run
from pipeline.report.f1_against_cost import f1_against_cost
from pipeline.report.figure_files import save_figure
from pipeline.report.measurements import DIRECTIONS, pick, read_curve, read_gates, read_metrics
from pipeline.report.results import build_results
from pipeline.report.tables import tables
from pipeline.tracking import log_pipeline_run
from stages._run import StageCommand, params_option


@click.command(cls=StageCommand)
@params_option
@click.option(
    "--metrics", type=FOLDER, default="metrics", show_default=True, help="Folder of the stages' metrics (JSON)."
)
@click.option("--curves", type=FOLDER, default="curves", show_default=True, help="Folder of the stages' curves (CSV).")
@click.option("--out", type=FOLDER, default="work/report", show_default=True, help="Where results and figures go.")
def main(params_path: Path, metrics: Path, curves: Path, out: Path) -> None:
    """Results document, Markdown tables, and the figures of F1 against cost, gates and perplexity.

    Logs one complete MLflow run of the pipeline: all parameters, metrics, figures and tables.
    """
    params = load_params(params_path)
    measured = read_metrics(metrics)
    results = build_results(experiment_values(params), measured)
    layers = params.pretrain_lm.layers
    gates = read_gates(curves / "select.csv", layers)
    training = {name: read_curve(curves / f"pretrain_lm_{name}.csv", ["tokens", "perplexity"]) for name in DIRECTIONS}
    heldout = {direction: results["lm"][direction]["heldout_perplexity"] for direction in DIRECTIONS}

    write_json(out / "results.json", results)
    write_bytes(out / "tables.md", tables(results).encode())
    save_figure(f1_against_cost(results), out / "f1_against_cost.svg", out / "f1_against_cost.png")
    save_figure(gates_figure(gates, pick(measured, "select.epoch"), layers), out / "gates.svg")
    save_figure(lm_figure(training, heldout), out / "lm_curves.svg")
    echo(tables(results))
    log_pipeline_run(**experiment_run(params, measured, results, out=out, metrics=metrics, curves=curves))


if __name__ == "__main__":
    main()
