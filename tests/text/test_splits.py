"""Splits: which files are read, and what is held out."""

from pathlib import Path

import pytest

from ldnet.errors import InputError
from ldnet.text.columns import Sentence
from pipeline.params import ConllParams
from pipeline.text.splits import count, draw, hold_out, read_splits

FILES = {"train": "a B-X\nb I-X\n\nc B-X\n", "dev": "d B-X\n", "test": "e B-Y\nf O\n"}


def params(dev: str = "dev", dev_sentences: int = 0) -> ConllParams:
    return ConllParams(
        word_column=0,
        tag_column=1,
        slips="refuse",
        train="train",
        train_sentences=0,
        dev=dev,
        dev_sentences=dev_sentences,
        test="test",
        vectors="",
        vector_rows=0,
        digits_as_zero=False,
    )


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def made(number: int) -> list[Sentence]:
    return [Sentence((str(position),), ("O",), position) for position in range(number)]


def test_splits_are_converted(raw: Path) -> None:
    splits, scheme = read_splits(raw, params(), seed=1)
    assert scheme == "IOB2"
    assert {name: [s.tags for s in split] for name, split in splits.items()} == {
        "train": [("B-X", "E-X"), ("S-X",)],
        "dev": [("S-X",)],
        "test": [("S-Y", "O")],
    }


def test_span_types_that_training_does_not_show_are_counted_not_refused(raw: Path) -> None:
    counts = count(read_splits(raw, params(), seed=1)[0])
    assert counts["sentences"] == {"train": 2, "dev": 1, "test": 1}
    assert counts["words"] == {"train": 3, "dev": 1, "test": 2}
    assert counts["spans"] == {"train": 2, "dev": 1, "test": 1}
    assert counts["spans_of_unseen_types"] == {"dev": 0, "test": 1}


def test_held_out_sentences_leave_train(raw: Path) -> None:
    splits, _ = read_splits(raw, params(dev="", dev_sentences=1), seed=1)
    assert sorted(s.words for s in splits["train"] + splits["dev"]) == [("a", "b"), ("c",)]
    assert len(splits["dev"]) == 1


def test_the_sample_is_fixed_by_the_seed_and_keeps_the_order() -> None:
    rest, held_out = hold_out(made(1000), 20, seed=1)
    lines = [sentence.first_line for sentence in held_out]
    # Recorded once: other Pythons and other hash seeds must draw the same sentences.
    assert lines[:6] == [29, 64, 96, 120, 137, 214]
    assert lines == sorted(lines)
    assert [sentence.first_line for sentence in rest] == sorted(set(range(1000)) - set(lines))
    assert hold_out(made(1000), 20, seed=1) == (rest, held_out)
    assert hold_out(made(1000), 20, seed=2) != (rest, held_out)


@pytest.mark.parametrize("number", [5, 6])
def test_training_must_keep_a_sentence(number: int) -> None:
    with pytest.raises(InputError, match=rf"prepare_conll\.dev_sentences: {number} cannot be held out of 5"):
        hold_out(made(5), number, seed=1)


def test_missing_dev_says_how_to_hold_out(raw: Path) -> None:
    (raw / "dev").unlink()
    with pytest.raises(
        InputError, match=r"dev: no dev split; .*prepare_conll\.dev: '' and prepare_conll\.dev_sentences: 1000"
    ):
        read_splits(raw, params(), seed=1)


@pytest.mark.parametrize("name", ["train", "test"])
def test_missing_files(raw: Path, name: str) -> None:
    (raw / name).unlink()
    with pytest.raises(InputError, match=f"{name}: no such file"):
        read_splits(raw, params(), seed=1)


def test_a_column_of_numbers_is_not_taken_for_words(raw: Path) -> None:
    (raw / "train").write_text("1 B-X\n2 I-X\n\n1 B-X\n")
    with pytest.raises(InputError, match=r"train:1: '1' is no word, .* column 0; set prepare_conll\.word_column"):
        read_splits(raw, params(), seed=1)
    (raw / "train").write_text("1 B-X\n2nd I-X\n\n1 B-X\n")
    assert read_splits(raw, params(), seed=1)[0]["train"]


def test_a_fault_of_tags_names_the_column(raw: Path) -> None:
    (raw / "dev").write_text("d NN\n")
    with pytest.raises(InputError, match=r"dev:1: unknown tag 'NN': .* \(prepare_conll\.tag_column is 1; all files"):
        read_splits(raw, params(), seed=1)


def test_draws_are_nested_seeded_and_in_the_order_of_the_file() -> None:
    sentences = made(40)
    draws = {number: draw(sentences, number, 1) for number in (5, 20, 40)}
    assert {number: len(drawn) for number, drawn in draws.items()} == {5: 5, 20: 20, 40: 40}
    for drawn in draws.values():
        assert drawn == sorted(drawn, key=lambda sentence: sentence.first_line)
    assert all(sentence in draws[20] for sentence in draws[5]) and draws[40] == sentences
    assert draws[5] == draw(sentences, 5, 1) != draw(sentences, 5, 2)
    with pytest.raises(InputError, match=r"prepare_conll\.train_sentences: 41, but there are 40 training sentences"):
        draw(sentences, 41, 1)


def test_fewer_training_sentences_leave_the_other_splits_as_they_are(raw: Path) -> None:
    whole, _ = read_splits(raw, params(), seed=1)
    few, _ = read_splits(raw, params().model_copy(update={"train_sentences": 1}), seed=1)
    assert len(few["train"]) == 1 and few["train"][0] in whole["train"]
    assert few["dev"] == whole["dev"] and few["test"] == whole["test"]
