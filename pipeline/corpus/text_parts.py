"""LM text cut into parts of about equal size: a large file gives many parts, small files share one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ldnet.text.lines import decode
from pipeline.text.bounded_lines import bounded_lines

PART_BYTES = 1 << 22  # what a process has in memory at a time, and what a killed run may lose


@dataclass(frozen=True)
class Piece:
    """Consecutive lines of a file, the first of them numbered first_line (from 1), joined by newlines."""

    path: Path
    first_line: int
    lines: bytes

    def sentences(self) -> list[bytes]:
        """Each line that is not empty, its words joined by single spaces; only ASCII white space separates words.

        Raises InputError naming file and line on bad UTF-8.
        """
        lines = self.lines.split(b"\n")
        try:
            self.lines.decode()
        except UnicodeDecodeError:  # which line it is, is only of interest now
            for number, line in enumerate(lines, self.first_line):
                decode(b" ".join(line.split()), self.path, number)
        return [b" ".join(words) for line in lines if (words := line.split())]


Part = list[Piece]


def read_parts(paths: list[Path], part_bytes: int) -> Iterator[Part]:
    """The lines of the files, in order, in parts of at least `part_bytes` (but the last).

    Raises InputError for what cannot be read, and for a line of more than MOST_LINE_BYTES.
    """
    part: Part = []
    size = 0
    for path in paths:
        lines: list[bytes] = []
        first_line = 1
        for line in bounded_lines(path):
            lines.append(line)
            size += len(line) + 1
            if size >= part_bytes:
                yield [*part, Piece(path, first_line, b"\n".join(lines))]
                first_line += len(lines)
                part, lines, size = [], [], 0
        if lines:
            part.append(Piece(path, first_line, b"\n".join(lines)))
    if part:
        yield part
