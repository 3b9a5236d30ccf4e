"""Weight files of the paper's released code become folders that compute the same from text."""

import json
import random
import re
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from commands.import_weights import main
from ldnet.errors import InputError
from ldnet.text.lexicon import Lexicon
from pipeline.features.contextual import load_bidirectional_lm, pad_tokens
from pipeline.language_model.model import load_language_model
from pipeline.reference.importing import import_language_models
from pipeline.reference.models import read_gates, read_language_model, read_tagger
from pipeline.reference.parity import Fixture
from pipeline.reference.released_weights import Checkpoint, read_checkpoint
from pipeline.reference.vocabularies import Maps, joint_vocabulary, renumber_tagger
from pipeline.tagger.batches import collate, encode_sentence
from pipeline.tagger.model import load_tagger
from tests.parity_fixture import committed_fixture, write_checkpoint

CHARACTERS = " \nabcdefghi"  # by number, as the fixture's special numbers have it
TAGS = [*(f"S-T{number}" for number in range(7)), "<s>", "<eof>"]
LM_WORDS = 59


@pytest.fixture
def fixture() -> Fixture:
    return committed_fixture()


def spelt(characters: list[int]) -> str:
    return "".join(CHARACTERS[number] for number in characters)


def make_maps(fixture: Fixture) -> dict[str, dict[str, int]]:
    """Words are what their characters spell; those that no sentence has are made up."""
    lm_words, words = {"<unk>": 4, "\n": fixture.special["lm"]}, {"<unk>": 1, "<\n>": fixture.special["word"]}
    for lm_numbers, numbers, characters, _ in fixture.sentences:
        lm_words |= dict(zip(map(spelt, characters), lm_numbers, strict=True))
        words |= dict(zip(map(spelt, characters), numbers, strict=True))
    free = [number for number in range(LM_WORDS) if number not in lm_words.values()]
    lm_words |= {f"word{number}": number for number in free}
    characters = {character: number for number, character in enumerate(CHARACTERS)}
    # The released code's own maps give <unk> the number of a character, where a rare one was left out.
    return {
        "flm_map": lm_words,
        "blm_map": dict(lm_words),
        "gw_map": words | {"Capital": 5},
        "c_map": characters | {"<unk>": 10},
        "y_map": {tag: number for number, tag in enumerate(TAGS)},
    }


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def check_scores(fixture: Fixture, kind: str, folder: Path) -> None:
    """Read text with the imported folders, as `evaluate` does."""
    lm, tagger = load_bidirectional_lm(folder / "pruned"), load_tagger(folder / "pruned" / "tagger")
    lexicon = Lexicon.load(folder / "conll" / "lexicon")
    for index, (_, _, characters, tags) in enumerate(fixture.sentences):
        words = [spelt(word) for word in characters]
        batch = collate([encode_sentence(words, [TAGS[tag] for tag in tags], lexicon)])
        features = lm(*pad_tokens([lm.known.encode(words)]))
        emissions = tagger.emissions(batch, features)
        scores = emissions[0, : len(words) + 1].unsqueeze(1) + tagger.crf.transitions
        torch.testing.assert_close(scores, fixture.expected[f"{kind}_crf_scores_{index}"][:, 0], atol=1e-5, rtol=0)
        loss = tagger.crf.negative_log_likelihood(emissions, batch.tags, batch.lengths)[0]
        torch.testing.assert_close(loss, fixture.expected[f"{kind}_crf_nll_{index}"], atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("kind", "file", "layers"),
    [("all_layers", "tagger", 3), ("gated", "tagger_gated", 2), ("pruned", "tagger_pruned", 2)],
)
def test_an_imported_tagger_reads_text(fixture: Fixture, tmp_path: Path, kind: str, file: str, layers: int) -> None:
    path = write_checkpoint(
        fixture.checkpoints[file], tmp_path / "t.th", config={"droprate": 0.5}, **make_maps(fixture)
    )
    result = run("--tagger", path, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert len(load_language_model(tmp_path / "out" / "pruned" / "forward")[0].rnn.layers) == layers
    with torch.no_grad():
        check_scores(fixture, kind, tmp_path / "out")


def test_both_language_models_get_one_vocabulary(fixture: Fixture, tmp_path: Path) -> None:
    """The backward model numbers words in another order, and does not know one that no sentence has."""
    maps = make_maps(fixture)
    order = random.Random(1).sample(range(LM_WORDS), LM_WORDS)
    maps["blm_map"] = {word: order.index(number) for word, number in maps["flm_map"].items()}
    absent = next(word for word in maps["blm_map"] if word.startswith("word"))
    maps["blm_map"]["only backward"] = maps["blm_map"].pop(absent)
    checkpoint = fixture.checkpoints["tagger_gated"]
    shuffled = checkpoint.weights["b_lm.word_embed.weight"][torch.tensor(order)]
    checkpoint = checkpoint.replace({"b_lm.word_embed.weight": shuffled})
    (tmp_path / "maps.json").write_text(json.dumps(maps))
    path = write_checkpoint(checkpoint, tmp_path / "t.th")
    result = run("--tagger", path, "--maps", tmp_path / "maps.json", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    with torch.no_grad():
        check_scores(fixture, "gated", tmp_path / "out")
    lm = load_bidirectional_lm(tmp_path / "out" / "pruned")
    backward, unknown = lm.backward_lm.embedding.weight, lm.known.index["<unk>"]
    assert torch.equal(backward[lm.known.index[absent]], backward[unknown])
    assert len(lm.vocabulary) == len(set(maps["flm_map"]) | set(maps["blm_map"])) == len(backward)


def import_lms(fixture: Fixture, maps: dict[str, dict[str, int]], folder: Path) -> None:
    files = (fixture.checkpoints["forward_lm"], fixture.checkpoints["backward_lm"])
    import_language_models(*files, Maps("maps.json", maps), folder)


def bijective_maps() -> dict[str, dict[str, int]]:
    """`<unk>` is 3 and end of sentence 7: both in the softmax's head of 10 words, and not where they are here."""
    words = {f"word{number}": number for number in range(LM_WORDS) if number not in (3, 7)} | {"<unk>": 3, "\n": 7}
    return {"flm_map": words, "blm_map": dict(words)}


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_renumbered_language_models_predict_the_same(fixture: Fixture, tmp_path: Path, direction: str) -> None:
    maps = bijective_maps()
    import_lms(fixture, maps, tmp_path)
    model, vocabulary = load_language_model(tmp_path / direction)
    assert vocabulary[:2] == ["<unk>", "\n"] and len(vocabulary) == LM_WORDS
    number_here = {maps["flm_map"][word]: number for number, word in enumerate(vocabulary)}
    tokens = fixture.lm_tokens.clone().apply_(number_here.__getitem__)
    loss, state = model(tokens[:-1], tokens[1:])
    torch.testing.assert_close(loss, fixture.expected[f"{direction}_nll_first_chunk"], atol=1e-5, rtol=0)
    loss, _ = model(tokens.flip(1)[:-1], tokens.flip(1)[1:], state)
    expected = fixture.expected[f"{direction}_nll_second_chunk_carried_state"]
    torch.testing.assert_close(loss, expected, atol=1e-5, rtol=0)


def test_a_word_cannot_change_its_cluster(fixture: Fixture, tmp_path: Path) -> None:
    maps = bijective_maps()
    swapped = maps["blm_map"]
    swapped["word8"], swapped["word30"] = 30, 8
    with pytest.raises(InputError, match=r"backward_lm.th: numbers 0 to 9 are one cluster"):
        import_lms(fixture, maps, tmp_path)
    swapped["word8"], swapped["word30"] = 9, 30
    with pytest.raises(InputError, match="do not number its 59 words, each once"):
        import_lms(fixture, maps, tmp_path)
    assert not list(tmp_path.iterdir())


def test_without_maps_nothing_reads_text(fixture: Fixture, tmp_path: Path) -> None:
    for name in ("forward_lm", "backward_lm", "tagger_gated"):
        write_checkpoint(fixture.checkpoints[name], tmp_path / name)
    lms = ("--lm", tmp_path / "forward_lm", tmp_path / "backward_lm")
    result = run(*lms, "--tagger", tmp_path / "tagger_gated", "--out", tmp_path / "out")
    assert result.exit_code == 0 and "no maps" in result.output
    tagger = load_tagger(tmp_path / "out" / "pruned" / "tagger")
    assert (tagger.config.start_tag, tagger.config.end_tag) == (7, 8)
    with pytest.raises(InputError, match=r"vocabulary.json: no such file"):
        load_language_model(tmp_path / "out" / "lm" / "forward")
    assert not (tmp_path / "out" / "conll").exists()


def test_a_tagger_without_language_models(fixture: Fixture, tmp_path: Path) -> None:
    weights = fixture.checkpoints["tagger"].weights
    kept = {name: tensor for name, tensor in weights.items() if not name.startswith(("f_lm", "b_lm", "lm_seq"))}
    kept |= {name: tensor[:, :12] for name, tensor in kept.items() if name.startswith("word_rnn.weight_ih")}
    path = write_checkpoint(Checkpoint("", kept, {}), tmp_path / "t.th", **make_maps(fixture))
    result = run("--tagger", path, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert load_tagger(tmp_path / "out" / "pruned" / "tagger").config.lm_features == 0
    assert [folder.name for folder in (tmp_path / "out" / "pruned").iterdir()] == ["tagger"]


def test_a_direction_without_layers(fixture: Fixture) -> None:
    """What the released code leaves where all gates of a direction are zero: its embeddings alone."""
    checkpoint = fixture.checkpoints["tagger_gated"].replace({"f_lm.rnn.weight_list": torch.zeros(3)})
    left = {name: tensor for name, tensor in checkpoint.weights.items() if not name.startswith("f_lm.rnn.")}
    embedding, width = 7, 7 + 3 * 5  # features of the forward model that stay, and that there were
    left["lm_seq.weight"] = left["lm_seq.weight"][:, [*range(embedding), *range(width, 2 * width)]]
    tokens = pad_tokens([[31, 48, 28, 30, 1]])
    projected = []
    for file in (checkpoint, Checkpoint("", left, {})):
        tagger, lm = read_tagger(file, 7, 8)
        assert lm is not None
        gates = read_gates(file)
        projected.append(tagger.lm_projection(lm(*tokens, (gates["forward"], gates["backward"])))[:5])
    torch.testing.assert_close(projected[0], projected[1], atol=1e-6, rtol=0)


def test_words_with_capitals_are_left_out(fixture: Fixture) -> None:
    """The released code never finds them: it looks up in lower case."""
    _, lexicon = renumber_tagger(fixture.checkpoints["tagger"], Maps("t.th", make_maps(fixture)))
    assert "Capital" not in lexicon.words and lexicon.word_id("Capital") == 1
    assert lexicon.tags == TAGS


def test_a_word_known_to_one_direction_is_in_the_vocabulary() -> None:
    vocabulary = joint_vocabulary({"a": 0, "\n": 1, "<unk>": 2}, {"\n": 0, "b": 1, "a": 2, "<unk>": 3})
    assert vocabulary == ["<unk>", "\n", "a", "b"]


@pytest.mark.parametrize(
    ("file", "name", "shape", "message"),
    [
        ("forward_lm", "project.bias", None, r"forward_lm.th: no tensor 'project.bias'"),
        ("forward_lm", "rnn.layer.1.layer.weight_hh_l0", None, "no tensor 'rnn.layer.1.layer.weight_hh_l0'"),
        ("forward_lm", "soft_max.tail.0.1.weight", None, "no tensor 'soft_max.tail.0.1.weight'"),
        (
            "forward_lm",
            "rnn.layer.2.layer.weight_ih_l0",
            (20, 5),
            r"rnn.layer.2.layer.weight_ih_l0 has shape \(20, 5\); expected \(20, 17\)",
        ),
        ("forward_lm", "word_embed.weight", (59,), r"word_embed.weight has shape \(59,\); expected a matrix"),
        ("forward_lm", "word_embed.weight", (61, 7), "embeds 61 words, but soft_max predicts only 60"),
        ("forward_lm", "soft_max.head.weight", (3, 16), "has 3 rows; expected more than 3 tails"),
        ("forward_lm", "rnn.layer.0.layer.weight_ih_l1", (2, 2), "unknown tensors rnn.layer.0.layer.weight_ih_l1"),
        ("tagger", "crf.transitions", None, r"tagger.th: no tensor 'crf.transitions'"),
        ("tagger", "lm_seq.weight", (6, 40), r"reads 40 features, but the language models give 22 \+ 22"),
        ("tagger", "word_rnn.weight_ih_l1", (2, 2), "unknown tensors word_rnn.weight_ih_l1"),
        ("tagger", "f_lm.rnn.weight_list", (2,), r"f_lm.rnn.weight_list has shape \(2,\); expected one gate"),
    ],
)
def test_misshapen_weights(fixture: Fixture, file: str, name: str, shape: tuple[int, ...] | None, message: str) -> None:
    """Tensors that are missing (None), unknown, or of another shape than the others ask for."""
    checkpoint = fixture.checkpoints[file]
    if shape is None:
        del checkpoint.weights[name]
    else:
        checkpoint.weights[name] = torch.zeros(shape)
    with pytest.raises(InputError, match=message):
        if file == "tagger":
            read_tagger(checkpoint, 7, 8)
            read_gates(checkpoint)
        else:
            read_language_model(checkpoint)


def test_files_of_another_kind(fixture: Fixture, tmp_path: Path) -> None:
    path = tmp_path / "x.th"
    with pytest.raises(InputError, match=r"x.th: no such file"):
        read_checkpoint(path)
    path.write_text("not weights")
    with pytest.raises(InputError, match=r"x.th: expected what torch.save writes"):
        read_checkpoint(path)
    torch.save({"model": {"a": torch.zeros(1)}, "code": fixture}, path)  # an object, which could run code
    with pytest.raises(InputError, match="without objects of other kinds"):
        read_checkpoint(path)
    for content in ([1], {"weights": {}}, {"model": {"a": 1}}):
        torch.save(content, path)
        with pytest.raises(InputError, match='entry "model" has a tensor for every name'):
            read_checkpoint(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c_map", None, "t.th: c_map: expected a dictionary of numbers by entry"),
        ("c_map", {"a": "b"}, "t.th: c_map: expected a dictionary of numbers by entry"),
        ("c_map", {"a": 1}, "t.th: c_map: no '<unk>'"),
        ("gw_map", {"<unk>": 13, "<\n>": 2}, "gw_map: '<unk>' has number 13; expected 0 to 12"),
        ("flm_map", {"<unk>": 0}, r"flm_map: no '\\n'"),
        ("y_map", {"<s>": 0, "<eof>": 1}, "y_map: expected each number from 0 to 8 once"),
    ],
)
def test_unusable_maps(fixture: Fixture, tmp_path: Path, name: str, content: object, message: str) -> None:
    maps = {**make_maps(fixture), name: content}
    path = write_checkpoint(fixture.checkpoints["tagger"], tmp_path / "t.th", **maps)
    result = run("--tagger", path, "--out", tmp_path / "out")
    assert result.exit_code == 1 and re.search(message, result.output)
    assert not (tmp_path / "out").exists()


def test_nothing_to_import_and_maps_of_another_kind(tmp_path: Path) -> None:
    assert "nothing to import" in run().output
    (tmp_path / "maps.json").write_text("[]")
    result = run("--lm", "a", "b", "--maps", tmp_path / "maps.json")
    assert result.exit_code == 1 and "maps.json: expected an object with flm_map" in result.output
