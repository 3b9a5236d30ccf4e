"""Cost in closed form: multiply-accumulates per word and parameters, by part of the model.

Counted as in the paper: matrix products only, embeddings and the language models' softmax left out. The tagger reads
characters, so its cost depends on the text: `characters_per_word` is a mean that includes the separator.
"""

from collections.abc import Sequence

from ldnet.text.columns import Sentence
from pipeline.features.contextual import BidirectionalLM
from pipeline.language_model.dense_lstm import lstm_macs
from pipeline.language_model.model import parameter_count
from pipeline.tagger.model import Tagger, TaggerConfig


def characters_per_word(sentences: Sequence[Sentence]) -> float:
    """Mean length of a word in characters, the separator after it included."""
    words = [word for sentence in sentences for word in sentence.words]
    return sum(len(word) + 1 for word in words) / len(words)


def macs_by_part(config: TaggerConfig, lm: BidirectionalLM | None, characters: float) -> dict[str, int]:
    """Multiply-accumulates per word of each part; `characters` is the mean of `characters_per_word`."""
    parts = 3 if lm else 2
    character_step = 2 * lstm_macs(config.character_dimension, config.character_units)
    return {
        "characters": round(characters * character_step) + 2 * config.character_units * config.word_dimension,
        "language_models": lm.macs() if lm else 0,
        "lm_projection": config.lm_features * config.word_dimension,
        "word_lstm": 2 * lstm_macs(parts * config.word_dimension, config.word_units),
        "emissions": 2 * config.word_units * config.tags,
    }


def parameters_by_part(tagger: Tagger, lm: BidirectionalLM | None) -> dict[str, int]:
    """Parameters of each part, embeddings included, the language models' projection and softmax left out."""
    counts = {
        "characters": parameter_count(tagger.character_embedding, tagger.character_rnn, tagger.character_projection),
        "word_embedding": parameter_count(tagger.word_embedding) + tagger.word_embedding.fixed.numel(),
        "word_lstm": parameter_count(tagger.word_rnn),
        "crf": parameter_count(tagger.crf),
        "lm_embeddings": 0,
        "language_models": 0,
        "lm_projection": 0,
    }
    if lm:
        counts["lm_embeddings"] = parameter_count(lm.forward_lm.embedding, lm.backward_lm.embedding)
        counts["language_models"] = lm.layer_parameters()
        counts["lm_projection"] = parameter_count(tagger.lm_projection, tagger.lm_norm)
    return counts
