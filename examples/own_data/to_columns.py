"""CSV tables and JSON records of tagged text, as tables and annotation tools export them, to CoNLL columns.

    python examples/own_data/to_columns.py ner_dataset.csv --encoding cp1252 > my-data/train.txt
    python examples/own_data/to_columns.py export.jsonl > my-data/train.txt

A CSV table has a line for each word, and names its columns: of the word, of the tag, and of the sentence and the
document, where a new value starts a sentence (an empty line does, too). JSON records are one a line, or a list of them:
* words (`tokens`) and their tags (`tags`, `ner_tags`, `labels`);
* `text` and spans of its characters (`label`, `labels`, `entities`, `spans`, `ents`), which are lists of start, end and
  type, or objects with these: doccano, Label Studio (JSON and JSON-MIN);
* `text`, `tokens` that are objects, and spans: Prodigy, spaCy's Doc.to_json;
* pairs of a text and an object with spans: spaCy's training format.
Text without words is tokenised by the rules of `ldnet tag`, for English, or with --tokenised at blanks; each line of it
becomes a sentence. Tags of spans are IOB2. What cannot be converted as it is meant is reported on standard error.
"""

import argparse
import csv
import io
import json
import re
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard, TypeVar

from ldnet.printable import printable, quoted, shortened
from ldnet.text.column_layout import looks_like_tag
from ldnet.text.lines import compression_of
from ldnet.text.tokenisation import TokenisedText, split_at_blanks, tokenise

WORDS, TAGS = ("word", "words", "token", "tokens", "form"), ("tag", "tags", "ner_tags", "ner", "label", "labels")
SPANS = ("entities", "spans", "label", "labels", "ents")
START, END, TYPE = ("start", "start_offset"), ("end", "end_offset"), ("label", "type", "tag", "labels")
NUMBERED = r"s?[\W_]*(id|idx|index|no|nr|num|number|name)?[\W_]*"
SENTENCE = re.compile(f"sent(ence)?{NUMBERED}")
DOCUMENT = re.compile(f"(doc(ument)?|article|file|par(agraph)?){NUMBERED}")
PREFIXED = re.compile(r"\A[BI]-(?=[^\W\d])")
NOT_IN_COLUMNS = re.compile("[\t\n\r\ud800-\udfff]")  # they separate columns and lines, or have no UTF-8
EXCEL_DELIMITER = re.compile(r'"?sep=(?P<delimiter>[,;\t|]?)"?[ \t]*\n', re.IGNORECASE)  # a line before the header
LIST = re.compile(r"\[.+\]", re.DOTALL)  # as a table of whole sentences has them in a value
ONE_A_ROW = "where a row is to have a word and its tag; export it as JSON lines"
RECORDS_SHOWN = 5
UNCLOSED = "is a quotation mark not closed?"
CUT = "spans begin or end inside of a word; they were given all of it"
OVERLAPPING = "spans overlap others, and were left out"
NOTHING = "spans have no word of the text, and were left out"
BEYOND = "spans reach beyond the text; they were given what of it they have"
LINES = "spans go over the end of a line; each line has its part as a span of its own"
OTHER_TEXT = "spans say that their text is another than the record has there, and were left out"
PREFIXES = "spans have a type with B- or I- before it, which was left out; each of them is a span of its own"
NO_WORDS = "words have nothing that can be seen, and were written as _"
NO_TYPE = "regions have no label, and were left out"
NO_SPANS = f"records have none of {', '.join(SPANS)}; all their words were tagged O"
NOT_ACCEPTED = "records are not annotated, or not accepted, and were left out"
SEVERAL = "records have several annotations; the first of each was taken"
Key = TypeVar("Key", int, str)
Row = tuple[str, str]  # word and tag
Span = tuple[int, int, str]


class Token(NamedTuple):
    """A word, where it stands in its record, and in which sentence of it."""

    text: str
    start: int
    end: int
    sentence: int


def main() -> None:
    """Convert the file named on the command line, to standard output."""
    parser = argparse.ArgumentParser(description="CSV or JSON records to CoNLL columns.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--encoding", default="utf-8", help="of the file; a CSV from Windows may be cp1252")
    parser.add_argument("--tokenised", action="store_true", help="blanks separate the words of the text")
    options = parser.parse_args()
    try:
        content = options.file.read_bytes()
        if packed := compression_of(content[:10]):
            raise ValueError(f"is compressed ({packed}); unpack it")
        text = (
            content.decode(options.encoding)
            .removeprefix("\N{BYTE ORDER MARK}")
            .replace("\r\n", "\n")
            .replace("\r", "\n")
        )
        sentences, problems = convert(text, split_at_blanks if options.tokenised else tokenise)
    except (OSError, LookupError, ValueError) as error:  # a UnicodeDecodeError is a ValueError
        advice = "; say how it is encoded: --encoding cp1252, or utf-16" if isinstance(error, UnicodeError) else ""
        sys.exit(printable(" ".join(f"Error: {options.file}: {error}{advice}".split())))
    shown = printable if sys.stdout.isatty() else str  # a terminal would obey what is in the text
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    for sentence in sentences:
        sys.stdout.write(shown("".join(f"{word}\t{tag}\n" for word, tag in sentence) + "\n"))
    for problem in problems:
        print(printable(f"note: {problem}"), file=sys.stderr)


def convert(text: str, tokenised: Callable[[str], TokenisedText]) -> tuple[list[list[Row]], list[str]]:
    """The sentences of a CSV table or of JSON records, and what could not be converted as it is meant.

    Raises ValueError if there are no such columns or keys, or no words, and for words that columns cannot hold.
    """
    is_json = text.lstrip()[:1] in ("{", "[")
    sentences, problems = of_records(list(_records(text)), tokenised) if is_json else of_table(text)
    if not sentences:
        raise ValueError("; ".join(["no words in it", *problems]))
    return sentences, problems


def of_table(text: str) -> tuple[list[list[Row]], list[str]]:
    """The sentences of a CSV table with a header, and what is doubtful about where they end."""
    header, *rows = [*_rows(text)] or [(0, [])]
    names = [name.strip().lower() for name in header[1]]
    words, tags = ([names.index(name) for name in known if name in names] for known in (WORDS, TAGS))
    if not words or not tags:
        found = shortened(", ".join(names), 200)
        raise ValueError(f"no column of words ({', '.join(WORDS)}) or tags ({', '.join(TAGS)}) in {found}")
    word, tag = words[0], _first_of_tags({i: [row[i] for _, row in rows if len(row) > i and row[i]] for i in tags})
    numbers = _columns(names, SENTENCE, "sent"), _columns(names, DOCUMENT, "doc")
    sentences: list[list[Row]] = [[]]
    before = dict.fromkeys([i for columns in numbers for i in columns], "")
    for line, row in rows:
        if any(map(str.strip, row[len(names) :])) or (any(row) and len(row) <= max(word, tag)):
            raise ValueError(f"line {line}: a row with {len(row)} of {len(names)} values: {quoted(', '.join(row))}")
        if any("\n" in value for value in row):
            raise ValueError(f"line {line}: {quoted(', '.join(row))} has a line end in a value; {UNCLOSED}")
        new = {i: row[i].strip() for i in before if i < len(row) and row[i].strip() not in ("", before[i])}
        if new or not any(row):
            sentences.append([])
        before |= new
        if any(row):
            sentences[-1].append(_row(row[word], row[tag], f"line {line}"))
    alone = numbers[1] and not numbers[0]
    doubts = [f"no column of sentences; a new {names[numbers[1][0]]} or an empty line starts one"] if alone else []
    unseen = [line for line, row in rows if any(row) and not row[word].strip()]
    return [rows for rows in sentences if rows], doubts + _counted({NO_WORDS: unseen} if unseen else {}, "line")


def _first_of_tags(values: Mapping[Key, Sequence[str]]) -> Key:
    """The first of these columns or keys with nothing but tags in it; the first of all if there is none."""
    return next(
        (key for key, texts in values.items() if all(looks_like_tag(text.strip()) for text in texts)),
        next(iter(values)),
    )


def _columns(names: Sequence[str], pattern: re.Pattern[str], start: str) -> list[int]:
    """The columns that number sentences, or documents; if none does for certain, the first with such a name."""
    certain = [i for i, name in enumerate(names) if pattern.fullmatch(name)]
    likely = (i for i, name in enumerate(names) if name.startswith(start) and not name.startswith("sentiment"))
    return certain or [i for i in [next(likely, -1)] if i >= 0]


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table, the header first, with the number of the line where each ends."""
    start = EXCEL_DELIMITER.match(text)
    text = text[start.end() :] if start else text
    delimiter = (start and start["delimiter"]) or max(",;\t|", key=text.partition("\n")[0].count)
    quoting = csv.QUOTE_NONE if delimiter == "\t" and not _is_quoted(text.split("\n")) else csv.QUOTE_MINIMAL
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
    try:
        for row in table:
            yield table.line_num + bool(start), row
    except csv.Error as error:
        raise ValueError(f"line {table.line_num + bool(start)}: {error}; {UNCLOSED}") from None


def _is_quoted(lines: Iterable[str]) -> bool:
    """Whether quotation marks enclose values in a table with tabs: in every line, they are closed before the tab.

    Where words are written as they are, the word `"` is a quotation mark that nothing closes.
    """
    for line in lines:
        if '"' in line:
            try:
                values = next(csv.reader([line], delimiter="\t", strict=True))
            except csv.Error:
                return False
            if len(values) != line.count("\t") + 1:
                return False
    return True


def _row(word: str, tag: str, place: str) -> Row:
    """A word and its tag as columns have them. Raises ValueError for what would break a line, and for sentences."""
    word, tag = word.strip() or "_", tag.strip()
    for text in (word, tag):
        if NOT_IN_COLUMNS.search(text):
            raise ValueError(f"{place}: {quoted(text)} has a tab, a line end or half a character in it")
    if not tag:
        raise ValueError(f"{place}: the word {quoted(word)} has no tag")
    if LIST.fullmatch(word) and LIST.fullmatch(tag):
        raise ValueError(f"{place}: lists, {quoted(tag)}, {ONE_A_ROW}")
    tags = tag.split()
    if 1 < len(tags) == len(word.split()) and all(map(looks_like_tag, tags)):
        raise ValueError(f"{place}: {len(tags)} words with as many tags, {ONE_A_ROW}")
    return word, tag


def _records(text: str) -> Iterator[Any]:
    """The records, whether they are one a line, in a list, or in an object beside the names of the types."""
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        yield from _records_in_lines(text, error)
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None
    else:
        if isinstance(whole, Mapping) and "classes" in whole and isinstance(whole.get("annotations"), list):
            yield from (pair for pair in whole["annotations"] if pair is not None)
        else:
            yield from whole if isinstance(whole, list) and not _is_pair(whole) else [whole]


def _records_in_lines(text: str, whole: json.JSONDecodeError) -> Iterator[Any]:
    """The records of JSON lines; `whole` is why the text is not one piece of JSON."""
    read = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                place, why = (number, error.msg) if read else (whole.lineno, whole.msg)
                raise ValueError(f"line {place}: not JSON: {why}") from None
            except RecursionError:
                raise ValueError(f"line {number}: JSON that is nested too deeply") from None
            read += 1


def of_records(records: Sequence[Any], tokenised: Callable[[str], TokenisedText]) -> tuple[list[list[Row]], list[str]]:
    """The sentences of JSON records, and what does not fit their words, with the numbers of some of the records."""
    sentences: list[list[Row]] = []
    problems: dict[str, list[int]] = {}
    for number, record in enumerate(records, start=1):
        try:
            found, here = _of_record(record, tokenised)
            sentences += [[_row(word, tag, "a word or a tag") for word, tag in rows] for rows in found if rows]
            here += [NO_WORDS for rows in found for word, _ in rows if not word.strip()]
        except ValueError as error:
            raise ValueError(f"record {number}: {error}") from None
        for problem in here:
            problems.setdefault(problem, []).append(number)
    return sentences, _counted(problems, "record")


def _counted(problems: Mapping[str, Sequence[int]], unit: str) -> list[str]:
    """Each problem, how often it is there, and the numbers of the first records or lines that have it."""
    return [f"{len(numbers):,} {what} ({_named(numbers, unit)})" for what, numbers in problems.items()]


def _named(numbers: Sequence[int], unit: str) -> str:
    different = list(dict.fromkeys(numbers))
    more = ", ..." if len(different) > RECORDS_SHOWN else ""
    return f"{unit}{'s' * (len(different) > 1)} {', '.join(map(str, different[:RECORDS_SHOWN]))}{more}"


def _of_record(found: Any, tokenised: Callable[[str], TokenisedText]) -> tuple[list[list[Row]], list[str]]:
    """The sentences of a record, and what is wrong with it."""
    record, problems = _plain(found)
    if NOT_ACCEPTED in problems:
        return [], problems
    words, text = _first(record, WORDS), record.get("text")
    text = text if isinstance(text, str) else None
    if isinstance(words, list):
        tokens = [_token(word, place, text) for place, word in enumerate(words)]
        lists = {name: record[name] for name in TAGS if _are_tags(record.get(name), len(words))}
        if lists:
            tags = lists[_first_of_tags(lists)]
            return [[(token.text, tag) for token, tag in zip(tokens, tags, strict=True)]], problems
    elif text is not None and (tags := _tags_of_words(record, text.split())):
        return [[*zip(text.split(), tags, strict=True)]], problems
    elif text is not None:
        tokens = list(_tokens_of_lines(text, tokenised))
    else:
        keys = shortened(", ".join(record), 200)
        raise ValueError(f"expected text and spans, or tokens and tags; found {keys}")
    marked = [record[name] for name in SPANS if name in record]
    by_place = isinstance(words, list) and not all(isinstance(word, Mapping) for word in words)
    # Tags that do not fit their words are a fault of the record, whether or not it has an empty key of spans.
    tagged = by_place and any(isinstance(record.get(name), list) for name in TAGS)
    if marked and not tagged and all(spans is None for spans in marked):
        return [], [NOT_ACCEPTED]
    given = next(filter(None, marked), [])
    if by_place and not (_are_objects(given) and all("token_start" in span for span in given) and given):
        lists = (record[name] for name in TAGS if isinstance(record.get(name), list))
        numbered = any(tags and all(type(tag) is int for tag in tags) for tags in lists)
        names = "; write the names that the data set's features have for these numbers" if numbered else ""
        raise ValueError(f"expected a tag, as text, for each of its {len(tokens):,} words{names}")
    if not isinstance(given, list):
        raise ValueError(f"expected a list of spans, found {_shown(given)}")
    if not any(name in record for name in SPANS):
        problems.append(NO_SPANS)
    spans: list[Span] = []
    for span in given:
        start, end, kinds = _span(span, tokens, by_place)
        if text is not None and not by_place and _says_other_text(span, text[max(start, 0) : max(end, 0)]):
            problems.append(OTHER_TEXT)
        else:
            problems += [PREFIXES] * any(map(PREFIXED.match, kinds))
            spans += [(start, end, PREFIXED.sub("", kind)) for kind in kinds]
    rows, more = tag_words(tokens, spans, len(tokens) if text is None or by_place else len(text))
    return rows, problems + more


def _tags_of_words(record: Mapping[str, Any], words: Sequence[str]) -> list[str]:
    """The tags of a record that has words in its text alone, which blanks separate there; none if there are none.

    Raises ValueError if there is another number of them.
    """
    lists = [record[name] for name in TAGS if isinstance(record.get(name), list) and record[name]]
    tags = next((tags for tags in lists if all(isinstance(tag, str) and looks_like_tag(tag) for tag in tags)), [])
    if tags and len(tags) != len(words):
        raise ValueError(f"{len(tags):,} tags, but blanks separate {len(words):,} words in the text")
    return tags


def _plain(record: Any) -> tuple[Mapping[str, Any], list[str]]:
    """A record with its text and spans at the top, wherever a tool puts them, and what is wrong with it.

    Prodigy keeps what annotators rejected, and Label Studio what nobody annotated, or several did.
    """
    if _is_pair(record):
        return {**record[1], "text": record[0]}, []
    if not isinstance(record, Mapping):
        raise ValueError(f"expected an object, found {_shown(record)}")
    if record.get("answer", "accept") != "accept":
        return record, [NOT_ACCEPTED]
    annotations = record.get("annotations", record.get("completions"))
    if not isinstance(record.get("data"), Mapping) or not isinstance(annotations, list):
        return record, []
    results = [item.get("result") for item in annotations if isinstance(item, Mapping)]
    cancelled = [isinstance(item, Mapping) and item.get("was_cancelled") for item in annotations]
    kept = [result for result, left in zip(results, cancelled, strict=True) if isinstance(result, list) and not left]
    if not kept:
        return record, [NOT_ACCEPTED]
    values = [item.get("value") for item in kept[0] if isinstance(item, Mapping)]
    regions = [value for value in values if isinstance(value, Mapping) and "start" in value]
    # Labels may be a list under a name that is not known here: without any list, a region has none for certain.
    spans = [
        region
        for region in regions
        if _first(region, TYPE) or any(type(part) is list and part for part in region.values())
    ]
    texts = [value for value in record["data"].values() if isinstance(value, str)]
    text = record["data"].get("text", texts[0] if len(texts) == 1 else None)
    problems = [NO_TYPE] * (len(regions) - len(spans)) + [SEVERAL] * (len(kept) > 1)
    return {"text": text, "spans": spans}, problems


def _is_pair(record: Any) -> bool:
    """Whether this is a text and an object with its spans."""
    return isinstance(record, list) and [type(part) for part in record] == [str, dict]


def _are_tags(tags: Any, words: int) -> bool:
    return isinstance(tags, list) and len(tags) == words and all(isinstance(tag, str) for tag in tags)


def _tokens_of_lines(text: str, tokenised: Callable[[str], TokenisedText]) -> Iterator[Token]:
    start = 0
    for number, line in enumerate(text.split("\n")):
        found = tokenised(line.removesuffix("\r"))
        for word, (first, last) in zip(found.words, found.offsets, strict=True):
            yield Token(word, start + first, start + last, number)
        start += len(line) + 1


def _token(word: Any, place: int, text: str | None) -> Token:
    """A token of a record, at its characters, or at its place in the list if it is a word alone."""
    if isinstance(word, str):
        return Token(word, place, place + 1, 0)
    if isinstance(word, Mapping) and _is_place(start := word.get("start")) and _is_place(end := word.get("end")):
        written = word.get("text", text and text[start:end])
        if isinstance(written, str):
            return Token(written, start, end, 0)
    raise ValueError(f"expected tokens with text, start and end, found {_shown(word)}")


def tag_words(tokens: Sequence[Token], spans: Iterable[Span], length: int) -> tuple[list[list[Row]], list[str]]:
    """The sentences of a text of this length with tags in IOB2, and what is wrong with the spans, for each of them.

    A token of white space is no word; a line end in it ends a sentence.
    """
    words: list[Token] = []
    lines = 0
    for token in tokens:
        if token.text.strip():
            words.append(token._replace(sentence=token.sentence + lines))
        else:
            lines += "\n" in token.text
    starts, ends = [word.start for word in words], [word.end for word in words]
    if any(after < before for before, after in zip(ends, starts[1:], strict=False)):
        raise ValueError("expected tokens in the order of the text, none over another")
    tags, problems = ["O"] * len(words), []
    for start, end, kind in sorted(spans):
        touched = range(bisect_right(ends, start), bisect_left(starts, end)) if start < end else range(0)
        if not touched:
            problems.append(NOTHING)
            continue
        if any(tags[i] != "O" for i in touched):
            problems.append(OVERLAPPING)
            continue
        first, last = words[touched[0]], words[touched[-1]]
        problems += [CUT] if first.start < start or last.end > end else []
        problems += [BEYOND] if start < 0 or end > length else []
        problems += [LINES] if first.sentence != last.sentence else []
        for i in touched:
            inside = i > touched[0] and words[i].sentence == words[i - 1].sentence
            tags[i] = f"{'I' if inside else 'B'}-{kind}"
    tagged = zip(words, tags, strict=True)
    return [
        [(word.text, tag) for word, tag in part] for _, part in groupby(tagged, lambda pair: pair[0].sentence)
    ], problems


def _span(span: Any, tokens: Sequence[Token], by_place: bool) -> tuple[int, int, list[str]]:
    """Start and end of a span, in the unit of the tokens, and its types."""
    if isinstance(span, Mapping):
        values = [_first(span, names) for names in (START, END, TYPE)]
        if by_place or (values[:2] == [None, None] and "token_start" in span):
            first, last = span["token_start"], span.get("token_end")  # the last of its tokens
            if not (_is_place(first) and _is_place(last) and 0 <= first < len(tokens) and 0 <= last < len(tokens)):
                raise ValueError(f"expected a span of some of the {len(tokens):,} tokens, found {_shown(span)}")
            values[:2] = tokens[first].start, tokens[last].end
    else:
        values = list(span) if isinstance(span, list) else []
    start, end, kind = values if len(values) == 3 else (None, None, None)
    kinds = kind if isinstance(kind, list) else [kind]
    if not (_is_place(start) and _is_place(end) and kinds and all(isinstance(k, str) and k.strip() for k in kinds)):
        remedy = "; give it a type, or delete it" if _is_place(start) and _is_place(end) and not kind else ""
        raise ValueError(f"expected a span of start, end and type, found {_shown(span)}{remedy}")
    return start, end, ["_".join(kind.split()) for kind in kinds]


def _says_other_text(span: Any, text: str) -> bool:
    """Whether a span has its own text, and it is not this one. White space is often written in another way."""
    own = span.get("text") if isinstance(span, Mapping) else None
    return isinstance(own, str) and "".join(own.replace("\\n", " ").split()) != "".join(text.split())


def _is_place(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_objects(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, Mapping) for value in values)


def _shown(value: Any) -> str:
    return shortened(json.dumps(value), 200)


def _first(record: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((record[name] for name in names if name in record), None)


if __name__ == "__main__":
    main()
