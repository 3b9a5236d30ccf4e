"""How a corpus writes its tags: with which letters, with - or _ after them, or as types alone."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from ldnet.text.odd_characters import WITHOUT_SHAPE
from ldnet.text.tags import ALIASES, OUTSIDE, Tag

PREFIXED = re.compile(r"([BIESLUMW])([-_])(.+)", re.IGNORECASE | re.DOTALL)
# PER-B, BEGIN-PER, and B:PER or B with a dash that is no hyphen: no types that stand alone.
WORDS_FOR_PREFIXES = "begin|beginning|start|inside|middle|inner|end|last|single|unit|unique|singleton"
MISWRITTEN = re.compile(rf".+([^\w\s]|_)[BIESLUMW]|[BI]\W.*|({WORDS_FOR_PREFIXES})[-_:].+", re.IGNORECASE | re.DOTALL)
NUMBERED_SPAN = re.compile(r".+\[\d+\]", re.DOTALL)  # PER[3] is each word of the third span, in WebAnno
# What may separate two labels is no letter or digit. One of these characters is also in names of types: E-Mail, R&B.
NEXT_LABEL = re.compile(r"(?<![\W_])[\W_]+(?=[BIESLUMW][-_].|O$)", re.DOTALL)
IN_NAMES = set("-_/&.:'")
BRACKETS = re.compile(r"\(\w+(\*\)?|\))|\*\)?")
PREFIX_LETTERS, FIRST_OR_LAST = set("BIESLUMWbieslumw"), set("BEbe")
MOST_CHARACTERS = 1000  # of several labels, each of which is compared
NO_TYPES = ("", "_", "-", "0")  # O is written so
MOST_TYPES = 200  # more are words or lemmas rather than types
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
CYRILLIC, GREEK = "АВЕКМНОРСТУХІЈЅаеорсухіјѕ", "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο"  # noqa: RUF001  # they look like Latin ones
LATIN = str.maketrans(CYRILLIC + GREEK + DASHES, "ABEKMHOPCTYXIJSaeopcyxijs" + "ABEZHIKMNOPTYXo" + "-" * len(DASHES))
BILOU, BMES, BMEWO = {"L", "U"}, {"M"}, {"W"}


@dataclass(frozen=True)
class Dialect:
    """`letters` are the prefixes as the corpus writes them, with their separator, by their letter in IOBES.

    Types that stand alone, without a prefix, are read as inside of spans: neighbours of one type are one span.
    """

    alone: bool
    letters: Mapping[str, str]
    family: str  # what IOBES is called with these letters
    types: Set[str]  # of all tags with a prefix
    joined: bool = False  # whether the tags are prefixes and types with nothing between them, and so no tags

    def tag(self, text: str) -> Tag | None:
        """The tag taken apart, its prefix as in IOBES; None for what is no tag in this corpus."""
        if text in ("O", "o"):
            return OUTSIDE
        if self.alone:
            return Tag("I", text) if text not in NO_TYPES else None
        match = PREFIXED.fullmatch(text)
        if match is None or self.names_several(text):
            return None
        prefix = match[1].upper()
        return Tag(ALIASES.get(prefix, prefix), match[3])

    def names_several(self, text: str) -> bool:
        """Whether the text is several labels, as where spans lie inside of others: B-LOC|B-ORG, B-LOC|O.

        Where what is between them may be part of a type, as in B-Contact/E-Mail, both types must be known.
        """
        return any(
            between not in IN_NAMES or (first in self.types and (last == "O" or last[2:] in self.types))
            for first, between, last in _pairs(text)
        )

    def may_name_several(self, text: str) -> bool:
        """Whether the text, which does not name several labels for certain, may do so."""
        return next(_pairs(text), None) is not None

    def shown(self, prefix: str) -> str:
        """A prefix of IOBES as this corpus writes it, with its separator."""
        return self.letters.get(prefix, f"{prefix}-")


def find_dialect(tags: Iterable[str]) -> Dialect:
    """The dialect of all tags of a corpus.

    Types stand alone if no tag has a prefix and O is at least half of all, as it is where spans are marked. A column of
    parts of speech, or of words, is no tag column. Types with a suffix (PER-B) do not stand alone, and are no tags; nor
    are prefixes that are written in another way (B:PER, or BPER beside IPER), or without any type (B, I), and types
    with numbers (PER[3]).
    """
    counts = Counter(tags)
    letters: dict[str, str] = {}
    seen: set[str] = set()
    named: set[str] = set()
    for text, _ in counts.most_common():
        if match := PREFIXED.fullmatch(text):
            prefix = match[1].upper()
            seen.add(prefix)
            named.add(match[3])
            letters.setdefault(ALIASES.get(prefix, prefix), match[1] + match[2])
    outside = counts["O"] + counts["o"]
    types = counts.keys() - {"O", "o"}
    without_type = types <= PREFIX_LETTERS and not types.isdisjoint(FIRST_OR_LAST)
    may_stand = not seen and not without_type and 0 < len(types) <= MOST_TYPES and 2 * outside >= counts.total()
    joined = may_stand and _without_separator(types)
    alone = may_stand and not joined and not any(map(_is_miswritten, types))
    family = "BILOU" if seen & BILOU else "BMEWO" if seen & BMEWO else "BMES" if seen & BMES else "IOBES"
    return Dialect(alone, letters, family, named, joined)


def _pairs(text: str) -> Iterator[tuple[str, str, str]]:
    """A tag as the type of a first label, what separates, and a last label: LOC, |, B-ORG. None of very long ones."""
    short = len(text) <= MOST_CHARACTERS and PREFIXED.fullmatch(text)
    for between in NEXT_LABEL.finditer(text, 2) if short else ():
        first, last = text[2 : between.start()], text[between.end() :]
        # A lone - or _ is part of a type, unless a prefix and a dash follow it.
        if first and (last[1:2] == "-" or (between[0] not in ("-", "_") and last[1:2] in ("", text[1]))):
            yield first, between[0], last


def _without_separator(types: Set[str]) -> bool:
    """Whether all begin with the letter of a prefix, and a type is there with B and with I: BPER and IPER.

    BBAN and IBAN beside other types are types.
    """
    prefixed = all(text[:1] in "BIESLUMW" for text in types - set(NO_TYPES))
    return prefixed and any(text[:1] == "B" and len(text) > 2 and f"I{text[1:]}" in types for text in types)


def _is_miswritten(text: str) -> bool:
    return (
        bool(MISWRITTEN.fullmatch(text))
        or is_numbered_span(text)
        or bool(looks_like_another(text) and PREFIXED.fullmatch(seen(text)))
    )


def is_bracketed(text: str) -> bool:
    """Whether the text is of a column of brackets, as in CoNLL-2005 and 2012: (ORG*, *, *), (ORG)."""
    return bool(BRACKETS.fullmatch(text))


def is_numbered_span(text: str) -> bool:
    """Whether the text is a type with the number of its span, as WebAnno has them: PER[3]."""
    return bool(NUMBERED_SPAN.fullmatch(text))


def may_be_prefixed(text: str) -> bool:
    """Whether a text that is no tag is rather a prefix, with or without a type, than the name of a column."""
    return text in PREFIX_LETTERS or _is_miswritten(text)


def looks_like_another(text: str) -> bool:
    """Whether a reader would take the text for a tag, though it has other characters."""
    shown = seen(text)
    return shown != text and (shown == "O" or bool(PREFIXED.fullmatch(shown)))


def look_alike(types: Iterable[str]) -> list[tuple[str, ...]]:
    """Types that a reader cannot tell from each other, or only by upper and lower case."""
    by_form: dict[str, set[str]] = {}
    for kind in types:
        by_form.setdefault(seen(kind).casefold(), set()).add(kind)
    return [tuple(sorted(kinds)) for _, kinds in sorted(by_form.items()) if len(kinds) > 1]


def seen(text: str) -> str:
    """The text as a reader sees it: composed, without what is not seen; Latin letters and hyphens for what looks so."""
    composed = unicodedata.normalize("NFKC", text)
    shown = "".join(c for c in composed if unicodedata.category(c) not in ("Cf", "Cc") and not WITHOUT_SHAPE.match(c))
    return " ".join(shown.split()).translate(LATIN)
