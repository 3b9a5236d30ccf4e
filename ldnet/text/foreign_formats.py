"""Formats that are often taken for CoNLL columns or for plain text: JSON, CSV, web pages, standoff, pointers to files.

They are named, not read.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Sequence

from ldnet.text.column_layout import HEADER, find_layout, looks_like_tag

DELIMITERS = {",": "commas", ";": "semicolons", "|": "vertical bars"}
JSON_START = re.compile(r'\s*(\{\s*("[^"]*"\s*:|$)|\[\s*(\{|\[|"|$))')
JSON_NEXT = re.compile(r'\s*("[^"\\]*(\\.[^"\\]*)*"\s*(:|$|,\s*$)|\{\s*("|$)|\[\s*("|\[|$))')
QUOTED_VALUE = r'"[^"\t ]*(?:""[^"\t ]*)*"'
QUOTED_TAG = re.compile(rf"(?:{QUOTED_VALUE}[ \t]+)+(?P<tag>{QUOTED_VALUE})[ \t]*")  # blanks are in text, too
QUOTED_VALUES = re.compile(r'("[^"\t]*(""[^"\t]*)*"(\t|$)){2,}')
BEGINNINGS = {
    "version https://git-lfs.github.com/spec/": "a pointer of Git LFS (`git lfs pull` brings the file)",
    "{\\rtf1": "RTF",
}
BRAT_SPAN = re.compile(r"T\d+\t\S+ \d+ \d+(;\d+ \d+)*\t.+")
BRAT_LINE = re.compile(r"([A-Z]\d+|#\d*|\*)\t.+")  # a relation, an event, a note
VERTICAL_TAG = re.compile(r"</?[A-Za-z]\w*(\s[^<>]*)?/?>")  # <s>, <doc id="1">, <g/>
TAGGED = re.compile(r"\S+[_/|](?:[A-Za-z]{1,5}[$\d]?|[^\w\s]{1,3}|-[LR][RSC]B-|[BIESLUMW]-\S+)")
MOST_TAGGED = 0.8  # of the words of a line
PUBTATOR_TITLE = re.compile(r"(?P<id>\w+)\|t\|")
PAGE_START = re.compile(r"\s*<(\?xml|!doctype|html)\b", re.IGNORECASE)
EXCEL_DELIMITER = re.compile(r'"?sep=([,;|:^~]|\\t)?"?\s*', re.IGNORECASE)  # may stand before the header of CSV
FEWEST_JOINED = 6  # words
LINES = 50  # that are looked at
MOST = 0.8  # of the lines: a comma that is a word is not always quoted


def foreign_format(lines: Sequence[str]) -> str:
    """What a file that begins with these lines is for certain, as JSON, CSV with a header, XML or standoff; or ''."""
    shown = [line for line in lines if line.strip()][:LINES]
    if not shown:
        return ""
    if len(shown) > 1 and EXCEL_DELIMITER.fullmatch(shown[0]):
        return "CSV that begins with Excel's sep= line"
    if PAGE_START.match(shown[0]):
        return "a web page or XML"
    if found := next((name for beginning, name in BEGINNINGS.items() if shown[0].startswith(beginning)), ""):
        return found
    if _is_json(shown):
        return "JSON"
    if VERTICAL_TAG.fullmatch(shown[0].strip()) and _is_vertical(shown):
        return "vertical text of corpus tools (columns, if </s> is a blank line and all other lines in <> are left out)"
    if any(map(BRAT_SPAN.fullmatch, shown)) and all(map(BRAT_LINE.fullmatch, shown)):
        return "brat standoff, spans without their text (the .txt beside it; tools/anntoconll.py of brat makes columns)"
    if (title := PUBTATOR_TITLE.match(shown[0])) and len(shown) > 1 and shown[1].startswith(f"{title['id']}|a|"):
        return "PubTator, spans apart from words (make JSON records of text and spans)"
    if all(map(QUOTED_VALUES.fullmatch, shown)) or _are_quoted_tags(shown):
        return "values in quotation marks (write them without; in pandas: quoting=csv.QUOTE_NONE)"
    if _are_joined(shown):
        return "words joined to their tags by | (write a word a line, and blanks for |)"
    for delimiter, name in DELIMITERS.items():
        header = [field.strip() for field in _row(shown[0], delimiter)]
        if len(header) > 1 and all(map(HEADER.fullmatch, header)):
            return f"CSV with a header ({', '.join(header)}), its columns separated by {name}"
    return ""


def advised(found: str, advice: str) -> str:
    """What was found, and what to do: this advice, unless the name of the format has one in brackets at its end."""
    return found if found.endswith(")") else f"{found}{advice}"


def csv_delimiter(lines: Sequence[str]) -> str:
    """What separates the values of a file that may be CSV, if most lines have equally many of them; or ''."""
    shown = [line for line in lines if line.strip()][:LINES]
    for delimiter in DELIMITERS:
        widths = Counter(len(_row(line, delimiter)) for line in shown).most_common(1)
        if widths and widths[0][0] > 1 and widths[0][1] >= MOST * len(shown):
            return delimiter
    return ""


def csv_in_words(delimiter: str) -> str:
    """What a file with this delimiter is."""
    return f"CSV, its columns separated by {DELIMITERS[delimiter]}"


def in_columns(lines: Sequence[str]) -> bool:
    """Whether text is rather a file in columns: as many tabs in each line, or as many words with a tag as the last."""
    shown = [line for line in lines if line.strip() and not line.startswith("#")][:LINES]
    layout = find_layout(enumerate(shown))
    if layout is None or len(shown) < 3 or layout.width < 2:
        return False
    split = [layout.split(line) for line in shown]
    if any(len(fields) != layout.width for fields in split):
        return False
    tabs = {line.count("\t") for line in shown}
    return (len(tabs) == 1 and 0 not in tabs) or all(looks_like_tag(fields[-1]) for fields in split)


def has_tags(words: Sequence[str]) -> bool:
    """Whether the words of a line are joined to tags by _, / or |: the_DT cat_NN."""
    return len(words) > 1 and sum(bool(TAGGED.fullmatch(word)) for word in words) >= MOST_TAGGED * len(words)


def _is_vertical(lines: Sequence[str]) -> bool:
    """Whether all lines have tabs in them or are tags of XML alone, with lines of both kinds."""
    columns = ["\t" in line for line in lines]
    return any(columns) and all(
        has or VERTICAL_TAG.fullmatch(line.strip()) for has, line in zip(columns, lines, strict=True)
    )


def _are_quoted_tags(lines: Sequence[str]) -> bool:
    """Whether all of several lines are words in quotation marks, with a tag as the last."""
    matches = (QUOTED_TAG.fullmatch(line) for line in lines)
    return len(lines) > 1 and all(match and looks_like_tag(match["tag"][1:-1]) for match in matches)


def _are_joined(lines: Sequence[str]) -> bool:
    """Whether lines of several words have as many | in each word: EU|NNP|I-ORG rejects|VBZ|O."""
    words = (word for line in lines for word in line.split())  # one by one: lines may be long, and most differ at once
    first = _parts(next(words, ""))
    if len(first) == 1 or any(_parts(word) != first for word in words):
        return False
    return sum(len(line.split()) for line in lines) >= max(FEWEST_JOINED, 2 * len(lines))


def _parts(word: str) -> list[bool]:
    """Which parts of the word, between its |, are not empty."""
    return [part != "" for part in word.split("|")]


def _row(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _is_json(lines: Sequence[str]) -> bool:
    """One object or list a line, or one of them over many lines."""
    if not JSON_START.match(lines[0]):
        return False
    try:
        return isinstance(json.loads(lines[0]), dict | list)
    except (ValueError, RecursionError):
        return len(lines) > 1 and bool(JSON_NEXT.match(lines[1]) or lines[0].rstrip().endswith(","))
