"""Where language models matter: all six taggers on few labelled sentences and on many, each size a DVC experiment."""

from pathlib import Path

import click

from commands.reproduce import check_data
from commands.sweeping import run_sweep
from commands.workspace import WorkspaceCommand
from ldnet.command_line import echo
from ldnet.errors import InputError
from pipeline.experiments.learning_curve import curve_document, curve_section, read_curve, size_row, sizes
from pipeline.experiments.points import numbers
from pipeline.experiments.stage_graph import PARAMS
from pipeline.params import Params, experiment_values, load_params
from pipeline.publishing.learning_curve_figure import curve_figure
from pipeline.publishing.sweep_publication import DOCS, Publication, code_version
from pipeline.text.splits import read_splits

RAW = Path("data/raw")
CURVE = Publication("curve", DOCS / "results.md", read_curve, curve_section, curve_figure)


@click.command(cls=WorkspaceCommand, examples=['make curve NAME=conll2000 SIZES="250 1000 4000 0" SEEDS="1 2 3"'])
@click.option("--sizes", "counts", default="250 1000 4000 0", show_default=True, help="Labelled sentences; 0: all.")
@click.option(
    "--seeds",
    default="1 2 3",
    show_default=True,
    help="Values of train_tagger.seeds; at all sentences, those of params.yaml.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Sizes at a time; as many as keep the processors busy.")
def main(counts: str, seeds: str, jobs: int | None) -> None:
    """Run every size and publish results/curve_<profile>.json, its figure, and the table in docs/results.md.

    Finished sizes are not run again, nor is the profile's own experiment, with all sentences and seeds. The language
    models are the same for all; layers are selected for each size.
    """
    params = load_params(PARAMS)
    points = sizes(params, numbers(counts, int, "sizes"), numbers(seeds, int, "seeds"))
    check_sizes(params, max(point.sentences for point in points))
    commit = code_version()
    document = curve_document(experiment_values(params), run_sweep(params, points, jobs, size_row), commit)
    file = CURVE.publish(document)
    echo(f"{file} and {CURVE.page}: {len(points)} sizes")


def check_sizes(params: Params, largest: int) -> None:
    """Raise InputError if the training data has fewer sentences than the largest size, or cannot be read."""
    if generated := params.generate_data.get(params.data):  # a stage makes the data first
        held_out = 0 if params.prepare_conll.dev else params.prepare_conll.dev_sentences
        if largest > (left := generated.train_sentences - held_out):
            raise InputError(
                f"sizes: {largest}, but {left} training sentences are made (generate_data.{params.data}."
                "train_sentences); give SIZES that are not larger (0: all)"
            )
        return
    check_data(params, RAW)
    conll = params.prepare_conll.model_copy(update={"train_sentences": largest})
    read_splits(RAW / params.data, conll, params.seed)


if __name__ == "__main__":
    main()
