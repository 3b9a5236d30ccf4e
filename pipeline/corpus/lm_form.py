"""Whether LM text is text, as far as the first lines of its files show."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from ldnet.printable import quoted
from ldnet.text.text_forms import BLANKS, lines_by_form
from pipeline.text.bounded_lines import bounded_lines

LOOKED_AT = 1000  # lines of each file


def doubts_of_form(paths: Iterable[Path]) -> Iterator[str]:
    """What in the beginnings of the files is no text: a line for each kind, with the first place.

    Raises InputError for files that cannot be read.
    """
    first: dict[str, str] = {}
    files: dict[str, int] = {}
    for path in paths:
        start = islice(bounded_lines(path), LOOKED_AT)
        lines = [line.decode("utf-8", errors="surrogateescape").strip(BLANKS) for line in start]
        for kind, numbers in lines_by_form(lines).items():
            place = f"{path}:{numbers[0] + 1}: {quoted(lines[numbers[0]])}"
            first.setdefault(kind, f"{place} is {kind} ({len(numbers):,} of the first {len(lines):,} lines")
            files[kind] = files.get(kind, 0) + 1
    for kind, found in first.items():
        others = f"; also in {files[kind] - 1:,} more files" if files[kind] > 1 else ""
        yield f"{found}{others}), and is learnt from as text; expected one tokenised sentence a line"
