"""Which tag scheme a corpus is written in, and whether it keeps to it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from ldnet.errors import InputError
from ldnet.text.columns import Sentence
from ldnet.text.tags import OUTSIDE, Tag, parse_tag

Scheme = Literal["IOB1", "IOB2", "IOBES"]


def detect_scheme(files: Mapping[Path, Sequence[Sentence]]) -> Scheme:
    """The tag scheme of a corpus, which must then hold in every line of all its files.

    Any E- or S- makes it IOBES. Otherwise the first words of spans decide: B- makes it IOB2, I- makes it IOB1 (where
    B- stands only between two neighbouring spans of one type). No spans at all: IOB2, as good as any other.
    Raises InputError naming file and line for an unknown tag, for B- and I- both starting spans, and for an IOBES
    span that is continued without having begun or begun without being closed.
    """
    seen: dict[Scheme, str] = {}
    for place, previous, tag in _neighbours(files):
        if tag.prefix in "ES":
            seen.setdefault("IOBES", f"{place}: {'-'.join(tag)}")
        elif tag.type not in ("", previous.type):
            seen.setdefault("IOB2" if tag.prefix == "B" else "IOB1", f"{place}: {'-'.join(tag)}")
    if "IOBES" in seen:
        _check_iobes(files, seen["IOBES"])
        return "IOBES"
    if "IOB1" in seen and "IOB2" in seen:
        raise InputError(
            f"{seen['IOB1']} after nothing that it continues; expected B- to start every span, "
            f"because the corpus is IOB2 ({seen['IOB2']} starts a span)"
        )
    return "IOB1" if "IOB1" in seen else "IOB2"


def _neighbours(files: Mapping[Path, Sequence[Sentence]]) -> Iterator[tuple[str, Tag, Tag]]:
    """Place (file:line), tag before and tag of every word, in order; sentences begin after an O."""
    for path, sentences in files.items():
        for sentence in sentences:
            previous = OUTSIDE
            for line, text in enumerate(sentence.tags, start=sentence.first_line):
                place = f"{path}:{line}"
                try:
                    tag = parse_tag(text)
                except InputError as error:
                    raise InputError(f"{place}: {error}") from None
                yield place, previous, tag
                previous = tag


def _check_iobes(files: Mapping[Path, Sequence[Sentence]], evidence: str) -> None:
    because = f"because the corpus is IOBES ({evidence})"
    for path, sentences in files.items():
        for sentence in sentences:
            previous = OUTSIDE
            # The O at the end closes the sentence.
            for line, tag in enumerate(map(parse_tag, (*sentence.tags, "O")), start=sentence.first_line):
                is_open = previous.prefix in "BI"
                continues = is_open and tag.prefix in "IE" and tag.type == previous.type
                if is_open and not continues:
                    found = f"{path}:{line - 1}: {'-'.join(previous)} is not followed by I- or E-"
                    raise InputError(f"{found} of its type; expected S-, or B- I- ... E-, {because}")
                if tag.prefix in "IE" and not continues:
                    found = f"{path}:{line}: {'-'.join(tag)} after nothing that it continues"
                    raise InputError(f"{found}; expected B- or S- to start every span, {because}")
                previous = tag
