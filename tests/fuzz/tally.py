"""What came of the cases of a class: how many of each kind, and the findings."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.fuzz.cases import Case, Finding, InputClass

KINDS = ("ok", "refused", "other")


@dataclass
class Tally:
    """`findings` has the smallest case for each thing that was found, by what was said of it."""

    counts: Counter[str] = field(default_factory=Counter)
    findings: dict[str, Case] = field(default_factory=dict)

    def add(self, of: InputClass, case: Case) -> Finding | None:
        """Judge a case and count it; the finding, if it is a new one, or a smaller case of one."""
        try:
            self.counts[of.judge(case)] += 1
            return None
        except Finding as finding:
            self.counts["other"] += 1
            said = str(finding).split("\n")[0][:120]
            known = self.findings.get(said)
            if known is not None and len(known.content) < len(case.content):
                return None
            self.findings[said] = case
            return finding

    def merge(self, counts: Mapping[str, int], found: Mapping[str, Case]) -> None:
        """Add what another process has counted and found."""
        self.counts.update(counts)
        self.findings.update(found)

    def row(self) -> dict[str, int]:
        """The numbers of the table."""
        return {"tried": self.counts.total(), **{kind: self.counts[kind] for kind in KINDS}}

    def in_words(self) -> str:
        """The numbers for the screen."""
        return ", ".join(f"{number:,} {kind}" for kind, number in self.row().items())
