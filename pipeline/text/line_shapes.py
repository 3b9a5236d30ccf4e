"""What the layout of a file depends on, without the file's text: how its lines are divided, and how many are so."""

import re
from collections.abc import Iterator
from itertools import repeat

from ldnet.text.column_layout import MANY_LINES, NumberedLine, is_blank, starts_document

TEXT = re.compile(r"[^ \t]+")
BLANKS = re.compile(r" +")


class LineShapes:
    """Lines with an x for each text and one blank for several: `find_layout` sees no more of a line than this."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}  # line of each shape
        self._count: dict[str, int] = {}

    def add(self, number: int, text: str) -> None:
        """Count a line, if it has a say in the layout."""
        if is_blank(text) or starts_document(text):
            return
        shape = BLANKS.sub(" ", TEXT.sub("x", text))
        if text.startswith("#"):
            shape = "#" + shape[1:]
        self._first.setdefault(shape, number)
        self._count[shape] = self._count.get(shape, 0) + 1

    @property
    def marked(self) -> bool:
        """Whether a line begins with #."""
        return any(shape.startswith("#") for shape in self._count)

    def lines(self) -> Iterator[NumberedLine]:
        """Lines that have the same layout as the file, each with the number of the first line of its shape.

        A shape that more than half of the lines have is in the majority with one line more than all the others have, so
        no more of its lines are given, apart from the MANY_LINES that make a file long.
        """
        total = sum(self._count.values())
        for shape, count in self._count.items():
            enough = max(MANY_LINES, total - count + 1)
            yield from repeat((self._first[shape], shape), min(count, enough))
