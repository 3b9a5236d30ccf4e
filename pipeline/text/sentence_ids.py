"""A column that numbers the sentences of a file, which shows where a blank line between two of them is missing."""

FEWEST_BEGINNINGS = 2  # of sentences, after blank lines
FEWEST_WORDS = 1.5  # of a sentence, on average: with fewer, words are numbered


class SentenceIds:
    """What a column is, as far as the file has been read.

    It numbers sentences if each of its values ends with a digit and stands in neighbouring lines alone, and every
    sentence begins with another one.
    """

    def __init__(self) -> None:
        self.holds = True
        self._seen: set[str] = set()
        self._before = ""
        self._rows = self._beginnings = 0
        self._joined: list[int] = []

    def add(self, value: str, begins: bool, line: int) -> None:
        """Note the value of a word; `begins` says whether a sentence begins with it. Nothing is the value before."""
        value = value or self._before
        new = value != self._before
        self.holds = value[-1:].isdecimal() and not (begins and not new) and not (new and value in self._seen)
        self._rows += 1
        if new:
            self._seen.add(value)
        if begins:
            self._beginnings += 1
        elif new:
            self._joined.append(line)
        self._before = value

    @property
    def joined(self) -> list[int]:
        """Lines where a sentence begins without a blank line before it, if the column numbers sentences."""
        enough = self._beginnings >= FEWEST_BEGINNINGS and self._rows >= FEWEST_WORDS * len(self._seen)
        return self._joined if self.holds and enough else []
