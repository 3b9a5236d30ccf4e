"""The tagger: no sentence sees its batch, characters are read where the paper reads them, words fall back."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ldnet.errors import InputError
from ldnet.files import read_json, write_json
from pipeline.features.contextual import live_features
from pipeline.tagger.batches import collate, encode_sentence
from pipeline.tagger.model import WordEmbedding, configure, initialise, load_tagger, save_tagger
from tests.factories import (
    make_bidirectional_lm,
    make_lexicon,
    make_sentences,
    make_tagger,
    make_tagger_params,
)

SENTENCES = make_sentences(8)
LEXICON = make_lexicon(SENTENCES)


def test_scores_and_tags_do_not_depend_on_the_batch() -> None:
    lm = make_bidirectional_lm()
    tagger = make_tagger(LEXICON, sum(lm.widths))
    features = live_features(lm, [sentence.words for sentence in SENTENCES])
    encoded = [encode_sentence(sentence.words, sentence.tags, LEXICON) for sentence in SENTENCES]
    everything = list(range(len(SENTENCES)))
    with torch.no_grad():
        together = tagger.emissions(collate(encoded), features(everything))
        paths = tagger.decode(collate(encoded), features(everything))
        for index, sentence in enumerate(encoded):
            alone = tagger.emissions(collate([sentence]), features([index]))
            steps = len(sentence.words)
            torch.testing.assert_close(together[index, :steps], alone[0, :steps], atol=1e-5, rtol=1e-5)
            assert tagger.decode(collate([sentence]), features([index])) == [paths[index]]


def test_a_sentence_is_encoded_as_the_paper_reads_it() -> None:
    characters = {"a": LEXICON.character_ids("a")[0], "t": LEXICON.character_ids("t")[0]}
    encoded = encode_sentence(("at", "a"), ("O", "O"), LEXICON)
    assert encoded.characters == [characters["a"], characters["t"], 2, characters["a"], 2, 0]
    assert encoded.starts == [0, 3, 5] and encoded.ends == [2, 4, 5]
    assert encoded.words[-1] == 0 and LEXICON.tags[encoded.tags[-1]] == "<eof>"


def test_character_vectors_are_read_at_the_separator_and_at_the_first_character() -> None:
    tagger = make_tagger(LEXICON)
    encoded = encode_sentence(("cat", "the"), (), LEXICON)
    batch = collate([encoded])
    embedded = tagger.character_embedding(torch.tensor(encoded.characters).unsqueeze(1))
    left, _ = tagger.character_rnn.from_left(embedded)
    right, _ = tagger.character_rnn.from_right(embedded.flip(0))
    right = right.flip(0)
    states = torch.stack([torch.cat([left[end], right[start]], -1) for end, start in ((3, 0), (7, 4), (8, 8))])
    torch.testing.assert_close(tagger._read_characters(batch)[:3], tagger.character_projection(states))


def test_word_embedding_equals_one_table() -> None:
    torch.manual_seed(0)
    split = WordEmbedding(7, 4, 3, 0.0)
    split.fixed.normal_()
    table = torch.cat([split.trainable.weight, split.fixed])
    ids = torch.tensor([[0, 3, 4], [6, 1, 5]])
    torch.testing.assert_close(split(ids), table[ids])
    split(ids).sum().backward()
    gradient = split.trainable.weight.grad
    assert gradient is not None and gradient.sum(1).tolist() == [3.0, 3.0, 0.0, 3.0]


def test_only_training_words_without_a_vector_are_read_as_unknown() -> None:
    torch.manual_seed(0)
    embedding = WordEmbedding(6, 5, 2, 0.99)
    embedding.has_vector[3] = True
    ids = torch.tensor([0, 3, 5, 4]).repeat(200, 1)
    embedded = embedding.train()(ids)
    for column, word in enumerate((0, 3)):
        assert torch.equal(embedded[:, column], embedding.trainable.weight[word].expand(200, 2))
    assert not embedded[:, 2].any(), "a fixed word stays itself"
    unknown = (embedded[:, 3] == embedding.trainable.weight[1]).all(1)
    assert 180 < int(unknown.sum()) < 200
    assert torch.equal(embedding.eval()(ids)[:, 3], embedding.trainable.weight[4].expand(200, 2))


def test_pretrained_vectors_are_the_start() -> None:
    vectors = torch.arange(6.0 * len(LEXICON.words)).view(-1, 6).numpy()
    known = LEXICON.has_vector.copy()
    known[3] = 1
    lexicon = replace(LEXICON, vectors=vectors, has_vector=known)
    tagger = make_tagger(lexicon)
    assert tagger.word_embedding.trainable.weight[3].tolist() == vectors[3].tolist()
    assert tagger.word_embedding.trainable.weight[4].tolist() != vectors[4].tolist()
    initialise(tagger, lexicon)
    with pytest.raises(InputError, match=r"train_tagger\.word_dimension"):
        configure(make_tagger_params(word_dimension=9), lexicon, 0)


def test_saved_and_loaded_taggers_score_the_same(tmp_path: Path) -> None:
    tagger = make_tagger(LEXICON)
    save_tagger(tagger, tmp_path)
    batch = collate([encode_sentence(sentence.words, (), LEXICON) for sentence in SENTENCES])
    assert torch.equal(load_tagger(tmp_path).emissions(batch, None), tagger.emissions(batch, None))
    with pytest.raises(InputError, match="no tagger"):
        load_tagger(tmp_path / "elsewhere")


def test_the_dropout_of_language_model_features_is_their_own() -> None:
    batch = collate([encode_sentence(sentence.words, sentence.tags, LEXICON) for sentence in SENTENCES])
    features = torch.randn(*batch.words.shape, 9)
    for lm_dropout in (0.0, 0.5):
        tagger = make_tagger(LEXICON, 9, dropout=0.0, lm_dropout=lm_dropout, unknown_dropout=0.0).train()
        with torch.no_grad():
            first, second = tagger.emissions(batch, features), tagger.emissions(batch, features)
        assert torch.equal(first, second) == (lm_dropout == 0.0)


@torch.no_grad()
def test_the_layer_norm_is_over_each_projection_and_before_the_relu() -> None:
    batch = collate([encode_sentence(sentence.words, sentence.tags, LEXICON) for sentence in SENTENCES])
    tagger = make_tagger(LEXICON, 9)
    projected = torch.randn(*batch.words.shape, tagger.config.word_dimension)
    centred = projected - projected.mean(-1, keepdim=True)
    by_hand = centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    by_hand = by_hand * tagger.lm_norm.get_parameter("weight") + tagger.lm_norm.get_parameter("bias")
    found, tagger.lm_norm = tagger.score(batch, projected), torch.nn.Identity()
    torch.testing.assert_close(found, tagger.score(batch, by_hand))


def test_a_configuration_of_before_the_way_in_had_parameters(tmp_path: Path) -> None:
    save_tagger(make_tagger(LEXICON, 9, lm_norm=False, lm_dropout=0.2, dropout=0.2), tmp_path)
    config = read_json(tmp_path / "config.json")
    of_now = load_tagger(tmp_path).config
    del config["lm_norm"], config["lm_dropout"]
    write_json(tmp_path / "config.json", config)
    assert load_tagger(tmp_path).config == of_now
