"""`ldnet tag`: text from files or standard input to tags."""

import os
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from ldnet.command_line import MODEL, Command, GivenPath, discard_output, echo, named_output
from ldnet.commands.loading import loaded_for_command
from ldnet.decoding.precision import PRECISIONS, DecodingPrecision
from ldnet.errors import InputError
from ldnet.limits import MOST_PATHS
from ldnet.printable import printable

if TYPE_CHECKING:  # torch takes seconds to import, which --help need not wait for
    from ldnet.model_folder import TaggingModel
    from ldnet.sentence_input import Reader, SentenceRead


@click.command(
    "tag",
    cls=Command,
    short_help="Tag files or standard input.",
    examples=[
        "ldnet tag work/model/pruned_taught article.txt > article.conll",
        "zcat news.txt.gz | ldnet tag latest --format jsonl > news.jsonl",
        "ldnet tag models:/chunker@champion a.txt b.txt.gz --precision int8",
        "ldnet tag latest words.txt --tokenised --format jsonl --n-best 3",
        "ldnet tag latest test.conll --input conll --word-column 0",
        "tail -f log.txt | ldnet tag latest",
    ],
)
@click.argument("model", type=MODEL)
@click.argument("files", nargs=-1, type=GivenPath())
@click.option(
    "--input",
    "form",
    type=click.Choice(["text", "conll"]),
    default="text",
    show_default=True,
    help="A sentence a line, or a word a line in columns.",
)
@click.option("--tokenised", is_flag=True, help="The text is tokenised already: blanks separate the words.")
@click.option(
    "--word-column",
    type=int,
    help="Where the words stand with --input conll; columns count from 0. Left out: 0; 1 where column 0 counts them.",
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["conll", "jsonl"]),
    default="conll",
    show_default=True,
    help="Columns `word tag`, or one JSON object a sentence: text, tokens, offsets, tags, spans.",
)
@click.option(
    "--n-best",
    type=click.IntRange(1, MOST_PATHS),
    default=1,
    show_default=True,
    metavar="N",
    help="With jsonl: also the N best taggings of each sentence with their probabilities.",
)
@click.option("--precision", type=click.Choice(PRECISIONS), default="float32", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="How many compute; left out: one a processor.")
def main(
    model: str,
    files: tuple[str, ...],
    form: str,
    tokenised: bool,
    word_column: int | None,
    output: str,
    n_best: int,
    precision: DecodingPrecision,
    threads: int | None,
) -> None:
    """Tag FILES (plain or compressed), or standard input, with MODEL, and write the tags to standard output.

    MODEL is a folder that `make export` wrote, an MLflow model (models:/name@alias, models:/name/1, runs:/id/path),
    `latest`: the model that was exported last below work/model in the current folder, or `demo`: a small tagger of
    made-up names that comes with ldnet (PER, LOC, ORG and MISC), to try things out.

    Results come in the order of the input, while it still comes, and a line without words keeps its place. Offsets
    count Unicode code points of the line. A confidence is the probability that just these words are such a span.
    """
    if form == "text" and word_column is not None:
        raise click.UsageError("--word-column belongs to --input conll")
    if form == "conll" and tokenised:
        raise click.UsageError("--tokenised belongs to --input text; columns are tokenised anyway")
    if output == "conll" and n_best > 1:
        raise click.UsageError("--n-best needs --format jsonl")
    from ldnet.locate_model import located
    from ldnet.sentence_input import STDIN, check_inputs, conll_reader, text_reader
    from ldnet.text.tokenisation import split_at_blanks, tokenise

    names = files or (STDIN,)
    check_inputs(names)
    _check_output(names)
    with located(model) as folder:
        if STDIN in names and sys.stdin.isatty():
            echo("reading what you type, a sentence a line; Ctrl-D ends it", err=True)
        loaded = loaded_for_command(folder, precision, threads)
    split = split_at_blanks if tokenised else tokenise
    reader = conll_reader(word_column, _say) if form == "conll" else text_reader(split, _say)
    try:
        _tag_all(loaded, names, reader, output, n_best)
    except BrokenPipeError:  # who reads has seen enough; what Python still holds back has nowhere to go either
        discard_output()


def _check_output(names: tuple[str, ...]) -> None:
    """Raise InputError for an input that the output goes to: its tags would be read as text, without an end."""
    from ldnet.sentence_input import STDIN, display_name

    out = os.fstat(1)
    for name in names:
        read = os.fstat(0) if name == STDIN else Path(name).stat()
        if stat.S_ISREG(out.st_mode) and os.path.samestat(read, out):
            raise InputError(f"{display_name(name)}: the output goes to this file, too; expected another one")


def _say(line: str) -> None:
    echo(line, err=True)


def _tag_all(model: "TaggingModel", names: tuple[str, ...], reader: "Reader", output: str, n_best: int) -> None:
    """Read, tag and write group by group. A KeyboardInterrupt leaves whole lines, and says up to where.

    An OSError of the output says so, too, and how many lines of the output are whole.
    """
    from tqdm import tqdm

    from ldnet.sentence_input import display_name, read_groups

    out = sys.stdout.buffer
    done = "nothing has been written yet"
    on_terminal = sys.stdout.isatty()  # which would obey what is in the text; files and pipes get it as it is
    shown = sys.stderr is not None and sys.stderr.isatty() and not on_terminal
    whole_lines = 0
    with tqdm(desc="tagging", unit=" sentences", disable=not shown) as progress:
        try:
            for name in names:
                for group in read_groups(name, reader):
                    text = _tagged(model, group, output, n_best)
                    content = (printable(text) if on_terminal else text).encode()
                    with _uninterrupted():
                        _write(out, content, f"its first {whole_lines:,} lines are whole; {done}")
                        whole_lines += content.count(b"\n")
                        done = _written(display_name(name), group[-1].last_line)
                    progress.update(len(group))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(done) from None


def _write(out: BinaryIO, content: bytes, done: str) -> None:
    try:
        with named_output():
            out.write(content)
            out.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror}; {done}") from None


def _written(name: str, line: int) -> str:
    return f"all up to line {line} of {name} is written; `tail -n +{line + 1}` gives the rest of it"


def _tagged(model: "TaggingModel", group: "list[SentenceRead]", output: str, n_best: int) -> str:
    from ldnet.sentence_output import conll_block, json_line

    if output == "conll":
        tags = model.tag([sentence.line.words for sentence in group])
        return "".join(conll_block(sentence, of_it) for sentence, of_it in zip(group, tags, strict=True))
    # Of columns, only sentences: the empty lines between them are none.
    lines = [sentence.line for sentence in group if sentence.columns is None or sentence.line.words]
    return "".join(map(json_line, model.annotate_lines(lines, n_best=n_best)))


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait, so that no line is left half-written. A masked signal would go to another thread."""
    received: list[int] = []
    usual = signal.signal(signal.SIGINT, lambda number, _: received.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
    if received:
        raise KeyboardInterrupt
