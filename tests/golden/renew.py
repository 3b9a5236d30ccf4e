"""Make golden.json anew: `python -m tests.golden.renew`, from the repository's root.

The numbers and the checksums of this machine's kind of CPU become those of a run of now. What has changed is printed,
so that it can be told from what should have. Checksums of other kinds of CPU stay if nothing has changed; otherwise
they go, and the command can be given there again.
"""

import tempfile
from pathlib import Path

from pipeline.publishing.verification import this_machine
from tests.golden.outcome import differences, on_this_machine, read_golden, run_golden, write_golden


def main() -> None:
    """Run everything once, tell the differences and write golden.json."""
    before = read_golden()
    with tempfile.TemporaryDirectory() as folder:
        outcome = run_golden(Path(folder)).outcome
    known = on_this_machine(before)
    changed = [
        *differences(before["numbers"], outcome.numbers),
        *differences(before["everywhere"], outcome.everywhere),
        *differences(outcome.here if known is None else known, outcome.here),
    ]
    print("\n".join(changed) or "nothing has changed")
    others = [kind for kind in before["machines"] if kind["machine"] != this_machine() and not changed]
    machines = [*others, {"machine": this_machine(), "files": outcome.here}]
    numbers = outcome.numbers if changed else before["numbers"]
    write_golden({"numbers": numbers, "everywhere": outcome.everywhere, "machines": machines})


if __name__ == "__main__":
    main()
