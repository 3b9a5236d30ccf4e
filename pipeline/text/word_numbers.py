"""Column 0 where it counts the words of a sentence, as in CoNLL-U: ranges (1-2) and empty nodes (3.1) are no words.

The rule is that of `ldnet.text.column_layout.mark_indexed`, for a file that is read line by line. A file that all but
keeps to it is refused: with one gap in the count, all its ranges and empty nodes would be read as words.
"""

from pathlib import Path

from ldnet.errors import InputError
from ldnet.printable import quoted
from ldnet.text.column_layout import INDEX, ColumnLine, Kind, comes_next

STEPS_OF_A_FAULT = 10  # with fewer, column 0 does not count words
MOST_OTHERS = 0.1  # of the rows: with more that are no numbers, ranges or empty nodes, column 0 is something else


class WordNumbers:
    """What column 0 of the words of a file is, as far as the file has been read."""

    def __init__(self) -> None:
        self.apart = 0  # ranges and empty nodes
        self._beginnings: list[int] = []  # lines where the count begins again inside of a sentence
        self._first: int | None = None  # the number of a file's first word
        self._gaps = 0  # all other numbers that do not follow the one before
        self._ranges = self._numbers = self._steps = self._others = self._rows = 0
        self._first_apart = ""  # and its line
        self._fault = ""  # where the count breaks first
        self._before: int | None = None  # the number before, in the same sentence
        self._nodes = 0  # empty nodes after it

    def end_sentence(self) -> None:
        """Count from the start again."""
        self._before, self._nodes = None, 0

    def kind(self, line: ColumnLine) -> Kind:
        """What the line of a word is, if column 0 counts the words."""
        self._rows += 1
        index = line.fields[0]
        match = INDEX.fullmatch(index)
        if match is None or (match["last"] and int(match["last"]) <= int(match["number"])):
            self._others += 1
            self._note(line, f"{quoted(index)} is no number, range or empty node")
            return "word"
        if match["node"] and not comes_next(match, self._before, self._nodes):
            self._others += 1
            self._note(line, f"{index} is not the next empty node")
            return "word"
        self._nodes = self._nodes + 1 if match["node"] else self._nodes if match["last"] else 0
        if match["last"] or match["node"]:
            self.apart += 1
            self._ranges += match["last"] is not None
            self._first_apart = self._first_apart or f"{index} in line {line.number}"
            return "multiword" if match["last"] else "empty node"
        number = int(index)
        self._numbers += 1
        self._first = number if self._first is None else self._first
        if self._before is not None and number == self._first != self._before + 1:
            self._beginnings.append(line.number)
        elif number != (self._first if self._before is None else self._before + 1):
            self._gaps += 1
        if self._before is not None and number != self._before + 1:
            self._note(line, f"{number} comes after {self._before}")
        elif self._before:
            self._steps += 1
        self._before = number
        return "word"

    def _note(self, line: ColumnLine, what: str) -> None:
        self._fault = self._fault or f"{line.number}: column 0 counts words, but {what}"

    @property
    def hold(self) -> bool:
        """Whether column 0 counts the words throughout."""
        return self._numbers > 0 and not self._fault

    @property
    def joined(self) -> list[int]:
        """Lines where a sentence begins without a blank line before it, if column 0 counts the words of sentences."""
        return self._beginnings if self._steps > STEPS_OF_A_FAULT * (self._gaps + self._others) else []

    def refuse_gap(self, path: Path) -> None:
        """Raise InputError if column 0 counts the words but for some rows.

        Without a range, and without a number that follows another, it does not: 0.97 and 1 are scores.
        """
        counts = self._numbers and (self._ranges or self._steps) and self._others <= MOST_OTHERS * self._rows
        if self.apart and counts and self._fault:
            raise InputError(
                f"{path}:{self._fault}, so ranges and empty nodes (as {self._first_apart}) would be read as words; "
                "number the words of each sentence 1, 2, 3, ... with a blank line after each sentence, or delete those "
                "lines"
            )
