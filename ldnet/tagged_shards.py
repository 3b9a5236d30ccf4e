"""A folder of text shards to a folder of tagged ones: a JSON line for each line of text, a file for each shard.

A shard's output is whole or absent, so what is there need not be done again. JSON lines, because line i of the output
then stands beside line i of the text, a stream of any length is written in little memory, and nothing but `zcat`, `wc`
and a JSON reader is needed to check and use it.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from ldnet.command_line import echo
from ldnet.decoding.precision import DecodingPrecision
from ldnet.errors import InputError, naming
from ldnet.files import kind_of, read_json, write_json, written_whole
from ldnet.input_formats import READS_COLUMNS, doubt_about_text
from ldnet.limits import MOST_LINE_BYTES
from ldnet.printable import one_line
from ldnet.text.lines import decode, read_lines
from ldnet.text.tokenisation import split_words

if TYPE_CHECKING:  # Spark's readers and writers need no torch
    from ldnet.model_folder import TaggingModel

# A shard is tagged in groups of so many lines, wherever that happens: rounding depends on which sentences share a
# batch, so only equal groups give equal tags in every precision.
# At 10,000 lines of 4 MiB a group would take 40 GB: it ends early where it has so many characters.
GROUP_LINES, GROUP_CHARACTERS = 10_000, 1 << 24
SUFFIXES = (".txt", ".txt.gz")
OUTPUT_SUFFIX, UNFINISHED_SUFFIX = ".jsonl", ".part"
DESCRIPTION = "tagging.json"
RECORD_END = b"]}\n"
LOOKED_AT = 200  # lines that show what a shard is
EXPECTED_TEXT = "expected text, one tokenised sentence a line"
EXPECTED_SHARDS = "expected *.txt or *.txt.gz in a folder, one tokenised sentence a line"
SHOWN = 10  # of the names that are not taken


class Line(NamedTuple):
    """A line of a shard, counted from 1, its words separated by white space, and their tags."""

    number: int
    text: str
    tags: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class ShardResult:
    """What became of a shard: how much was tagged, or why nothing was written (then `problem` is not empty)."""

    shard: str
    sentences: int = 0
    words: int = 0
    problem: str = ""


def find_shards(folder: Path) -> list[Path]:
    """The shards in the folder, by name. A line on stderr names what else is there, but for hidden files and outputs.

    Raises InputError if there are none, or no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: {'is no folder' if folder.exists() else 'no such folder'}; {EXPECTED_SHARDS}")
    visible = sorted(path for path in folder.glob("*") if not path.name.startswith("."))
    taken = {path: path.name.endswith(SUFFIXES) and path.is_file() for path in visible}
    left_out = [path.name for path in visible if not (taken[path] or _is_output(path))]
    if left_out:
        more = f" and {len(left_out) - SHOWN:,} more" if len(left_out) > SHOWN else ""
        names = ", ".join(left_out[:SHOWN])
        echo(one_line(f"note: {folder}: not taken, as *.txt and *.txt.gz are: {names}{more}"), err=True)
    if not any(taken.values()):
        raise InputError(f"{folder}: no shards; {EXPECTED_SHARDS}")
    return [path for path in visible if taken[path]]


def _is_output(path: Path) -> bool:
    return path.name == DESCRIPTION or path.name.endswith(tuple(suffix + OUTPUT_SUFFIX for suffix in SUFFIXES))


def output_of(shard: Path, out: Path) -> Path:
    """Where the tagged shard goes. The shard's whole name is kept: a.txt and a.txt.gz may both be there."""
    return out / (shard.name + OUTPUT_SUFFIX)


@contextmanager
def output_folder(out: Path, model_digest: str, precision: DecodingPrecision) -> Iterator[None]:
    """Reserve the folder for this process, this model and this precision, and clear away what was left unfinished.

    Raises InputError if another process is writing there, or if what is there was tagged in another way.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{out}: another process is tagging into this folder; wait for it or stop it") from None
        made_by = {"model_sha256": model_digest, "precision": precision, "group_lines": GROUP_LINES}
        if not (out / DESCRIPTION).exists():
            write_json(out / DESCRIPTION, made_by)
        if read_json(out / DESCRIPTION) != made_by:
            raise InputError(f"{out / DESCRIPTION}: tagged by another model or precision; expected an empty folder")
        for unfinished in out.glob(f"*{OUTPUT_SUFFIX}.*{UNFINISHED_SUFFIX}"):
            unfinished.unlink(missing_ok=True)
        yield


def read_groups(shard: Path) -> Iterator[list[tuple[int, str]]]:
    """The shard's numbered lines in groups, each of which ends at a multiple of GROUP_LINES or has GROUP_CHARACTERS.

    Raises InputError naming file and line for bad UTF-8, and for what is no text for certain: JSON, CSV, a web page,
    tagged columns. A line on stderr says what may be none.
    """
    group: list[tuple[int, str]] = []
    characters = 0
    for number, line in enumerate(read_lines(shard, MOST_LINE_BYTES), 1):
        group.append((number, decode(line, shard, number)))
        characters += len(group[-1][1])
        if number % GROUP_LINES == 0 or characters >= GROUP_CHARACTERS:
            yield _text(group, shard)
            group, characters = [], 0
    if group:
        yield _text(group, shard)


def _text(group: list[tuple[int, str]], shard: Path) -> list[tuple[int, str]]:
    """The group; raises InputError if it is the first, and shows that the shard is no text."""
    remedy = f"`ldnet tag` with {READS_COLUMNS}"
    if group[0][0] == 1 and (doubt := doubt_about_text(group[:LOOKED_AT], str(shard), EXPECTED_TEXT, remedy)):
        echo(one_line(f"note: {doubt}"), err=True)
    return group


def tag_shard(model: "TaggingModel", shard: Path, out: Path) -> ShardResult:
    """Tag one shard in this process and write its output."""

    def lines() -> Iterator[Line]:
        for group in read_groups(shard):
            with naming(shard):
                tagged = model.tag([split_words(text) for _, text in group])
            for (number, text), tags in zip(group, tagged, strict=True):
                yield Line(number, text, tags)

    return write_shard(shard, out, lines())


def write_shard(shard: Path, out: Path, lines: Iterable[Line]) -> ShardResult:
    """Write the output of one shard; an InputError raised by `lines` becomes the result's problem, and no output.

    Lines that come in another order than 1, 2, 3 ... are a fault of ours and end in an error.
    """
    words = number = 0
    output = output_of(shard, out)
    try:
        # Spark may try a shard twice at the same time.
        with written_whole(output, f"{output.name}.{uuid4().hex}{UNFINISHED_SUFFIX}") as file:
            for number, line in enumerate(lines, 1):
                if line.number != number:
                    raise RuntimeError(f"{shard}: line {line.number} where line {number} was expected")
                sentence = split_words(line.text)
                if len(sentence) != len(line.tags):
                    raise RuntimeError(f"{shard}:{number}: {len(line.tags)} tags for {len(sentence)} words")
                record = {"line": number, "words": sentence, "tags": line.tags}
                file.write(f"{json.dumps(record, ensure_ascii=False)}\n".encode())
                words += len(sentence)
    except InputError as error:
        return ShardResult(shard=shard.name, problem=one_line(str(error)))
    return ShardResult(shard=shard.name, sentences=number, words=words)


def missing_shards(shards: Sequence[Path], out: Path) -> list[Path]:
    """The shards that have no output yet. Raises InputError for an output that cannot be one of its shard."""
    missing = [shard for shard in shards if not output_of(shard, out).exists()]
    for shard in sorted(set(shards) - set(missing)):
        _check_output(output_of(shard, out), shard)
    return missing


def _check_output(output: Path, shard: Path) -> None:
    """Raise InputError unless it is a file that ends with a whole record, or is empty as its shard is.

    This program writes outputs that are whole. A copy of them may have been cut short.
    """
    advice = "remove it, then run the same command again"
    if not output.is_file():
        raise InputError(f"{output}: {kind_of(output.stat())}; expected a file of tags; {advice}")
    with output.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - len(RECORD_END)))
        end = file.read()
    if end != RECORD_END and (size or next(iter(read_lines(shard, MOST_LINE_BYTES)), None) is not None):
        raise InputError(f"{output}: cut short; expected a record for each line of {shard}; {advice}")
