"""`ldnet calibrate`: how far a tagger's confidences can be trusted."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ldnet.command_line import FILE, MODEL, Command, echo
from ldnet.commands.loading import loaded_for_command
from ldnet.errors import naming

if TYPE_CHECKING:
    from ldnet.decoding.calibration import Bin


@click.command(
    "calibrate",
    cls=Command,
    short_help="Compare confidences with the share that is right.",
    examples=["ldnet calibrate work/model/pruned_taught", "ldnet calibrate latest --dev dev.conll"],
)
@click.argument("model", type=MODEL)
@click.option(
    "--dev",
    type=FILE,
    default="work/conll/dev.conll",
    show_default=True,
    help="Sentences with their tags, as prepare_conll writes them; not the sentences of a test split.",
)
def main(model: str, dev: Path) -> None:
    """Compare the confidences of the spans that MODEL finds in DEV with the share of them that is right.

    First as the CRF gives them, then with one temperature, fitted on one half of DEV and measured on the other.
    MODEL is what `ldnet tag` takes. Exports are calibrated in this way by themselves.
    """
    from ldnet.locate_model import located
    from ldnet.text.columns import read_conll
    from ldnet.text.tags import spans

    with located(model) as folder:
        sentences = read_conll(dev, 0, 1)
        for sentence in sentences:  # tags that are none are the fault of this file, not of the model
            with naming(Path(f"{dev}:{sentence.first_line}")):
                spans(sentence.tags)
        loaded = loaded_for_command(folder)
    from ldnet.decoding.calibration import calibrate

    with naming(folder):
        found = calibrate(loaded.bulk, sentences)
    echo(f"{found.spans:,} spans found in {dev}; expected calibration error:")
    echo(f"{found.error_before:.4f} as the CRF gives them")
    _echo_bins(found.before)
    echo(f"{found.error_after:.4f} with a temperature fitted on the other half")
    _echo_bins(found.after)
    echo(
        f"temperature: {found.fitted:.4f} fitted on all of it, {found.temperature:.4f} to be used; "
        f"{loaded.temperature:.4f} in the model"
    )


def _echo_bins(bins: "Sequence[Bin]") -> None:
    echo("  confidence   spans    mean   right")
    for low, high, spans, confidence, right in bins:
        echo(f"  {low:.1f} to {high:.1f} {spans:>8,} {confidence:>7.3f} {right:>7.3f}")
