"""An experiment of a few sentences: its data, its parameters, and its stages in this process."""

import importlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from click.testing import CliRunner, Result

from tests.factories import WORDS, make_sentences

SHARD_TOKENS = 1604


def run(stage: str, *arguments: str) -> Result:
    """The stage with these options; its workers work in this process where a test sees to it."""
    return CliRunner().invoke(importlib.import_module(f"stages.{stage}").main, list(arguments))


def tiny_params(folder: Path, seeds: Sequence[int] = (1,)) -> Path:
    """Write the base's parameters, as small as they may be."""
    params = yaml.safe_load(Path("profiles/base.yaml").read_text(encoding="utf-8"))
    params["prepare_corpus"].update(min_count=2, heldout_sentences=20)
    params["pretrain_lm"].update(layers=2, units=4, embedding=5, projection=8, cutoffs=[4], streams=4, steps=5)
    params["pretrain_lm"].update(tokens=3000, learning_rate=0.03, warmup_steps=5)
    params["train_tagger"].update(
        seeds=list(seeds), word_dimension=6, character_dimension=4, character_units=5, word_units=6, epochs=2
    )
    params["train_taught"].update(epochs=3)
    params["prepare_unlabelled"].update(sentences=15)
    params["select"].update(repeats=len(seeds), max_layers=1, epochs=2, enforce_epoch=1)
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(params), encoding="utf-8")
    return path


def write_raw(raw: Path) -> None:
    """Write tagged splits and the text of the language models, as they are brought."""
    (raw / "lm").mkdir(parents=True)
    for seed, split in enumerate(("train", "dev", "test"), 1):
        sentences = make_sentences(40, seed)
        lines = ["".join(f"{w} {t}\n" for w, t in zip(s.words, s.tags, strict=True)) + "\n" for s in sentences]
        only_here = f"{split}-word O\n\n"
        (raw / f"{split}.txt").write_text("".join(lines).replace("S-", "B-") + only_here * 2, encoding="utf-8")
    lines = [" ".join(WORDS[2 + (start + step) % 9] for step in range(3 + start % 5)) for start in range(600)]
    text = "\n".join(f"{line} {number}" for number, line in enumerate(lines))  # words follow each other in one order
    (raw / "lm" / "a.txt").write_text(text, encoding="utf-8")


def stage_options(stage: str, root: Path) -> list[str]:
    """The options of a stage that reads what the fixture `prepared` of tests/stages has written to `root`."""
    folders = {
        "pretrain_lm": ["--direction=forward", "corpus=corpus"],
        "train_tagger": ["--variant=full", "conll=conll", "lm=lm"],
        "soft_targets": ["conll=conll", "unlabelled=unlabelled.txt", "lm=lm", "teachers=full"],
        "select": ["conll=conll", "lm=lm", "tagger=full"],
        "prune": ["conll=conll", "lm=lm", "selection=selection"],
        "train_pruned": ["--variant=pruned", "conll=conll", "lm=pruned", "targets=targets"],
    }[stage]
    outputs = {"soft_targets": ["out"], "prune": ["out", "metrics"]}.get(stage, ["out", "metrics", "curve"])
    given = [name if name.startswith("--") else f"--{name.replace('=', f'={root}/', 1)}" for name in folders]
    return ["--params", str(root / "params.yaml"), *given, *(f"--{name}={root / 'new' / name}" for name in outputs)]


def write_corpus(folder: Path) -> Path:
    """Write an encoded corpus of two shards of SHARD_TOKENS; rare words are in the last quarter of a shard alone."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for shard in range(2):
        ids = rng.integers(0, 8, SHARD_TOKENS)
        rare = np.arange(SHARD_TOKENS * 3 // 4, SHARD_TOKENS, 37)  # in the last stream, the second process's
        ids[rare] = rng.integers(8, len(WORDS), len(rare))
        np.save(folder / f"train-{shard}.npy", ids.astype(np.int32))
    np.save(folder / "heldout.npy", rng.integers(0, len(WORDS), 300).astype(np.int32))
    np.save(folder / "vectors.npy", np.zeros((0, 0), dtype=np.float32))
    (folder / "vocabulary.json").write_text(json.dumps(WORDS), encoding="utf-8")
    return folder
