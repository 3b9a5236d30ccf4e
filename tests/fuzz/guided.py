"""Cases that atheris makes, guided by which lines of the product they reach: python -m tests.fuzz.guided.

The bytes that it makes are a number, which of the files it is, and the content of that file.
"""

import os
import sys
import time
import warnings
from pathlib import Path

import atheris

# Numba cannot compile what atheris makes of a function, so the modules with such functions are left as they are.
COMPILED = ["ldnet.crf.recursions", "ldnet.decoding.bfloat16", "ldnet.decoding.fused_cell"]

with atheris.instrument_imports(include=["ldnet", "pipeline", "ruamel"], exclude=COMPILED):
    from ldnet.files import write_json
    from tests.fuzz.cases import Case
    from tests.fuzz.classes import CLASSES
    from tests.fuzz.corpus import keep, kept_cases
    from tests.fuzz.tally import Tally

LONGEST = 1 << 16  # bytes of a content


def main(slug: str, seed: str, seconds: str, out: str) -> None:
    """Fuzz a class for so many seconds; write what came of it to `out`, and end the process."""
    warnings.simplefilter("error")
    of = next(of for of in CLASSES if of.slug == slug)
    files, tally, folder = sorted(of.starts()), Tally(), Path(out)
    seeds = folder / "seeds"
    seeds.mkdir()
    known = [Case(file, content) for file, content in of.starts().items()] + [case for _, case in kept_cases(of)]
    for number, case in enumerate(known):
        (seeds / str(number)).write_bytes(bytes([files.index(case.file)]) + case.content)
    end = time.monotonic() + float(seconds)

    def try_one(data: bytes) -> None:
        if time.monotonic() > end:
            write_json(folder / "counts.json", dict(tally.counts))
            for number, (said, case) in enumerate(tally.findings.items()):
                keep(of, case, f"{number} {said.replace('/', ' ')}"[:150], folder / "found")
            os._exit(0)
        if data:
            tally.add(of, Case(files[data[0] % len(files)], data[1:]))

    bounds = [f"-max_len={LONGEST}", "-rss_limit_mb=0", "-timeout=600"]
    options = [f"-seed={int(seed) + 1}", *bounds, f"-artifact_prefix={folder}/", str(seeds)]  # it keeps slow cases, too
    atheris.Setup([sys.argv[0], *options], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
