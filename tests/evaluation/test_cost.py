"""The closed forms against products that are run, and against the sizes of the modules' weights."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from ldnet.text.columns import Sentence
from pipeline.evaluation.cost import characters_per_word, macs_by_part, parameters_by_part
from pipeline.features.contextual import BidirectionalLM
from pipeline.language_model.dense_lstm import DenseLSTM
from pipeline.pruning.pruning import prune_bidirectional_lm, prune_tagger
from pipeline.tagger.model import Tagger
from tests.factories import make_bidirectional_lm, make_lexicon, make_sentences, make_tagger
from tests.products import ProductCounter, products_per_word

LEXICON = make_lexicon(make_sentences(5))


def counted(module: nn.Module) -> int:
    """Every entry of a weight matrix is one multiply-accumulate a step."""
    return sum(weight.numel() for weight in module.parameters() if weight.dim() == 2)


@pytest.mark.parametrize("layers", [0, 1, 3, 10])
def test_dense_lstm(layers: int) -> None:
    rnn = DenseLSTM(7, 5, layers)
    assert rnn.macs() == counted(rnn)


def test_published_arithmetic_at_paper_scale() -> None:
    stacks = [DenseLSTM(300, 300, layers).macs() for layers in (1, 2, 3, 10)]
    assert stacks == [720_000, 1_800_000, 3_240_000, 23_400_000]


def make_variant(variant: str) -> tuple[Tagger, BidirectionalLM | None]:
    """A tagger and its language models; the pruned ones keep the layers 0 and 2 forward, and 1 backward."""
    if variant == "no_lm":
        return make_tagger(LEXICON), None
    lm = make_bidirectional_lm()
    tagger = make_tagger(LEXICON, sum(lm.widths))
    if variant == "full":
        return tagger, lm
    gates = {"forward": torch.tensor([1.0, 0.0, 0.5]), "backward": torch.tensor([0.0, 0.8, 0.0])}
    pruned, kept = prune_bidirectional_lm(lm, gates)
    return prune_tagger(tagger, kept), pruned


@pytest.mark.parametrize("characters", [2, 5])
@pytest.mark.parametrize("variant", ["no_lm", "full", "pruned"])
def test_products_that_are_run(variant: str, characters: int) -> None:
    tagger, lm = make_variant(variant)
    assert products_per_word(tagger, lm, characters) == macs_by_part(tagger.config, lm, characters)


def test_other_products_are_noticed() -> None:
    with ProductCounter({}), pytest.raises(KeyError):
        torch.eye(2) @ torch.eye(2)
    with ProductCounter({}), pytest.raises(AssertionError, match=r"a product that is not counted: aten\.bmm"):
        torch.ones(1, 2, 2) @ torch.ones(1, 2, 2)


def test_parts_of_a_tagger() -> None:
    lm = make_bidirectional_lm()
    tagger = make_tagger(LEXICON, sum(lm.widths))
    macs = macs_by_part(tagger.config, lm, 4.5)
    assert macs == {
        "characters": round(4.5 * counted(tagger.character_rnn)) + counted(tagger.character_projection),
        "language_models": counted(lm.forward_lm.rnn) + counted(lm.backward_lm.rnn),
        "lm_projection": counted(tagger.lm_projection),
        "word_lstm": counted(tagger.word_rnn),
        "emissions": counted(tagger.crf.hidden2tag),
    }
    parameters = parameters_by_part(tagger, lm)
    in_tagger = sum(weight.numel() for weight in tagger.parameters()) + tagger.word_embedding.fixed.numel()
    in_lms = sum(
        weight.numel()
        for model in (lm.forward_lm, lm.backward_lm)
        for part in (model.embedding, model.rnn)
        for weight in part.parameters()
    )
    assert sum(parameters.values()) == in_tagger + in_lms
    assert parameters == {
        "characters": sizes(tagger.character_embedding, tagger.character_rnn, tagger.character_projection),
        "word_embedding": len(LEXICON.words) * tagger.config.word_dimension,
        "word_lstm": sizes(tagger.word_rnn),
        "crf": sizes(tagger.crf),
        "lm_embeddings": 2 * 11 * 5,
        "language_models": sizes(lm.forward_lm.rnn, lm.backward_lm.rnn),
        "lm_projection": sizes(tagger.lm_projection, tagger.lm_norm),
    }


def test_words_that_are_not_trained_are_parameters_too() -> None:
    config = make_tagger(LEXICON).config
    tagger = Tagger(replace(config, trainable_words=config.words - 3))
    assert tagger.word_embedding.fixed.numel() == 3 * config.word_dimension
    assert parameters_by_part(tagger, None)["word_embedding"] == config.words * config.word_dimension


def sizes(*modules: nn.Module) -> int:
    """Numbers in all weights."""
    return sum(tensor.numel() for module in modules for tensor in module.state_dict().values())


def test_without_a_language_model_nothing_is_counted_for_it() -> None:
    tagger = make_tagger(LEXICON)
    macs = macs_by_part(tagger.config, None, 4.5)
    assert macs["language_models"] == macs["lm_projection"] == 0
    assert macs["word_lstm"] == counted(tagger.word_rnn)
    parameters = parameters_by_part(tagger, None)
    assert (parameters["lm_embeddings"], parameters["language_models"], parameters["lm_projection"]) == (0, 0, 0)


def test_characters_per_word_count_the_separator() -> None:
    sentences = [Sentence(("ab", "c"), ("O", "O"), 1), Sentence(("def",), ("O",), 4)]
    assert characters_per_word(sentences) == 3.0
