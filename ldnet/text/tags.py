"""Tags of any scheme (IOB1, IOB2, IOBES) and the spans that they stand for."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from ldnet.errors import InputError
from ldnet.printable import quoted

TAG = re.compile(r"O|([BIESLUMW])-(.+)", re.DOTALL)
# Other names of the same prefixes: BILOU has L(ast) and U(nit), BMES has M(iddle), BMEWO W(hole) as well.
ALIASES = {"L": "E", "U": "S", "W": "S", "M": "I"}


class Tag(NamedTuple):
    """A tag taken apart; outside of spans the prefix is O and the type is empty."""

    prefix: str
    type: str


class Span(NamedTuple):
    """Words start to end (exclusive) form a span of this type."""

    type: str
    start: int
    end: int


OUTSIDE = Tag("O", "")


@lru_cache(1 << 12)  # there are few different ones, each of which comes often
def parse_tag(tag: str) -> Tag:
    """Take a tag apart. Raises InputError if it is neither O nor a prefix, a hyphen and a type."""
    match = TAG.fullmatch(tag)
    if match is None:
        raise InputError(f"unknown tag {quoted(tag)}: expected O, or B-, I-, E- or S- and a type, as in B-NP")
    prefix, kind = match.groups()
    return Tag(ALIASES.get(prefix, prefix), kind) if prefix else OUTSIDE


def _starts_span(previous: Tag, tag: Tag) -> bool:
    """conlleval's rule, which also gives impossible sequences a meaning: every word that is not O is in a span."""
    if tag == OUTSIDE:
        return False
    return tag.prefix in "BS" or previous.prefix in "OES" or previous.type != tag.type


def spans(tags: Iterable[str]) -> list[Span]:
    """The spans of one sentence, in any scheme, by conlleval's rules."""
    found: list[Span] = []
    previous = OUTSIDE
    for position, tag in enumerate(map(parse_tag, tags)):
        if _starts_span(previous, tag):
            found.append(Span(tag.type, position, position + 1))
        elif tag != OUTSIDE:
            found[-1] = found[-1]._replace(end=position + 1)
        previous = tag
    return found


def to_iobes(tags: Sequence[str]) -> tuple[str, ...]:
    """The same spans in IOBES: S-, or B- I- ... E-."""
    converted = ["O"] * len(tags)
    for kind, start, end in spans(tags):
        converted[start:end] = [f"I-{kind}"] * (end - start)
        converted[start] = f"B-{kind}"
        converted[end - 1] = f"E-{kind}" if end - start > 1 else f"S-{kind}"
    return tuple(converted)


def to_iob2(tags: Sequence[str]) -> tuple[str, ...]:
    """The same spans in IOB2: B- I- ... I-."""
    converted = ["O"] * len(tags)
    for kind, start, end in spans(tags):
        converted[start:end] = [f"I-{kind}"] * (end - start)
        converted[start] = f"B-{kind}"
    return tuple(converted)
