"""LM text cut into parts of about equal size: a large file gives many parts, small files share one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.data.conll import decode, read_lines


@dataclass(frozen=True)
class Piece:
    """Consecutive lines of a file, the first of them numbered first_line (from 1), joined by newlines."""

    path: Path
    first_line: int
    lines: bytes

    def sentences(self) -> Iterator[tuple[list[bytes], str]]:
        """Each line that is not empty: its words, and them joined by single spaces.

        Only ASCII white space separates words. Raises InputError naming file and line on bad UTF-8.
        """
        for number, line in enumerate(self.lines.split(b"\n"), self.first_line):
            if words := line.split():
                yield words, decode(b" ".join(words), self.path, number)


Part = list[Piece]


def read_parts(paths: list[Path], part_bytes: int) -> Iterator[Part]:
    """The lines of the files, in order, in parts of at least `part_bytes` (but the last). Raises InputError."""
    part: Part = []
    size = 0
    for path in paths:
        lines: list[bytes] = []
        first_line = 1
        for line in read_lines(path):
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
