"""Our numbers beside those that the paper's released code computed with the same weights and inputs.

A fixture is a folder with weight files of the released code and expected.pt: what is read (`lm_tokens`, `sentences` and
the numbers of padding and separators in `special`) and what was computed (`expected`, by name).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ldnet.errors import InputError
from pipeline.features.contextual import BidirectionalLM, pad_tokens
from pipeline.pruning.pruning import prune_bidirectional_lm, prune_tagger
from pipeline.reference.models import read_gates, read_language_model, read_tagger
from pipeline.reference.released_weights import Checkpoint, read_checkpoint, read_file
from pipeline.selection.budget import open_gates
from pipeline.selection.regularised_gates import penalty
from pipeline.tagger.batches import EncodedSentence, collate
from pipeline.tagger.model import Tagger

TOLERANCE = 1e-5
FILES = ("forward_lm", "backward_lm", "tagger", "tagger_gated", "tagger_pruned")
TAGGERS = {"all_layers": "tagger", "gated": "tagger_gated", "pruned": "tagger_pruned"}
OUR_PRUNING = "our_pruning"  # of tagger_gated, to be compared with tagger_pruned
ReleasedSentence = tuple[list[int], list[int], list[list[int]], list[int]]  # LM words, words, characters, tags
Quantities = dict[str, Tensor]


@dataclass(frozen=True)
class Fixture:
    """Weights, what they were run on, and what the released code computed."""

    checkpoints: Mapping[str, Checkpoint]  # by name of the file, without .th
    lm_tokens: Tensor  # (T + 1, B)
    sentences: Sequence[ReleasedSentence]
    special: Mapping[str, int]
    expected: Quantities


def read_fixture(folder: Path) -> Fixture:
    """Read a folder. Raises InputError if a file or an entry is missing."""
    path = folder / "expected.pt"
    content = read_file(path)
    names = ("lm_tokens", "sentences", "special", "expected")
    missing = [name for name in names if not isinstance(content, dict) or name not in content]
    if missing:
        raise InputError(f"{path}: no {missing[0]!r}; expected a dictionary with {', '.join(names)}")
    checkpoints = {name: read_checkpoint(folder / f"{name}.th") for name in FILES}
    return Fixture(checkpoints, **{name: content[name] for name in names})


def largest_differences(fixture: Fixture) -> dict[str, float]:
    """By quantity, the largest absolute difference between ours and the expected; infinite where shapes differ.

    Raises InputError for an expected quantity that nothing here computes.
    """
    pruned = {name: value for name, value in fixture.expected.items() if name.startswith("pruned_")}
    expected = fixture.expected | {name.replace("pruned", OUR_PRUNING, 1): value for name, value in pruned.items()}
    ours = compute(fixture)
    unknown = sorted(expected.keys() - ours.keys())
    if unknown or not expected:
        raise InputError(
            f"expected.pt: expected quantities that are computed here, found {', '.join(unknown) or 'none'}"
        )
    return {name: largest_difference(ours[name], value) for name, value in expected.items()}


def largest_difference(ours: Tensor, expected: Tensor) -> float:
    """The largest absolute difference; infinite if the shapes differ or something is not a number."""
    if ours.shape != expected.shape:
        return math.inf
    largest = float((ours.double() - expected.double()).abs().max()) if ours.numel() else 0.0
    return math.inf if math.isnan(largest) else largest


@torch.no_grad()
def compute(fixture: Fixture) -> Quantities:
    """Every quantity of a fixture from its weights and inputs, and those of our own pruning of the gated tagger."""
    quantities = gate_quantities(read_gates(fixture.checkpoints["tagger_gated"]))
    for direction in ("forward", "backward"):
        checkpoint = fixture.checkpoints[f"{direction}_lm"]
        quantities |= language_model_quantities(direction, checkpoint, fixture.lm_tokens)
    for kind, file in TAGGERS.items():
        tagger, lm = _tagger(fixture, file)
        gates = tuple(read_gates(fixture.checkpoints[file]).values())
        quantities |= tagger_quantities(kind, tagger, lm, gates, fixture)
    tagger, lm = _tagger(fixture, "tagger_gated")
    pruned, kept = prune_bidirectional_lm(lm, read_gates(fixture.checkpoints["tagger_gated"]))
    return quantities | tagger_quantities(OUR_PRUNING, prune_tagger(tagger, kept), pruned, None, fixture)


def gate_quantities(gates: Mapping[str, Tensor]) -> Quantities:
    """The gates, and per direction |z|_0, sum z (R1) and sum z (1 - z) (R3 within the budget)."""
    both = list(gates.values())
    return {
        "gates_forward": gates["forward"],
        "gates_backward": gates["backward"],
        "nonzero": torch.tensor([open_gates(z) for z in both]),
        "sum_z": torch.stack([penalty("r1", z, 0) for z in both]),
        "sum_z_1mz": torch.stack([penalty("r3", z, len(z)) for z in both]),
    }


def language_model_quantities(direction: str, checkpoint: Checkpoint, tokens: Tensor) -> Quantities:
    """Losses of two chunks, the second read with the state after the first, and all log-probabilities of the first."""
    model = read_language_model(checkpoint)
    first_loss, state = model(tokens[:-1], tokens[1:])
    second = tokens.flip(1)
    second_loss, _ = model(second[:-1], second[1:], state)
    represented, _ = model.represent(tokens[:-1])
    log_probabilities = model.softmax.log_probabilities(model.projection(represented).flatten(0, 1))
    return {
        f"{direction}_nll_first_chunk": first_loss,
        f"{direction}_nll_second_chunk_carried_state": second_loss,
        f"{direction}_log_prob": log_probabilities.view(*tokens[1:].shape, -1),
    }


def tagger_quantities(
    kind: str, tagger: Tagger, lm: BidirectionalLM, gates: Sequence[Tensor] | None, fixture: Fixture
) -> Quantities:
    """CRF scores, losses and best paths of all sentences in one padded batch; the released code read one by one."""
    batch = collate([encode(*sentence[1:], special=fixture.special) for sentence in fixture.sentences])
    tokens, lengths = pad_tokens([[*sentence[0], fixture.special["lm"]] for sentence in fixture.sentences])
    features = lm(tokens, lengths, gates)
    emissions = tagger.emissions(batch, features)
    losses = tagger.crf.negative_log_likelihood(emissions, batch.tags, batch.lengths)
    paths = tagger.decode(batch, features)
    quantities = {}
    for index, length in enumerate(batch.lengths.tolist()):
        scores = emissions[index, :length].unsqueeze(1) + tagger.crf.transitions  # emission(to) + transition(from, to)
        quantities[f"{kind}_crf_scores_{index}"] = scores.unsqueeze(1)
        quantities[f"{kind}_crf_nll_{index}"] = losses[index]
        quantities[f"{kind}_path_{index}"] = torch.tensor(paths[index])
    return quantities


def encode(
    words: Sequence[int], characters: Sequence[Sequence[int]], tags: Sequence[int], *, special: Mapping[str, int]
) -> EncodedSentence:
    """A sentence given as the released code's numbers, with its padding and separators."""
    sequence: list[int] = []
    starts, ends = [], []
    for word in characters:
        starts.append(len(sequence))
        sequence.extend(word)
        ends.append(len(sequence))
        sequence.append(special["char_sep"])
    return EncodedSentence(
        words=[*words, special["word"]],
        tags=[*tags, special["tag_end"]],
        characters=[*sequence, special["char_pad"]],
        starts=[*starts, len(sequence)],
        ends=[*ends, len(sequence)],
    )


def _tagger(fixture: Fixture, file: str) -> tuple[Tagger, BidirectionalLM]:
    checkpoint = fixture.checkpoints[file]
    tagger, lm = read_tagger(checkpoint, fixture.special["tag_start"], fixture.special["tag_end"])
    if lm is None:
        raise InputError(f"{checkpoint.source}: no lm_seq.weight; expected a tagger that reads language models")
    return tagger, lm
