"""A row of the comparison: a peer trained with one seed and tagged with in one mode, each in a process of its own.

What was trained is kept in the row's folder, so that the modes share it and an interrupted comparison resumes there.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import md5
from pathlib import Path
from statistics import median
from typing import Any

from bench.peers.own import REPORT
from bench.peers.peer import Peer
from ldnet.errors import InputError
from ldnet.files import read_json, sha256_of_file, write_json
from ldnet.processors import processors
from ldnet.text.columns import Sentence, read_conll
from pipeline.params import Params
from pipeline.tagger.scoring import span_scores
from pipeline.text.word_vectors import read_word_vectors
from pipeline.yaml_text import read_yaml

SPLITS = ("train", "dev", "test")
THREADS = ("OMP", "MKL", "OPENBLAS", "BLIS", "NUMEXPR", "NUMBA", "RAYON")
QUIET = {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "TQDM_DISABLE": "1"}
# What a training is known by, and a row: one with the same is not run again.
OF_TRAINING = ("settings", "splits", "vectors", "seed")
IDENTITY = ("profile", "peer", "mode", "threads", *OF_TRAINING)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What all rows have in common. `work` is where models and logs are kept."""

    profile: str
    splits: Mapping[str, str]  # SHA-256 of each
    conll: Path
    vectors: Path | None
    work: Path
    python: Path  # of the peers' environment
    threads: int  # that tag; training has all processors
    runs: int
    trial: bool
    maker: Mapping[str, str | None]  # commit and machine

    @cached_property
    def vectors_digest(self) -> str | None:
        """SHA-256 of the word vectors, a file that takes seconds to read."""
        return sha256_of_file(self.vectors) if self.vectors else None

    def identity(self, peer: Peer, mode: str, seed: int) -> dict[str, Any]:
        """What a row of this comparison is known by. Our taggers are known by the report that describes them, too."""
        settings = peer.settings_for(self.trial)
        if peer.own:
            settings |= {"report": sha256_of_file(REPORT) if REPORT.is_file() else None}
        return {
            "profile": self.profile,
            "peer": peer.name,
            "mode": mode,
            "seed": seed if peer.seeded else None,
            "settings": settings,
            "splits": dict(self.splits),
            "vectors": self.vectors_digest,
            "threads": self.threads,
        }


def prepared_splits(conll: Path, lock: Path, params: Params) -> dict[str, str]:
    """The SHA-256 of each split that prepare_conll made. Raises InputError unless they are those of params.yaml."""
    remedy = "run `make repro` first"
    stage = (read_yaml(lock).get("stages", {}) if lock.is_file() else {}).get("prepare_conll")
    if stage is None:
        raise InputError(f"{lock}: no stage prepare_conll there; expected a run experiment; {remedy}")
    made_with = stage["params"]["params.yaml"]
    data = {dep["path"] for dep in stage["deps"]}
    wanted = params.model_dump(include={"prepare_conll"})["prepare_conll"]
    if made_with["prepare_conll"] != wanted or f"data/raw/{params.data}" not in data:
        raise InputError(f"{lock}: prepare_conll ran with other data or parameters than params.yaml has; {remedy}")
    recorded = {out["path"]: out["md5"] for out in stage["outs"]}
    for split in SPLITS:
        file = conll / f"{split}.conll"
        if not file.is_file():
            raise InputError(f"{file}: no such file; {remedy}")
        if md5(file.read_bytes(), usedforsecurity=False).hexdigest() != recorded.get(f"work/conll/{split}.conll"):
            raise InputError(f"{file}: not the file that {lock} describes; {remedy}")
    return {split: sha256_of_file(conll / f"{split}.conll") for split in SPLITS}


def write_vectors(params: Params, file: Path) -> Path | None:
    """Write the word vectors of params.yaml in the word2vec text format, which all peers read; None if it has none.

    Words with blanks in them are left out.
    """
    if not params.prepare_conll.vectors:
        return None
    found = read_word_vectors(
        Path("data/raw") / params.data / params.prepare_conll.vectors, params.prepare_conll.vector_rows
    )
    rows = {word: row for word, row in found.rows.items() if word.split() == [word]}  # blanks separate the columns
    lines = (f"{word} {' '.join(map(repr, found.vectors[row].tolist()))}\n" for word, row in rows.items())
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    with part.open("w", encoding="utf-8") as written:
        written.write(f"{len(rows)} {found.vectors.shape[1]}\n")
        written.writelines(lines)
    return part.replace(file)


def measure(bench: Bench, peer: Peer, mode: str, seed: int) -> dict[str, Any]:
    """Train the peer unless it is there, tag the test split in this mode, and score it; the row.

    Raises InputError if a process fails.
    """
    start = time.perf_counter()
    identity = bench.identity(peer, mode, seed)
    folder = bench.work / peer.name / f"seed-{seed}"
    trained = _trained(bench, peer, seed, folder, {key: identity[key] for key in OF_TRAINING})
    model = folder / peer.models[mode]
    test = read_conll(bench.conll / "test.conll", 0, 1)
    tagged = _tagged(bench, peer, mode, model, folder / f"tag{mode and '-'}{mode}", test)
    words = sum(len(sentence.words) for sentence in test)
    rates = [round(words / seconds, 1) for seconds in tagged["seconds"]]
    f1, by_type = span_scores([sentence.tags for sentence in test], tagged["tags"])
    return {
        **identity,
        **trained,
        "title": peer.title,
        "own": peer.own,
        "test_f1": round(f1, 4),
        "test_f1_per_type": {kind: round(score, 4) for kind, score in by_type.items()},
        "words_per_second": round(median(rates), 1),
        "words_per_second_runs": rates,
        "load_seconds": tagged["load_seconds"],
        "peak_mb": tagged["peak_mb"],
        "disk_mb": round(sum(file.stat().st_size for file in model.rglob("*") if file.is_file()) / 1e6, 2),
        "versions": tagged["versions"],
        "python": tagged["python"],
        **bench.maker,
        "row_seconds": round(time.perf_counter() - start, 1),
    }


def _trained(bench: Bench, peer: Peer, seed: int, folder: Path, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of the training whose models are in the folder, which is made again if it is of another training."""
    note = folder / "trained.json"
    if note.is_file() and (found := read_json(note))["of"] == wanted:
        return dict(found["facts"])
    new = folder.with_name(folder.name + ".part")
    for old in (new, folder):
        shutil.rmtree(old, ignore_errors=True)
    facts = run_child(
        bench,
        peer,
        "train",
        folder.with_name(f"{folder.name}-train"),
        processors(),
        folder=str(new.resolve()),
        conll=str(bench.conll.resolve()),
        vectors=str(bench.vectors.resolve()) if bench.vectors else None,
        settings=peer.settings_for(bench.trial),
        seed=seed,
    )
    for key in ("versions", "python"):  # of tagging they are in the row
        del facts[key]
    facts = {"training_threads": processors(), **facts}
    write_json(new / "trained.json", {"of": wanted, "facts": facts})
    new.rename(folder)
    return facts


def _tagged(
    bench: Bench, peer: Peer, mode: str, model: Path, files: Path, sentences: Sequence[Sentence]
) -> dict[str, Any]:
    """The answer of a process that tags the sentences. Raises InputError unless each word has a tag."""
    tagged = run_child(
        bench,
        peer,
        "tag",
        files,
        bench.threads,
        model=str(model.resolve()),
        mode=mode,
        runs=bench.runs,
        sentences=[sentence.words for sentence in sentences],
    )
    if [len(tags) for tags in tagged["tags"]] != [len(sentence.words) for sentence in sentences]:
        raise InputError(f"{peer.name}: expected a tag for each word of the test split, found other numbers of tags")
    return tagged


def run_child(bench: Bench, peer: Peer, kind: str, files: Path, threads: int, **request: Any) -> dict[str, Any]:
    """The answer of a process that trains or tags; its request, answer and log begin with the name `files`.

    Raises InputError if it fails.
    """
    files.parent.mkdir(parents=True, exist_ok=True)
    asked, answer, log = (files.with_name(f"{files.name}.{end}") for end in ("request.json", "answer.json", "log"))
    answer.unlink(missing_ok=True)
    environment = {**os.environ, **QUIET, **{f"{name}_NUM_THREADS": str(threads) for name in THREADS}}
    python = sys.executable if peer.own else str(bench.python.absolute())
    full = {"module": peer.module, "packages": peer.packages, "threads": threads, "started": time.time(), **request}
    asked.write_text(json.dumps(full), encoding="utf-8")
    try:
        with log.open("wb") as said:
            command = [python, "-m", "bench.peers.child", kind, str(asked), str(answer)]
            subprocess.run(command, stdout=said, stderr=subprocess.STDOUT, env=environment, check=True)
        return dict(read_json(answer))
    except FileNotFoundError:
        raise InputError(f"{python}: no such program; `make peers` makes the peers' environment") from None
    except subprocess.CalledProcessError as error:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        last = lines[-1] if lines else "nothing"
        raise InputError(f"{log}: {kind} ended with status {error.returncode}; its last line: {last}") from None
    finally:
        asked.unlink(missing_ok=True)
        answer.unlink(missing_ok=True)
