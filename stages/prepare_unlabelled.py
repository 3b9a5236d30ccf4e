"""Sentences of the LM text for taught taggers to learn from, beside the labelled ones."""

from pathlib import Path

import click

from ldnet.command_line import FILE, FOLDER, echo
from ldnet.files import write_bytes
from pipeline.corpus.lm_files import text_files
from pipeline.corpus.preparation import hashes_of, other_tests, read_hashes
from pipeline.corpus.unlabelled import check_enough, sample_sentences
from pipeline.params import load_params
from stages._run import StageCommand, params_option


@click.command(cls=StageCommand)
@params_option
@click.option("--raw", type=FOLDER, required=True, help="The data folder, data/raw/<name>.")
@click.option("--test-hashes", type=FILE, required=True, help="Hashes of the test sentences, one a line.")
@click.option("--out", type=FILE, required=True, help="Where the sentences go, one a line.")
def main(params_path: Path, raw: Path, test_hashes: Path, out: Path) -> None:
    """Draw prepare_unlabelled.sentences sentences from the LM text under RAW; none is a test sentence."""
    params = load_params(params_path)
    count, corpus = params.prepare_unlabelled.sentences, params.prepare_corpus
    hashes = read_hashes(test_hashes) | hashes_of(other_tests(raw, corpus.other_tests))
    sentences = sample_sentences(text_files(raw, corpus.text)[0], hashes, count, params.seed) if count else []
    check_enough(raw / corpus.text, len(sentences), count)
    write_bytes(out, "".join(f"{sentence}\n" for sentence in sentences).encode())
    echo(f"{len(sentences):,} sentences, {sum(len(sentence.split()) for sentence in sentences):,} words")


if __name__ == "__main__":
    main()
