"""A peer that needs no package: it gives each word its most frequent tag in training. FAIL in its settings ends it."""

import json
import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from bench.peers.peer import Peer, Tag, Task, Words

PEER = Peer(
    name="fake",
    title="most frequent tag",
    module=__name__,
    models={"plain": "model", "lower": "model"},
    settings={"least": 1},
    trial={"least": 2},
    packages=("pytest",),
    own=True,
)


def train(task: Task, folder: Path) -> dict[str, Any]:
    """A table of words."""
    if "fail" in task.settings:
        raise RuntimeError("told to fail")
    if "kill" in task.settings:
        (folder / "model").mkdir(parents=True)
        os.abort()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for sentence in task.train:
        for word, tag in zip(sentence.words, sentence.tags, strict=True):
            counts[word][tag] += 1
    (folder / "model").mkdir(parents=True)
    table = {word: of.most_common(1)[0][0] for word, of in counts.items() if of.total() >= task.settings["least"]}
    (folder / "model" / "table.json").write_text(json.dumps(table), encoding="utf-8")
    return {"dev_f1": 50.0, "words_seen": len(counts), "task_vectors": str(task.vectors)}


def load(folder: Path, mode: str, threads: int) -> Tag:
    """Look words up."""
    table = json.loads((folder / "table.json").read_text(encoding="utf-8"))

    def tag(sentences: Words) -> Words:
        return [[table.get(word.lower() if mode == "lower" else word, "O") for word in words] for words in sentences]

    return tag
