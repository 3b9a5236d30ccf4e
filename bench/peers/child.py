"""The process that trains a peer or tags with it, in the environment that has its packages.

`python -m bench.peers.child train|tag <request.json> <answer.json>`
"""

import importlib
import json
import resource
import sys
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.peers.peer import Task

WARM_UP_SENTENCES = 50


def main(kind: str, request_file: str, answer_file: str) -> None:
    """Do what the request says and write the answer, whole or not at all."""
    request = json.loads(Path(request_file).read_text(encoding="utf-8"))
    answer = {"train": train, "tag": tag}[kind](request)
    answer |= {"versions": {name: version(name) for name in request["packages"]}, "python": sys.version.split()[0]}
    part = Path(answer_file + ".part")
    part.write_text(json.dumps(answer), encoding="utf-8")
    part.replace(answer_file)


def train(request: Mapping[str, Any]) -> dict[str, Any]:
    """Train into the request's folder: the seconds that it took, the memory at its peak, and the module's facts."""
    module = importlib.import_module(request["module"])
    task = Task.read(request)
    start = time.perf_counter()
    facts = module.train(task, Path(request["folder"]))
    seconds = time.perf_counter() - start
    return {"train_seconds": round(seconds, 1), "train_peak_mb": peak_megabytes(), **facts}


def tag(request: Mapping[str, Any]) -> dict[str, Any]:
    """Tag the request's sentences as often as it says.

    Load time is that from the start of the process to the first tagged sentence.
    """
    sentences = request["sentences"]
    tagger = importlib.import_module(request["module"]).load(
        Path(request["model"]), request["mode"], request["threads"]
    )
    tagger(sentences[:1])
    load_seconds = time.time() - request["started"]
    tagger(sentences[:WARM_UP_SENTENCES])
    seconds, tags = [], []
    for _ in range(request["runs"]):
        start = time.perf_counter()
        tags = tagger(sentences)
        seconds.append(time.perf_counter() - start)
    return {"load_seconds": round(load_seconds, 2), "seconds": seconds, "peak_mb": peak_megabytes(), "tags": tags}


def peak_megabytes() -> int:
    """The largest resident memory of this process, in 10^6 bytes.

    Linux lets a process begin with its parent's peak in getrusage, but not in /proc.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        kilobytes = int(status.split("VmHWM:")[1].split()[0])
        return round(kilobytes * 1024 / 1e6)
    except (OSError, IndexError):
        unit = 1 if sys.platform == "darwin" else 1024
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


if __name__ == "__main__":
    main(*sys.argv[1:])
