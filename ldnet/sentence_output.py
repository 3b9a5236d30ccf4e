"""Tagged sentences as CoNLL columns or JSON lines."""

import json
from collections.abc import Iterator, Sequence

from ldnet.annotation import AnnotatedText
from ldnet.sentence_input import SentenceRead
from ldnet.text.column_layout import ColumnLine

OF_OTHERS = {"document": "O", "header": "tag", "multiword": "_", "empty node": "_", "part of word": "_"}


def conll_block(sentence: SentenceRead, tags: Sequence[str]) -> str:
    """A line of `word tag` for each word and an empty line; columns that were read keep all, with the tag as the last.

    Comments come back as they are. The start of a document is tagged O; ranges and empty nodes of CoNLL-U and parts of
    words of WebAnno, which are no words, get their _ for nothing.
    """
    end = "\n" if sentence.closed else ""
    if sentence.columns is None:
        return "".join(f"{word} {tag}\n" for word, tag in zip(sentence.line.words, tags, strict=True)) + end
    of_words = iter(tags)
    return "".join(_with_column(line, of_words, sentence.keeps_last) for line in sentence.columns) + end


def json_line(annotated: AnnotatedText) -> str:
    """One JSON object on one line."""
    return json.dumps(annotated.to_json(), ensure_ascii=False, allow_nan=False) + "\n"


def _with_column(line: ColumnLine, tags: Iterator[str], keeps_last: bool) -> str:
    """The line as it was read, with one more column; the next of the tags is that of the next word."""
    if line.kind == "comment":
        return f"{line.text}\n"
    tag = next(tags) if line.kind == "word" else OF_OTHERS[line.kind]
    columns = line.text if keeps_last else line.text.rstrip(" \t")
    separator = "\t" if "\t" in columns else " "
    return f"{columns}{separator}{tag}\n"
