"""Which tag scheme a corpus is written in, and where it does not keep to it.

Spans are read by conlleval's rules, which give every scheme, and every slip in it, one meaning. The scheme says which
tags are slips.
"""

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from ldnet.errors import InputError
from ldnet.printable import quoted, shortened
from ldnet.text.tags import OUTSIDE, Tag
from pipeline.text.raw_columns import RawSentence
from pipeline.text.tag_dialect import (
    NO_TYPES,
    PREFIX_LETTERS,
    Dialect,
    find_dialect,
    is_bracketed,
    is_numbered_span,
    looks_like_another,
)

Scheme = Literal["IOB1", "IOB2", "IOBES", "IOE1", "IOE2"]
PLACES_SHOWN = 5
PREFIX_LAST = re.compile(r".+[-_][BIESLUMW]", re.DOTALL)  # PER-B
TAG_INSIDE = re.compile(r"(?<![^\W_])(O|[BIESLUMW]-\w+)(?![^\W_])")  # NE=B-PER, 'O'
UNKNOWN = "expected O, or B-, I-, E- or S- and a type, as in B-NP"


class UnknownTagError(InputError):
    """A tag that is none: the file and the line where it stands, and what is wrong with it."""

    def __init__(self, path: Path, line: int, problem: str):
        super().__init__(f"{path}:{line}: {problem}")
        self.path, self.line = path, line


class Slip(NamedTuple):
    """A tag that breaks the scheme: where it stands, and in which way."""

    path: Path
    line: int
    message: str


@dataclass(frozen=True)
class TagReport:
    """The scheme of a corpus, how it is written, what shows it, and the slips in the order of the files."""

    scheme: Scheme
    dialect: Dialect
    evidence: str
    slips: list[Slip]

    @property
    def name(self) -> str:
        """The scheme as people call it."""
        if self.dialect.alone:
            return "IO without prefixes"
        return self.dialect.family if self.scheme == "IOBES" else self.scheme

    def slips_in_words(self) -> str:
        """How many slips there are, the first of them, and the places of some. Only for a corpus that has slips."""
        first, *others = self.slips
        by_file = Counter(slip.path.name for slip in self.slips)
        counted = ", ".join(f"{number:,} in {name}" for name, number in by_file.items())
        places = [f"{slip.path.name}:{slip.line}" for slip in others[:PLACES_SHOWN]]
        rest = len(others) - len(places)
        also = f"; also {', '.join(places)}" if places else ""
        tags = "1 such tag" if not others else f"{len(self.slips):,} such tags"
        more = f" and {rest:,} more" if rest else ""
        return f"{first.path}:{first.line}: {first.message}; {tags} ({counted}){also}{more}"


class Place(NamedTuple):
    """A tag between its neighbours; sentences stand between two O."""

    path: Path
    line: int
    text: str
    before: Tag
    tag: Tag
    after: Tag


def report_tags(files: Mapping[Path, Sequence[RawSentence]]) -> TagReport:
    """The tag scheme that all files together keep to best, and where they do not.

    Of equally good schemes, IOB2 comes before IOB1, and where there is an E- or S- at all, IOBES and IOE before both.
    No spans at all: IOB2, as good as any other. Raises UnknownTagError for a tag that is none.
    """
    dialect = find_dialect(tag for sentences in files.values() for sentence in sentences for tag in sentence.tags)
    closed = False
    counts: Counter[Scheme] = Counter()  # of slips
    # Places are made again rather than kept, as there is one for each word.
    for place in _places(files, dialect):
        if place.tag != OUTSIDE:  # O breaks no scheme
            closed = closed or place.tag.prefix in "ES"
            counts.update(scheme for scheme, breaks in _RULES.items() if breaks(place))
    schemes: list[Scheme] = ["IOBES", "IOE2", "IOE1", "IOB2", "IOB1"] if closed else ["IOB2", "IOB1"]
    scheme = min(schemes, key=lambda name: counts[name])
    evidence = next(filter(_EVIDENCE[scheme], _places(files, dialect)), None)
    shown = f" ({_at(evidence)}: {shortened(evidence.text)}{_EVIDENT.get(scheme, '')})" if evidence else ""
    report = TagReport(scheme, dialect, shown, [])
    slips = filter(_RULES[scheme], _places(files, dialect)) if counts[scheme] else ()
    return TagReport(scheme, dialect, shown, [_slip(place, report) for place in slips])


def _places(files: Mapping[Path, Sequence[RawSentence]], dialect: Dialect) -> Iterator[Place]:
    parsed: dict[str, Tag] = {}
    for path, sentences in files.items():
        for sentence in sentences:
            for line, text in zip(sentence.lines, sentence.tags, strict=True):
                if text not in parsed:
                    parsed[text] = _parsed(text, dialect, path, line)
            around = [OUTSIDE, *map(parsed.__getitem__, sentence.tags), OUTSIDE]
            for i, (line, text) in enumerate(zip(sentence.lines, sentence.tags, strict=True)):
                yield Place(path, line, text, *around[i : i + 3])


def _parsed(text: str, dialect: Dialect, path: Path, line: int) -> Tag:
    tag = dialect.tag(text)
    if tag is None:
        disguised = looks_like_another(text) and text.isprintable()
        others = f", with other characters than it seems ({shortened(text)!a})" if disguised else ""
        raise UnknownTagError(path, line, f"unknown tag {quoted(text)}{others}{_remedy(text, dialect)}: {UNKNOWN}")
    return tag


def _remedy(text: str, dialect: Dialect) -> str:
    """What is to be done about a tag that is none, where its look says that."""
    if dialect.names_several(text):
        return "; it names several labels: keep one of them for each word"
    if text in NO_TYPES:
        return "; write O for a word outside of all spans"
    if is_bracketed(text):
        return "; brackets around spans are not read: write B- and I- for them"
    if is_numbered_span(text):
        return "; the number is that of a span: write B- and I- for the words of each span"
    if PREFIX_LAST.fullmatch(text):
        return "; write the prefix before the type"
    if dialect.joined:
        return "; write - between prefix and type"
    if text.rstrip("-_") in PREFIX_LETTERS:
        return "; it has no type: write one behind it, also where there is but one"
    if TAG_INSIDE.search(text):
        return "; it has a tag in it: write that alone"
    return ""


def _at(place: Place) -> str:
    return f"{place.path.name}:{place.line}"


def _continues(before: Tag, tag: Tag, inside: str) -> bool:
    return before != OUTSIDE and before.type == tag.type and before.prefix in inside


def _unlike_iob2(place: Place) -> bool:
    prefix = place.tag.prefix
    return prefix in "ES" or (prefix == "I" and not _continues(place.before, place.tag, "BI"))


def _unlike_iob1(place: Place) -> bool:
    prefix = place.tag.prefix
    return prefix in "ES" or (prefix == "B" and not _continues(place.before, place.tag, "BI"))


def _unclosed(place: Place) -> bool:
    return place.tag.prefix in "BI" and not (place.after.prefix in "IE" and place.after.type == place.tag.type)


def _unlike_iobes(place: Place) -> bool:
    unopened = place.tag.prefix in "IE" and not _continues(place.before, place.tag, "BI")
    return unopened or _unclosed(place)


def _unlike_ioe2(place: Place) -> bool:
    return place.tag.prefix in "BS" or _unclosed(place)


def _unlike_ioe1(place: Place) -> bool:
    prefix = place.tag.prefix
    return prefix in "BS" or (prefix == "E" and place.after.type != place.tag.type)


_RULES: dict[Scheme, Callable[[Place], bool]] = {
    "IOB1": _unlike_iob1,
    "IOB2": _unlike_iob2,
    "IOBES": _unlike_iobes,
    "IOE1": _unlike_ioe1,
    "IOE2": _unlike_ioe2,
}
_EVIDENCE: dict[Scheme, Callable[[Place], bool]] = {
    "IOB1": lambda place: place.tag.prefix == "I" and place.before.type != place.tag.type,
    "IOB2": lambda place: place.tag.prefix == "B",
    "IOBES": lambda place: place.tag.prefix in "ES",
    "IOE1": lambda place: place.tag.prefix == "E" and place.after.type == place.tag.type,
    "IOE2": lambda place: place.tag.prefix == "E",
}
_EVIDENT: dict[Scheme, str] = {
    "IOB1": " starts a span", "IOB2": " starts a span", "IOE1": " ends a span", "IOE2": " ends a span",
}  # fmt: skip


def _slip(place: Place, report: TagReport) -> Slip:
    """In which way a tag breaks the scheme, in the letters of the corpus."""
    text = shortened(place.text)
    b, i, e, s = map(report.dialect.shown, "BIES")
    because = f"because the corpus is {report.name}{report.evidence}"
    unopened = place.tag.prefix in "IE" and not _continues(place.before, place.tag, "BI")
    if report.scheme == "IOBES" and not unopened:
        what = f"{text} is not followed by {i} or {e} of its type; expected {s}, or {b} {i} ... {e}, {because}"
    elif report.scheme == "IOBES":
        what = f"{text} after nothing that it continues; expected {b} or {s} to start every span, {because}"
    elif report.scheme == "IOB2" and place.tag.prefix == "I":
        what = f"{text} after nothing that it continues; expected {b} to start every span, {because}"
    elif report.scheme == "IOB1" and place.tag.prefix == "B":
        what = f"{text} after no span of its type; expected {i} to start such spans, {because}"
    elif report.scheme == "IOE2" and place.tag.prefix == "I":
        what = f"{text} is not followed by {i} or {e} of its type; expected {e} to end every span, {because}"
    elif report.scheme == "IOE1" and place.tag.prefix == "E":
        what = f"{text} before no span of its type; expected {i} to end such spans, {because}"
    else:
        what = f"{text} has a prefix of another scheme, {because}"
    return Slip(place.path, place.line, sys.intern(what))  # few different ones
