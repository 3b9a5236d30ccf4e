"""LM text to an encoded corpus: vocabulary, memory-mapped id shards, held-out part, leak report."""

from pathlib import Path
from typing import Any

import click

from ldnet.command_line import FILE, FOLDER, echo
from ldnet.files import write_json
from ldnet.processors import processors
from ldnet.text.columns import read_conll
from pipeline.checkpoints import Computation, checkpoint_folder, code_of
from pipeline.corpus.lm_files import text_files
from pipeline.corpus.preparation import hashes_of, other_tests, prepare, read_hashes
from pipeline.params import load_params
from stages._run import StageCommand, params_option


def computation(params_path: Path, raw: Path, test_hashes: Path, **_: Any) -> Computation:
    """What the stage computes with these options, for its checkpoints."""
    params = load_params(params_path)
    others = other_tests(raw, params.prepare_corpus.other_tests)
    text = text_files(raw, params.prepare_corpus.text)[0]
    code = code_of("stages/prepare_corpus.py", "ldnet/text", "pipeline/text", "pipeline/corpus", "pipeline/execution")
    inputs = {"seed": params.seed, "files": [str(path) for path in text], **params.prepare_corpus.model_dump()}
    return Computation(stage="prepare_corpus", inputs=inputs, files=[*code, test_hashes, *others, *text])


@click.command(cls=StageCommand)
@params_option
@click.option("--raw", type=FOLDER, required=True, help="The data folder, data/raw/<name>.")
@click.option("--test-hashes", type=FILE, required=True, help="Hashes of the test sentences, one a line.")
@click.option("--train", type=FILE, help="Training sentences, to see whether the text is written as they are.")
@click.option("--out", type=FOLDER, required=True, help="Where the encoded corpus goes.")
@click.option("--metrics", type=FILE, required=True, help="Where the statistics go (JSON).")
def main(params_path: Path, raw: Path, test_hashes: Path, train: Path | None, out: Path, metrics: Path) -> None:
    """Encode the LM text under RAW (prepare_corpus.text), with all processors; sentences of the test split and of
    prepare_corpus.other_tests are dropped and counted.

    A killed run resumes with the parts of the text that it has not finished.
    """
    params = load_params(params_path)
    hashes = read_hashes(test_hashes) | hashes_of(other_tests(raw, params.prepare_corpus.other_tests))
    with checkpoint_folder(computation(params_path, raw, test_hashes)) as scratch:
        statistics = prepare(
            raw,
            hashes,
            out,
            params.prepare_corpus,
            params.seed,
            scratch,
            processors(),
            train=[sentence.words for sentence in read_conll(train, 0, 1)] if train else (),
            say=echo,
        )
        write_json(metrics, statistics)
    echo(
        f"{statistics['train_tokens']:,} tokens, {statistics['vocabulary']:,} words in the vocabulary, "
        f"{statistics['dropped_test_sentences']} test sentences dropped"
    )


if __name__ == "__main__":
    main()
