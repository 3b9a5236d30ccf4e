"""A seed to a data set: tagged splits and LM text from the product's own grammar."""

import math
from pathlib import Path

import click
from tqdm import tqdm

from ldnet.command_line import FOLDER, echo
from ldnet.errors import InputError
from ldnet.files import write_bytes
from pipeline.grammar.language import GeneratedLanguage, columns
from pipeline.params import load_params
from stages._run import StageCommand, params_option

TEXT_FILES = 4


@click.command(cls=StageCommand)
@params_option
@click.option("--name", required=True, help="The data set: a key of generate_data in the parameters file.")
@click.option("--out", type=FOLDER, required=True, help="Where the data set goes.")
def main(params_path: Path, name: str, out: Path) -> None:
    """Generate newswire-like sentences: train.txt, dev.txt, test.txt (columns word, part of speech, chunk, entity; tags
    in IOB2) and lm/part-*.txt (one tokenised sentence a line, none of the tagged ones among them)."""
    generated = load_params(params_path).generate_data
    if name not in generated:
        known = ", ".join(sorted(generated)) or "none"
        raise InputError(f"{params_path}: generate_data.{name}: no such key; expected one of those there ({known})")
    params = generated[name]
    language = GeneratedLanguage(params.seed)
    tagged = language.tagged_splits(params)
    for split, sentences in (("train", tagged.train), ("dev", tagged.dev), ("test", tagged.test)):
        write_bytes(out / f"{split}.txt", columns(sentences).encode())
    size = params.lm_sentences
    text = language.text(size, tagged)
    lines = [" ".join(words) + "\n" for words in tqdm(text, "generating", size, unit=" sentences", disable=None)]
    share = math.ceil(size / TEXT_FILES)
    for part in range(TEXT_FILES):
        write_bytes(out / "lm" / f"part-{part:02d}.txt", "".join(lines[part * share : (part + 1) * share]).encode())
    echo(f"{out}: {sum(map(len, (tagged.train, tagged.dev, tagged.test)))} tagged sentences, {size} of text")


if __name__ == "__main__":
    main()
