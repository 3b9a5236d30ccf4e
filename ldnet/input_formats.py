"""Input in another format than was said: refused where that is certain, and doubted where it is likely.

The looks are those that training takes at its files (`ldnet.text.foreign_formats`).
"""

import csv
import re
from collections.abc import Sequence

from ldnet.errors import InputError
from ldnet.printable import quoted
from ldnet.text.column_layout import (
    INDEX,
    Layout,
    NumberedLine,
    find_layout,
    is_blank,
    looks_like_tag,
    other_blank,
    starts_document,
)
from ldnet.text.foreign_formats import advised, csv_delimiter, csv_in_words, foreign_format, has_tags, in_columns
from ldnet.text.odd_words import DIGIT, is_piece, shared_mark
from ldnet.text.text_forms import BLANKS, BLANKS_AT_ENDS, PIECES, kind_of_words, lines_by_form
from ldnet.text.tokenisation import split_words

TEXT = "expected text, a sentence a line"
READS_COLUMNS = "--input conll reads columns"
COLUMNS = "expected CoNLL columns, which blanks or tabs separate"
LINE_SEPARATORS = re.compile("[\r\x00\x0b\x85\u2028\u2029]")
FEWEST_WORDS = 6  # in lines of one word each
FEWEST_TAGGED = 3  # lines of words joined to tags
END_OF_SENTENCE = re.compile(r"\w[.!?][\"')]*\Z")
END_APART = re.compile(r"\w\s+\.\Z")
VALUE_IN_QUOTES = re.compile(r'(?:\A|[,;|])"(?:[^"]|"")*"(?:\Z|[,;|](?! ))')
FEWEST_ENDS = 3  # lines whose last full stops say whether text is tokenised
# Letters of scripts that have no blanks between words, with their signs behind them, or very many.
NOT_SEPARATED = re.compile("[\u3040-\u30ff\u3400-\u9fff][。！？，、]|[\u0e00-\u0e7f]{15}")  # noqa: RUF001


def doubt_about_text(
    lines: Sequence[NumberedLine],
    name: str,
    expected: str = TEXT,
    remedy: str = READS_COLUMNS,
    tokenised: bool = True,
) -> str:
    """What the first lines of a text, which is to be `tokenised` or raw, may be instead; '' for nothing else.

    The `remedy` is one for columns.

    Raises InputError naming the first line for what is certain: JSON, CSV with a header, a web page, or columns that
    are tagged or numbered, with blank lines or document starts between them.
    """
    said = [(number, text) for number, text in lines if not is_blank(text)]
    if not said:
        return ""
    place = f"{name}:{said[0][0]}"
    if found := foreign_format([text for _, text in said]):
        advice = f"; {expected}: take the text out of it first (of JSON lines: jq -r .text)"
        raise InputError(f"{place}: {advised(found, advice)}")
    words = [text for _, text in said if not starts_document(text)]
    documents = starts_document(said[0][1])
    apart = documents or any(is_blank(text) for number, text in lines if number > said[0][0])
    if not documents and not in_columns(words):
        return _smaller_doubt(said, apart, name, remedy) or _doubt_about_sentences(said, name, tokenised)
    if documents or (apart and _are_tagged_or_numbered(words)):
        raise InputError(f"{place}: CoNLL columns; {expected}; {remedy}")
    return f"{place}: these may be columns, but are read as text, a sentence a line; {remedy}"


def _smaller_doubt(lines: Sequence[NumberedLine], apart: bool, name: str, remedy: str) -> str:
    """What these lines may be instead, where nothing is certain; `apart` says whether blank lines are among them."""
    texts = [text for _, text in lines]
    place = f"{name}:{lines[0][0]}"
    alone = len(texts) >= FEWEST_WORDS and all(len(text.split()) == 1 for text in texts)
    if alone and (apart or not all(any(map(str.isalnum, text)) for text in texts)):
        return f"{place}: one word a line, but read as text, a sentence a line; {remedy}, a word a line"
    delimiter = csv_delimiter(texts) if len(texts) > 1 else ""
    if delimiter and all(looks_like_tag(_last_value(text)) or VALUE_IN_QUOTES.search(text) for text in texts):
        return f"{place}: this may be {csv_in_words(delimiter)}, but is read as text, a sentence a line"
    if all(len(text) > 1 and text[0] == text[-1] == '"' for text in map(str.strip, texts)) and len(texts) > 1:
        return f"{place}: quotation marks around each line are read as words of it; of JSON: jq -r . takes them away"
    if len(texts) >= FEWEST_TAGGED and all(has_tags(text.split()) for text in texts):
        return f"{place}: these may be words joined to their tags, but are read as text, a sentence a line"
    for number, text in lines:
        if separator := LINE_SEPARATORS.search(text):
            return f"{name}:{number}: {quoted(separator[0])} inside the line, which is read as one sentence"
    return ""


def _doubt_about_sentences(lines: Sequence[NumberedLine], name: str, tokenised: bool) -> str:
    """Lines that are no sentences, or are tokenised though they should not be, or the other way round."""
    numbers, texts = zip(*((number, text.strip(BLANKS)) for number, text in lines), strict=True)
    # Lines that are blank have no place in `lines`, and end what is cut at a width: theirs are empty here.
    places = ["" for _ in range(numbers[-1] + 1 - numbers[0])]
    for number, text in zip(numbers, texts, strict=True):
        places[number - numbers[0]] = text
    for kind, found in lines_by_form(places).items():
        if tokenised or kind != BLANKS_AT_ENDS:  # which raw text may have
            place = f"{name}:{found[0] + numbers[0]}: {quoted(places[found[0]])}"
            return f"{place} is {kind}, but is read as a sentence"
    several = [text for text in texts if " " in text]
    place = f"{name}:{numbers[0]}: {quoted(texts[0])}"
    if tokenised and all(len(split_words(text)) == 1 for text in texts) and (blank := other_blank(texts)):
        return f"{place}: only ASCII blanks separate words, and there are U+{ord(blank):04X} in all lines"
    if all(map(NOT_SEPARATED.search, texts)):
        return f"{place} has words that no blanks separate; write blanks between words, and --tokenised"
    if len(several) < FEWEST_ENDS:
        return ""
    if tokenised and all(map(END_OF_SENTENCE.search, several)):
        return f"{place} seems not to be tokenised; write blanks between words and signs (`ldnet tag` does it itself)"
    if not tokenised and all(map(END_APART.search, several)):
        return f"{place} seems to be tokenised already; --tokenised reads the words as they are"
    return ""


def _last_value(text: str) -> str:
    return re.split("[,;|]", text)[-1].strip()


def _are_tagged_or_numbered(lines: Sequence[str]) -> bool:
    numbered = [(0, text) for text in lines if not text.startswith("#")]
    layout = find_layout(numbered)
    assert layout is not None
    split = [layout.split(text) for _, text in numbered]
    if all(looks_like_tag(fields[-1]) for fields in split):
        return True
    # A number and a field with blanks are a number and its sentence: text that may be meant so.
    return all(INDEX.fullmatch(first) and not any(" " in field for field in others) for first, *others in split)


def doubt_about_columns(block: Sequence[NumberedLine], layout: Layout, name: str) -> str:
    """What the first sentence of columns may be instead; '' for nothing else.

    Raises InputError naming the first line for what is certain: JSON, CSV, a web page.
    """
    texts = [text for _, text in block]
    place = f"{name}:{block[0][0]}"
    if found := foreign_format(texts):
        raise InputError(f"{place}: {advised(found, f'; {COLUMNS}')}")
    split = [layout.split(text) for text in texts]
    if delimiter := csv_delimiter(texts):
        found = csv_in_words(delimiter)
        if layout.width == 1 and _are_values(texts, delimiter):
            raise InputError(f"{place}: {found}; {COLUMNS}")
        ends_first = all(len(fields[0]) > 1 and fields[0].endswith(delimiter) for fields in split)
        if ends_first or (layout.width == 1 and _has_letters(texts)):
            return f"{place}: this may be {found}, but is read as columns, which blanks or tabs separate"
    said = [text for text in texts if not text.startswith("#")]
    if layout.width == 1 and len(said) > 1 and (blank := other_blank(said)):
        return f"{place}: {quoted(blank)} in all lines separates no columns; write tabs for it"
    separators = LINE_SEPARATORS.findall("\n".join(texts))
    if len(separators) >= len(texts):
        return f"{place}: {quoted(separators[0])} in a line, which is read as one word and its columns"
    if layout.width > 2 and all(END_OF_SENTENCE.search(fields[-1]) for fields in split):
        return f"{place}: this may be text, but is read as columns, a word a line; --input text reads a sentence a line"
    return ""


def doubt_about_words(words: Sequence[str]) -> str:
    """What the words of a first sentence of columns may be instead, the first of them quoted; '' for nothing else."""
    for word in words:
        if kind := kind_of_words([word]) or (PIECES if is_piece(word) else ""):
            return f"{quoted(word)} is {kind}, but is read as a word"
    mark = shared_mark([*dict.fromkeys(words)])
    if mark and mark != DIGIT:  # years are in one sentence, but not in all
        return f"{quoted(words[0])} and all words of the first sentence have {quoted(mark)} in them; are they words?"
    return ""


def better_error(block: Sequence[NumberedLine], name: str, error: InputError) -> InputError:
    """The error about columns that are not equally many, or what the lines are instead, if they are CSV."""
    texts = [text for _, text in block]
    if len(texts) > 1 and _has_letters(texts) and (delimiter := csv_delimiter(texts)):
        return InputError(f"{name}:{block[0][0]}: {csv_in_words(delimiter)}; {COLUMNS}")
    return error


def _are_values(texts: Sequence[str], delimiter: str) -> bool:
    """Whether lines of one column are CSV for certain: a number may have a comma in it, too, and a comma is a word."""
    try:
        rows = list(csv.reader(texts, delimiter=delimiter))
    except csv.Error:  # a value of 131,072 characters
        return False
    filled = all(value.strip() for row in rows for value in row)
    return len(rows) > 1 and filled and len({len(row) for row in rows}) == 1 and all(map(_has_letters, texts))


def _has_letters(texts: Sequence[str]) -> bool:
    return any(character.isalpha() for text in texts for character in text)
