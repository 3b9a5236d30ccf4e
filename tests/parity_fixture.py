"""The part of the parity fixture that is committed: random weights, two sentences, and what the released code computed.

Left out of the tensors: what a tagger's file repeats of the language models' files, and gates that are all one.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file

from pipeline.reference.models import GATES, PREFIXES
from pipeline.reference.parity import Fixture
from pipeline.reference.released_weights import Checkpoint, Weights

FOLDER = Path(__file__).parent / "fixtures"


def stored(tensors: Weights, start: str) -> Weights:
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}


def committed_fixture() -> Fixture:
    tensors = load_file(FOLDER / "parity.safetensors")
    content = json.loads((FOLDER / "parity.json").read_text(encoding="utf-8"))
    files = {name: stored(tensors, f"{name}/") for name in ("forward_lm", "backward_lm")}
    tagger = stored(tensors, "tagger/")
    for direction, prefix in PREFIXES.items():
        read = {k: v for k, v in files[f"{direction}_lm"].items() if not k.startswith(("project", "soft_max"))}
        tagger |= {prefix + name: tensor for name, tensor in read.items()} | {prefix + GATES: torch.ones(3)}
    gated = tagger | stored(tensors, "tagger_gated/")
    unpruned = {name: tensor for name, tensor in gated.items() if not name.startswith(("f_lm.rnn.", "b_lm.rnn."))}
    files |= {"tagger": tagger, "tagger_gated": gated, "tagger_pruned": unpruned | stored(tensors, "tagger_pruned/")}
    return Fixture(
        checkpoints={name: Checkpoint(f"{name}.th", weights, {}) for name, weights in files.items()},
        lm_tokens=tensors["lm_tokens"].long(),
        sentences=[tuple(sentence) for sentence in content["sentences"]],
        special=content["special"],
        expected=stored(tensors, "expected/"),
    )


def write_checkpoint(checkpoint: Checkpoint, path: Path, **others: object) -> Path:
    """As the released code saves it."""
    torch.save({"model": checkpoint.weights, **others}, path)
    return path


def write_fixture(fixture: Fixture, folder: Path) -> None:
    for name, checkpoint in fixture.checkpoints.items():
        write_checkpoint(checkpoint, folder / f"{name}.th")
    inputs = {"lm_tokens": fixture.lm_tokens, "sentences": list(fixture.sentences), "special": dict(fixture.special)}
    torch.save({**inputs, "expected": fixture.expected}, folder / "expected.pt")
