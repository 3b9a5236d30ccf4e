"""CSV tables and JSON records of tagged text, as tables and annotation tools export them, to CoNLL columns.

    python examples/own_data/to_columns.py ner_dataset.csv --encoding cp1252 > my-data/train.txt
    python examples/own_data/to_columns.py export.jsonl > my-data/train.txt

A CSV table has a line for each word, and names its columns: of the word, of the tag, and of the sentence, where a new
value starts a sentence (an empty line does, too). JSON records are one a line, or a list of them: with the words
(`tokens`) and their tags (`tags`, `ner_tags`, `labels`), or with `text` and spans of its characters (`label`,
`labels`, `entities`, `spans`), which are lists of start, end and type, or objects with these. Text is tokenised by the
rules of `ldnet tag`, for English, or with --tokenised at blanks; each line of it becomes a sentence. Tags of spans are
IOB2. What cannot be converted as it is meant is counted on standard error.
"""

import argparse
import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ldnet.text.tokenisation import TokenisedText, split_at_blanks, tokenise

WORDS, TAGS = ("word", "words", "token", "tokens", "form"), ("tag", "tags", "ner_tags", "ner", "label", "labels")
SPANS = ("entities", "spans", "label", "labels")
START, END, TYPE = ("start", "start_offset"), ("end", "end_offset"), ("label", "type", "tag")
Row = tuple[str, str]  # word and tag
Span = tuple[int, int, str]


def main() -> None:
    """Convert the file named on the command line, to standard output."""
    parser = argparse.ArgumentParser(description="CSV or JSON records to CoNLL columns.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--encoding", default="utf-8", help="of the file; a CSV from Windows may be cp1252")
    parser.add_argument("--tokenised", action="store_true", help="blanks separate the words of the text")
    options = parser.parse_args()
    try:
        text = options.file.read_text(encoding=options.encoding.replace("utf-8", "utf-8-sig"))
        sentences, problems = convert(text, split_at_blanks if options.tokenised else tokenise)
    except (OSError, ValueError) as error:  # a UnicodeDecodeError is a ValueError; it names the encoding
        sys.exit(f"Error: {options.file}: {error}")
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    for sentence in sentences:
        sys.stdout.write("".join(f"{word}\t{tag}\n" for word, tag in sentence) + "\n")
    for problem in problems:
        print(f"note: {problem}", file=sys.stderr)


def convert(text: str, tokenised: Callable[[str], TokenisedText]) -> tuple[list[list[Row]], list[str]]:
    """The sentences of a CSV table or of JSON records, and what could not be converted as it is meant.

    Raises ValueError if there are no such columns or keys.
    """
    if text.lstrip()[:1] in ("{", "["):
        return of_records(list(_records(text)), tokenised)
    return of_table(text), []


def of_table(text: str) -> list[list[Row]]:
    """The sentences of a CSV table with a header."""
    delimiter = max(",;\t|", key=text.partition("\n")[0].count)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = [name.strip().lower() for name in next(table, [])]
    word, tag = (next((names.index(name) for name in known if name in names), None) for known in (WORDS, TAGS))
    if word is None or tag is None:
        raise ValueError(f"no column of words ({', '.join(WORDS)}) or tags ({', '.join(TAGS)}) in {names}")
    sentence = next((i for i, name in enumerate(names) if name.startswith(("sent", "doc"))), None)
    sentences: list[list[Row]] = [[]]
    before = ""
    for row in table:
        number = row[sentence].strip() if sentence is not None and len(row) > sentence else ""
        if not any(row) or (number and number != before):
            sentences.append([])
        before = number or before
        if any(row):
            if len(row) <= max(word, tag):
                raise ValueError(f"a row with {len(row)} of {len(names)} values: {row}")
            sentences[-1].append((row[word].strip() or "_", row[tag].strip()))
    return [rows for rows in sentences if rows]


def _records(text: str) -> Iterator[Mapping[str, Any]]:
    try:
        whole = json.loads(text)
        yield from whole if isinstance(whole, list) else [whole]
    except json.JSONDecodeError:
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                try:
                    yield json.loads(line)
                except json.JSONDecodeError as error:
                    raise ValueError(f"line {number}: not JSON: {error.msg}") from None


def of_records(
    records: Sequence[Mapping[str, Any]], tokenised: Callable[[str], TokenisedText]
) -> tuple[list[list[Row]], list[str]]:
    """The sentences of JSON records, and how many spans do not fit their words."""
    sentences: list[list[Row]] = []
    cut = overlapping = 0
    for number, record in enumerate(records, start=1):
        words = _first(record, WORDS)
        if isinstance(words, list):
            tags = _first(record, TAGS)
            if not isinstance(tags, list) or len(tags) != len(words) or not all(isinstance(tag, str) for tag in tags):
                raise ValueError(f"record {number}: expected a tag, as text, for each of its {len(words)} words")
            sentences.append(list(zip(words, tags, strict=True)))
            continue
        if not isinstance(record.get("text"), str):
            raise ValueError(f"record {number}: expected text and spans, or tokens and tags; found {', '.join(record)}")
        spans = sorted(map(_span, _first(record, SPANS) or []))
        start = 0
        for line in record["text"].split("\n"):
            inside = [(a - start, b - start, kind) for a, b, kind in spans if a < start + len(line) and b > start]
            rows, cut_here, overlapping_here = tag_words(tokenised(line.removesuffix("\r")), inside)
            sentences += [rows] if rows else []
            cut, overlapping = cut + cut_here, overlapping + overlapping_here
            start += len(line) + 1
    problems = [
        (cut, "spans begin or end inside of a word; they were given all of it"),
        (overlapping, "spans overlap others, and were left out"),
    ]
    return sentences, [f"{count:,} {what}" for count, what in problems if count]


def tag_words(line: TokenisedText, spans: Iterable[Span]) -> tuple[list[Row], int, int]:
    """Words with tags in IOB2; how many spans cut words, and how many overlap spans before them."""
    tags = ["O"] * len(line.words)
    cut = overlapping = 0
    for start, end, kind in spans:
        touched = [i for i, (first, last) in enumerate(line.offsets) if first < end and last > start]
        if not touched or any(tags[i] != "O" for i in touched):
            overlapping += 1
            continue
        cut += line.offsets[touched[0]][0] < start or line.offsets[touched[-1]][1] > end
        for i in touched:
            tags[i] = f"{'B' if i == touched[0] else 'I'}-{kind}"
    return list(zip(line.words, tags, strict=True)), cut, overlapping


def _span(span: Any) -> Span:
    if isinstance(span, Mapping):
        values = [_first(span, names) for names in (START, END, TYPE)]
    else:
        values = list(span) if isinstance(span, list) else []
    if len(values) != 3 or not all(isinstance(place, int) for place in values[:2]) or not isinstance(values[2], str):
        raise ValueError(f"expected a span of start, end and type, found {span!r}")
    return values[0], values[1], values[2].replace(" ", "_")


def _first(record: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((record[name] for name in names if name in record), None)


if __name__ == "__main__":
    main()
