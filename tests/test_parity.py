"""Weights in the file format of the paper's released code give the numbers that that code computed."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pipeline.gates.regularisers import open_gates, penalty
from pipeline.language_model.features import BidirectionalLM, pad_tokens
from pipeline.language_model.model import LanguageModel, LMConfig
from pipeline.pruning.pruning import prune_bidirectional_lm
from pipeline.tagger.batches import EncodedSentence, collate
from pipeline.tagger.model import Tagger, TaggerConfig

FIXTURE = Path(__file__).resolve().parents[2] / "shared" / "parity"
pytestmark = pytest.mark.skipif(not FIXTURE.is_dir(), reason=f"no parity fixture at {FIXTURE}")
TOLERANCE = {"atol": 1e-5, "rtol": 0.0}
Weights = dict[str, Tensor]


def load(name: str) -> Any:
    return torch.load(FIXTURE / name, weights_only=True)


@pytest.fixture(scope="module")
def fixture() -> Any:
    return load("expected.pt")


def dense_lstm_weights(weights: Weights, prefix: str) -> Weights:
    """`rnn.layer.3.layer.x` is `rnn.layers.3.x` here."""
    start = f"{prefix}rnn.layer."
    found = {}
    for name, tensor in weights.items():
        if name.startswith(start):
            layer, _, parameter = name[len(start) :].split(".")
            found[f"rnn.layers.{layer}.{parameter}"] = tensor
    return found


def make_language_model(fixture: Any, weights: Weights, prefix: str) -> LanguageModel:
    """The released code predicts one word more than it embeds, so the embedding gets a row that nothing reads."""
    dims = fixture["dims"]
    layers = len(dense_lstm_weights(weights, prefix)) // 4
    config = LMConfig(
        vocabulary_size=dims["lm_vocab"] + 1,
        embedding=dims["lm_word_dim"],
        units=dims["lm_hidden"],
        layers=layers,
        projection=dims["lm_projection"],
        cutoffs=dims["adaptive_cutoffs"],
        dropout=0.0,
        layer_dropout=0.5,
    )
    model = LanguageModel(config)
    embedding = torch.cat([weights[f"{prefix}word_embed.weight"], torch.zeros(1, dims["lm_word_dim"])])
    read = {"embedding.weight": embedding, **dense_lstm_weights(weights, prefix)}
    missing = set(model.load_state_dict(read, strict=False).missing_keys)
    assert all(name.startswith(("projection", "softmax")) for name in missing)
    return model.eval()


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_language_model(fixture: Any, direction: str) -> None:
    weights: Weights = load(f"{direction}_lm.th")["model"]
    model = make_language_model(fixture, weights, "")
    model.projection.load_state_dict({"weight": weights["project.weight"], "bias": weights["project.bias"]})
    softmax = {name.removeprefix("soft_max."): weight for name, weight in weights.items() if "soft_max" in name}
    model.softmax.load_state_dict({name.replace("tail.", "tails."): weight for name, weight in softmax.items()})
    tokens, expected = fixture["lm_tokens"], fixture["expected"]
    loss, state = model(tokens[:-1], tokens[1:])
    torch.testing.assert_close(loss, expected[f"{direction}_nll_first_chunk"], **TOLERANCE)
    hidden, _ = model.represent(tokens[:-1])
    log_probabilities = model.softmax.log_probabilities(model.projection(hidden).flatten(0, 1))
    torch.testing.assert_close(
        log_probabilities.view(*tokens[1:].shape, -1), expected[f"{direction}_log_prob"], **TOLERANCE
    )
    flipped = tokens.flip(1)
    loss, _ = model(flipped[:-1], flipped[1:], state)
    torch.testing.assert_close(loss, expected[f"{direction}_nll_second_chunk_carried_state"], **TOLERANCE)


def make_tagger(fixture: Any, weights: Weights) -> Tagger:
    dims, special = fixture["dims"], fixture["special"]
    config = TaggerConfig(
        words=dims["words"],
        trainable_words=dims["words"],
        characters=dims["chars"],
        tags=dims["tags"],
        start_tag=special["tag_start"],
        end_tag=special["tag_end"],
        word_dimension=dims["word_dim"],
        character_dimension=dims["char_dim"],
        character_units=dims["char_hidden"],
        word_units=dims["word_hidden_total"] // 2,
        lm_features=weights["lm_seq.weight"].shape[1],
        dropout=0.0,
        unknown_dropout=0.0,
    )
    renamed = {
        "char_embed.": "character_embedding.",
        "char_fw.": "character_rnn.from_left.",
        "char_bw.": "character_rnn.from_right.",
        "char_seq.": "character_projection.",
        "lm_seq.": "lm_projection.",
        "word_embed.": "word_embedding.trainable.",
        "crf.": "crf.",
    }
    read = {
        new + name.removeprefix(old): weight
        for name, weight in weights.items()
        for old, new in renamed.items()
        if name.startswith(old)
    }
    for name, weight in weights.items():
        if name.startswith("word_rnn."):
            direction = "from_right" if name.endswith("_reverse") else "from_left"
            read[f"word_rnn.{direction}.{name.removeprefix('word_rnn.').removesuffix('_reverse')}"] = weight
    tagger = Tagger(config)
    missing = tagger.load_state_dict(read, strict=False)
    assert set(missing.missing_keys) == {"word_embedding.fixed", "word_embedding.has_vector"}
    assert not missing.unexpected_keys
    return tagger.eval()


def encode(fixture: Any, words: list[int], characters: list[list[int]], tags: list[int]) -> EncodedSentence:
    special = fixture["special"]
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


def check_tagger(fixture: Any, kind: str, tagger: Tagger, lm: BidirectionalLM, gates: Any) -> None:
    """All sentences in one padded batch against the released code's sentence by sentence."""
    expected, sentences = fixture["expected"], fixture["sentences"]
    batch = collate([encode(fixture, words, characters, tags) for _, words, characters, tags in sentences])
    tokens, lengths = pad_tokens([[*lm_words, fixture["special"]["lm"]] for lm_words, *_ in sentences])
    features = lm(tokens, lengths, gates)
    emissions = tagger.emissions(batch, features)
    losses = tagger.crf.negative_log_likelihood(emissions, batch.tags, batch.lengths)
    paths = tagger.decode(batch, features)
    for index in range(len(sentences)):
        scores = expected[f"{kind}_crf_scores_{index}"][:, 0]
        ours = emissions[index, : len(scores)].unsqueeze(1) + tagger.crf.transitions
        torch.testing.assert_close(ours, scores, **TOLERANCE)
        torch.testing.assert_close(losses[index], expected[f"{kind}_crf_nll_{index}"], **TOLERANCE)
        assert paths[index] == expected[f"{kind}_path_{index}"].tolist()


def make_lms(fixture: Any, weights: Weights) -> BidirectionalLM:
    models = (make_language_model(fixture, weights, prefix) for prefix in ("f_lm.", "b_lm."))
    return BidirectionalLM(*models, vocabulary=[])


@pytest.mark.parametrize(
    ("kind", "file"),
    [("all_layers", "tagger.th"), ("gated", "tagger_gated.th"), ("pruned", "tagger_pruned.th")],
)
def test_tagger(fixture: Any, kind: str, file: str) -> None:
    weights: Weights = load(file)["model"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # initialising an embedding of no rows
        tagger = make_tagger(fixture, weights)
    gates = (weights["f_lm.rnn.weight_list"], weights["b_lm.rnn.weight_list"])
    with torch.no_grad():
        check_tagger(fixture, kind, tagger, make_lms(fixture, weights), gates)


def test_our_pruning_of_the_gated_tagger_gives_the_scores_of_theirs(fixture: Any) -> None:
    weights: Weights = load("tagger_gated.th")["model"]
    gates = {"forward": weights["f_lm.rnn.weight_list"], "backward": weights["b_lm.rnn.weight_list"]}
    lm, kept = prune_bidirectional_lm(make_lms(fixture, weights), gates)
    with torch.no_grad():
        check_tagger(fixture, "pruned", make_tagger(fixture, weights).keep_lm_features(kept), lm, None)


def test_regularisers(fixture: Any) -> None:
    expected = fixture["expected"]
    for index, direction in enumerate(("forward", "backward")):
        gates = expected[f"gates_{direction}"]
        assert open_gates(gates) == int(expected["nonzero"][index])
        assert float(penalty("r1", gates, 0)) == pytest.approx(float(expected["sum_z"][index]), abs=1e-5)
        r3 = float(penalty("r3", gates, len(gates)))
        assert r3 == pytest.approx(float(expected["sum_z_1mz"][index]), abs=1e-5)
