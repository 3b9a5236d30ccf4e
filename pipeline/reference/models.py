"""Weight files of the paper's released code, as our models.

A language model's file has all of the model. A tagger's file has the tagger and what it reads of the two language
models (prefixes `f_lm.` and `b_lm.`): embeddings and LSTM layers, without projection and softmax.
"""

import re
from collections.abc import Mapping
from itertools import accumulate

import torch
from torch import Tensor, nn

from ldnet.errors import InputError
from pipeline.features.contextual import BidirectionalLM
from pipeline.language_model.model import LanguageModel, LMConfig
from pipeline.reference.released_weights import Checkpoint
from pipeline.tagger.model import Tagger, TaggerConfig

PREFIXES = {"forward": "f_lm.", "backward": "b_lm."}  # of the language models in a tagger's file
GATES = "rnn.weight_list"
# How names begin here, and there; what follows is the same, but for the direction of the word LSTM.
LANGUAGE_MODEL_NAMES = {
    r"embedding\.": "word_embed.",
    r"rnn\.layers\.(\d+)\.": r"rnn.layer.\1.layer.",
    r"projection\.": "project.",
    r"softmax\.head\.": "soft_max.head.",
    r"softmax\.tails\.": "soft_max.tail.",
}
TAGGER_NAMES = {
    r"character_embedding\.": "char_embed.",
    r"character_rnn\.from_left\.": "char_fw.",
    r"character_rnn\.from_right\.": "char_bw.",
    r"character_projection\.": "char_seq.",
    r"lm_projection\.": "lm_seq.",
    r"word_embedding\.trainable\.": "word_embed.",
    r"word_rnn\.from_left\.": "word_rnn.",
    r"word_rnn\.from_right\.(.*)": r"word_rnn.\1_reverse",
    r"crf\.": "crf.",
}
# The files do not say these, which matter in further training alone: the values of the paper.
LM_DROPOUT, LAYER_DROPOUT, TAGGER_DROPOUT = 0.01, 0.5, 0.5


def read_language_model(checkpoint: Checkpoint) -> LanguageModel:
    """The language model of a language model's file. Raises InputError for missing, unknown and misshapen tensors."""
    words, embedding = checkpoint.sizes("word_embed.weight")
    cutoffs = softmax_bounds(checkpoint)
    vocabulary_size = cutoffs.pop()
    if vocabulary_size < words:
        raise InputError(f"{checkpoint.source}: embeds {words} words, but soft_max predicts only {vocabulary_size}")
    model = LanguageModel(
        LMConfig(
            vocabulary_size=vocabulary_size,
            **_stack_sizes(checkpoint, ""),
            projection=checkpoint.sizes("soft_max.head.weight")[1],
            cutoffs=cutoffs,
            dropout=LM_DROPOUT,
            layer_dropout=LAYER_DROPOUT,
        )
    )
    # The released code predicts one word more than it embeds, so the embedding gets a row that nothing reads.
    unread = torch.zeros(vocabulary_size - words, embedding)
    padded = checkpoint.replace({"word_embed.weight": torch.cat([checkpoint.tensor("word_embed.weight"), unread])})
    used = _fill(model, padded, LANGUAGE_MODEL_NAMES, "")
    _refuse_others(checkpoint, used)
    return model.eval()


def softmax_bounds(checkpoint: Checkpoint) -> list[int]:
    """Where the clusters of the adaptive softmax end: the head's words, then each tail's; the last is all words."""
    tails = _count(checkpoint, r"soft_max\.tail\.(\d+)\.")
    sizes = [checkpoint.sizes(f"soft_max.tail.{index}.1.weight")[0] for index in range(max(1, tails))]
    rows = checkpoint.sizes("soft_max.head.weight")[0]
    if rows <= len(sizes):
        raise InputError(
            f"{checkpoint.source}: soft_max.head.weight has {rows} rows; expected more than {len(sizes)} tails"
        )
    return list(accumulate([rows - len(sizes), *sizes]))


def read_tagger(checkpoint: Checkpoint, start_tag: int, end_tag: int) -> tuple[Tagger, BidirectionalLM | None]:
    """The tagger of a tagger's file and the language models that it reads, ungated; None if it reads none.

    The file has no softmax: that of the language models given here has one column, of zeros, and predicts nothing.
    Raises InputError for missing, unknown and misshapen tensors.
    """
    reads_lm = "lm_seq.weight" in checkpoint.weights
    words, word_dimension = checkpoint.sizes("word_embed.weight")
    characters, character_dimension = checkpoint.sizes("char_embed.weight")
    config = TaggerConfig(
        words=words,
        trainable_words=words,
        characters=characters,
        tags=checkpoint.sizes("crf.transitions")[0],
        start_tag=start_tag,
        end_tag=end_tag,
        word_dimension=word_dimension,
        character_dimension=character_dimension,
        character_units=checkpoint.sizes("char_fw.weight_hh_l0")[1],
        word_units=checkpoint.sizes("word_rnn.weight_hh_l0")[1],
        lm_features=checkpoint.sizes("lm_seq.weight")[1] if reads_lm else 0,
        lm_norm=False,
        dropout=TAGGER_DROPOUT,
        lm_dropout=TAGGER_DROPOUT,
        unknown_dropout=0.0,
    )
    tagger = Tagger(config)
    used = _fill(tagger, checkpoint, TAGGER_NAMES, "")
    if not reads_lm:
        _refuse_others(checkpoint, used)
        return tagger.eval(), None
    models = {direction: _language_model_without_softmax(checkpoint, prefix) for direction, prefix in PREFIXES.items()}
    for direction, prefix in PREFIXES.items():
        used |= {prefix + GATES} | _fill(models[direction], checkpoint, LANGUAGE_MODEL_NAMES, prefix)
    _refuse_others(checkpoint, used)
    lm = BidirectionalLM(models["forward"], models["backward"], vocabulary=[])
    if sum(lm.widths) != config.lm_features:
        raise InputError(
            f"{checkpoint.source}: lm_seq.weight reads {config.lm_features} features, but the language models give "
            f"{' + '.join(map(str, lm.widths))}"
        )
    return tagger.eval(), lm


def read_gates(checkpoint: Checkpoint) -> dict[str, Tensor]:
    """The gates (L) of each direction in a tagger's file, or ones. Raises InputError if they are not one a layer."""
    gates = {}
    for direction, prefix in PREFIXES.items():
        layers = _layers(checkpoint, prefix)
        gates[direction] = checkpoint.weights.get(prefix + GATES, torch.ones(layers)).float()
        if gates[direction].shape != (layers,):
            found = tuple(gates[direction].shape)
            raise InputError(
                f"{checkpoint.source}: {prefix}{GATES} has shape {found}; expected one gate a layer, {layers}"
            )
    return gates


def _language_model_without_softmax(checkpoint: Checkpoint, prefix: str) -> LanguageModel:
    words, _ = checkpoint.sizes(f"{prefix}word_embed.weight")
    config = LMConfig(
        vocabulary_size=words,
        **_stack_sizes(checkpoint, prefix),
        projection=1,
        cutoffs=[words - 1],
        dropout=LM_DROPOUT,
        layer_dropout=LAYER_DROPOUT,
    )
    model = LanguageModel(config)
    for part in (model.projection, model.softmax):
        for parameter in part.parameters():
            nn.init.zeros_(parameter)
    return model


def _stack_sizes(checkpoint: Checkpoint, prefix: str) -> dict[str, int]:
    layers = _layers(checkpoint, prefix)
    units = checkpoint.sizes(f"{prefix}rnn.layer.0.layer.weight_hh_l0")[1] if layers else 1
    return {"embedding": checkpoint.sizes(f"{prefix}word_embed.weight")[1], "units": units, "layers": layers}


def _layers(checkpoint: Checkpoint, prefix: str) -> int:
    return _count(checkpoint, re.escape(prefix) + r"rnn\.layer\.(\d+)\.")


def _count(checkpoint: Checkpoint, pattern: str) -> int:
    """One more than the largest number in names that begin with the pattern."""
    found = (re.match(pattern, name) for name in checkpoint.weights)
    return max((int(match[1]) + 1 for match in found if match), default=0)


@torch.no_grad()
def _fill(model: nn.Module, checkpoint: Checkpoint, names: Mapping[str, str], prefix: str) -> set[str]:
    """Copy the file's tensors into the model; return the names read. With a prefix, projection and softmax stay."""
    read = set()
    for ours, parameter in model.named_parameters():
        if prefix and ours.startswith(("projection.", "softmax.")):
            continue
        theirs = prefix + _released_name(ours, names)
        weight = checkpoint.tensor(theirs)
        if weight.shape != parameter.shape:
            shapes = f"{tuple(weight.shape)}; expected {tuple(parameter.shape)}"
            raise InputError(f"{checkpoint.source}: {theirs} has shape {shapes}, from the file's other tensors")
        parameter.copy_(weight)
        read.add(theirs)
    return read


def _released_name(ours: str, names: Mapping[str, str]) -> str:
    pattern = next(pattern for pattern in names if re.match(pattern, ours))
    return re.sub(f"^{pattern}", names[pattern], ours)


def _refuse_others(checkpoint: Checkpoint, used: set[str]) -> None:
    others = sorted(set(checkpoint.weights) - used)
    if others:
        raise InputError(f"{checkpoint.source}: unknown tensors {', '.join(others[:5])}; is it another kind of model?")
