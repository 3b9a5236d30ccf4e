"""Turn weight files of the paper's released code into folders that the stages read."""

from pathlib import Path

import click

from ldnet.command_line import FILE, FOLDER, Command, echo
from ldnet.errors import InputError
from pipeline.reference.importing import import_language_models, import_tagger
from pipeline.reference.released_weights import read_checkpoint
from pipeline.reference.vocabularies import read_maps


@click.command(
    cls=Command,
    examples=[
        "python -m commands.import_weights --tagger pruned.model",
        "python -m commands.import_weights --lm forward.model backward.model --maps maps.json --out work/imported",
    ],
)
@click.option("--tagger", type=FILE, help="File of a tagger with its language models: all layers, gated or pruned.")
@click.option("--lm", type=FILE, nargs=2, metavar="FORWARD BACKWARD", help="Files of the two language models.")
@click.option(
    "--maps", type=FILE, help="JSON object with flm_map, blm_map, gw_map, c_map, y_map, if the tagger's file has none."
)
@click.option("--out", type=FOLDER, default="work/imported", show_default=True, help="Where the folders go.")
def main(tagger: Path | None, lm: tuple[Path, Path] | None, maps: Path | None, out: Path) -> None:
    """Import weights. Language models go to OUT/lm; a tagger, its lexicon and what it reads of its language models
    to OUT/pruned and OUT/conll/lexicon: the layout of work/. Gates are folded into the weights."""
    if tagger is None and lm is None:
        raise InputError("nothing to import: give --tagger FILE, --lm FORWARD BACKWARD, or both")
    checkpoint = None if tagger is None else read_checkpoint(tagger)
    vocabularies = read_maps(maps, checkpoint)
    if lm is not None:
        import_language_models(read_checkpoint(lm[0]), read_checkpoint(lm[1]), vocabularies, out / "lm")
        echo(f"{out / 'lm'}: language models")
    if checkpoint is not None:
        import_tagger(checkpoint, vocabularies, out / "pruned", out / "conll" / "lexicon")
        echo(f"{out / 'pruned'}: tagger")
    if vocabularies is None:
        echo("no maps: words, characters and tags keep the files' numbers, and text cannot be read")


if __name__ == "__main__":
    main()
