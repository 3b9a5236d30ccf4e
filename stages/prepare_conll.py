"""CoNLL columns to IOBES splits and the lexicon."""

from pathlib import Path

import click

from ldnet.command_line import FILE, FOLDER, echo
from ldnet.files import write_bytes, write_json
from ldnet.text.columns import sentence_hash, write_conll
from pipeline.params import load_params
from pipeline.text.lexicon_building import build_lexicon, vector_coverage
from pipeline.text.splits import count, read_splits
from pipeline.text.word_vectors import no_vectors, read_word_vectors
from stages._run import StageCommand, params_option


@click.command(cls=StageCommand)
@click.option("--raw", type=FOLDER, required=True, help="The data folder, data/raw/<name>.")
@click.option("--out", type=FOLDER, required=True, help="Where the splits, test hashes and lexicon go.")
@click.option("--metrics", type=FILE, required=True, help="JSON of counts and vector coverage.")
@params_option
def main(raw: Path, out: Path, metrics: Path, params_path: Path) -> None:
    """Read sentences in CoNLL columns (any tag scheme), check them, and write IOBES splits and the lexicon.

    Writes train.conll, dev.conll, test.conll, test_hashes.txt (so that the LM corpus can leave out test sentences
    without reading them) and lexicon/. Files and columns: section prepare_conll of params.yaml.
    """
    params = load_params(params_path)
    conll = params.prepare_conll
    splits, scheme = read_splits(raw, conll, params.seed, echo)
    path = raw / conll.vectors
    word_vectors = read_word_vectors(path, conll.vector_rows, echo) if conll.vectors else no_vectors()
    lexicon = build_lexicon(splits["train"], word_vectors, conll.digits_as_zero)
    for name, sentences in splits.items():
        write_conll(out / f"{name}.conll", sentences)
    hashes = sorted({sentence_hash(sentence.words) for sentence in splits["test"]})
    write_bytes(out / "test_hashes.txt", "".join(f"{value}\n" for value in hashes).encode())
    lexicon.save(out / "lexicon")
    coverage = {name: vector_coverage(splits[name], word_vectors) for name in ("train", "dev")}
    sizes = {**count(splits), "lexicon": lexicon.sizes()}
    write_json(metrics, {**sizes, "tag_scheme": scheme, "vector_coverage": coverage})
    echo(f"tag scheme {scheme}; " + ", ".join(f"{name} {len(split)} sentences" for name, split in splits.items()))
    for name, units in coverage.items() if conll.vectors else ():
        for unit, matches in units.items():
            shares = (f"{100 * number / sum(matches.values()):.2f} % {match}" for match, number in matches.items())
            echo(f"word vectors, {name} {unit}: {', '.join(shares)}")


if __name__ == "__main__":
    main()
