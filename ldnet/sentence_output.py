"""Tagged sentences as CoNLL columns or JSON lines."""

import json
from collections.abc import Sequence

from ldnet.annotation import AnnotatedText
from ldnet.sentence_input import SentenceRead


def conll_block(sentence: SentenceRead, tags: Sequence[str]) -> str:
    """A line of `word tag` for each word and an empty line; columns that were read keep all, with the tag as the last.

    The start of a document is tagged O.
    """
    end = "\n" if sentence.closed else ""
    if sentence.columns is None:
        return "".join(f"{word} {tag}\n" for word, tag in zip(sentence.line.words, tags, strict=True)) + end
    own = tags or ["O"] * len(sentence.columns)
    return "".join(_with_column(line, tag) for line, tag in zip(sentence.columns, own, strict=True)) + end


def json_line(annotated: AnnotatedText) -> str:
    """One JSON object on one line."""
    return json.dumps(annotated.to_json(), ensure_ascii=False) + "\n"


def _with_column(line: str, tag: str) -> str:
    columns = line.rstrip(" \t")
    separator = "\t" if "\t" in columns else " "
    return f"{columns}{separator}{tag}\n"
