"""Splits: which files are read, and what is held out."""

import gzip
import random
from pathlib import Path
from typing import Any

import pytest

from ldnet.errors import InputError
from ldnet.text.columns import Sentence
from ldnet.text.odd_characters import NAMES
from ldnet.text.tags import to_iobes
from pipeline.params import ConllParams
from pipeline.text.splits import count, cut_long, draw, hold_out, paths_of_splits, read_splits

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


def test_an_unknown_tag_in_a_file_whose_name_begins_as_another_ones(raw: Path) -> None:
    (raw / "train:1").write_text("d NN\ne B-X\n")
    with pytest.raises(
        InputError, match=r"train:1:1: unknown tag 'NN': expected O, .*; is it a header\? Delete the line"
    ):
        read_splits(raw, params("train:1"), seed=1)


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


@pytest.mark.parametrize("content", ["", "\n# nothing\n\n", "-DOCSTART- -X- O\n"])
def test_an_empty_dev_says_how_to_hold_out(raw: Path, content: str) -> None:
    (raw / "dev").write_text(content)
    remedy = r"prepare_conll\.dev: '' and prepare_conll\.dev_sentences: 1000"
    with pytest.raises(InputError, match=rf"dev: no sentences; .*; or hold sentences out of .*{remedy}"):
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


@pytest.mark.parametrize("name", ["dev", "test"])
def test_numbers_are_not_taken_for_words_in_any_file(raw: Path, name: str) -> None:
    (raw / name).write_text("1 EU B-X\n2 is O\n")
    with pytest.raises(InputError, match=rf"{name}:1: '1' is no word, .* column 0; set prepare_conll\.word_column"):
        read_splits(raw, params().model_copy(update={"tag_column": -1}), seed=1)


def test_a_fault_of_tags_names_the_column(raw: Path) -> None:
    (raw / "dev").write_text("d NN\n")
    with pytest.raises(InputError, match=r"dev:1: unknown tag 'NN': .* \(prepare_conll\.tag_column is 1; all files"):
        read_splits(raw, params(), seed=1)


def said(raw: Path, **changes: Any) -> list[str]:
    """What is told while the splits are read, with slips repaired."""
    told: list[str] = []
    read_splits(raw, params().model_copy(update={"slips": "repair", **changes}), 1, told.append)
    return told


def test_what_was_found_is_told(raw: Path) -> None:
    (raw / "train").write_bytes(gzip.compress(b"word\ttag\n# a\n# b\nx\tB-X\n\nword\ttag\ny\tO\n"))
    assert said(raw) == [
        "train: gzip; 2 columns separated by tabs; 2 headers left out; 2 comments left out; words in column 0, "
        "IOB2 in column 1",
        "dev: 2 columns separated by blanks; words in column 0, IOB2 in column 1",
        "test: 2 columns separated by blanks; words in column 0, IOB2 in column 1",
        f"note: {raw / 'test'}: all 2 words are one sentence; is there a blank line after each sentence?",
    ]


def test_files_with_other_columns_than_train_are_told(raw: Path) -> None:
    (raw / "train").write_text("1 EU NN B-X\n2 is VB O\n\n1 c NN B-X\n")
    (raw / "dev").write_text("1 d NN B-X\n\n1 it PR O\n")
    (raw / "test").write_text("Rome NN B-X\nin IN O\n\nit PR O\n")
    widths = [line for line in said(raw, word_column=1, tag_column=-1) if "columns, but" in line]
    assert widths == [
        f"note: {raw / 'test'}: 3 columns, but train has 4; prepare_conll.word_column 1 finds 'NN' 'IN' there and 'EU' "
        "'is' in train, tag_column -1 'B-X' 'O' and 'B-X' 'O'; if these are not the same, give all files the same "
        "columns"
    ]


def test_slips_are_read_as_conlleval_does_or_refused(raw: Path) -> None:
    (raw / "train").write_text("a B-X\n\nb O\nc I-X\nd I-X\ne I-Y\n")
    splits, scheme = read_splits(raw, params().model_copy(update={"slips": "repair"}), seed=1)
    assert scheme == "IOB2" and splits["train"][1].tags == ("O", "B-X", "E-X", "S-Y")
    (note,) = (line for line in said(raw) if "conlleval" in line)
    assert note.startswith(
        f"note: {raw / 'train'}:4: I-X after nothing that it continues; expected B- to start every span"
    )
    assert "; 2 such tags (2 in train); also train:6; read as conlleval does" in note
    assert note.endswith(" (prepare_conll.slips: refuse stops at them)")
    with pytest.raises(
        InputError, match=r"train:4: I-X .* \(prepare_conll\.slips: repair reads them as conlleval does\)"
    ):
        read_splits(raw, params(), seed=1)


def test_files_of_two_schemes_have_the_same_spans(raw: Path) -> None:
    (raw / "train").write_text("a I-X\nb I-X\n\nc I-X\nd B-X\n\ne I-X\n")
    splits, scheme = read_splits(raw, params().model_copy(update={"slips": "repair"}), seed=1)
    assert scheme == "IOB1" and [s.tags for s in splits["train"]] == [("B-X", "E-X"), ("S-X", "S-X"), ("S-X",)]
    assert [s.tags for s in splits["dev"]] == [("S-X",)]


@pytest.mark.parametrize(
    ("train", "changes", "message"),
    [
        ("a O\nb O\n\nc O\n", {}, r"train: no spans, all 3 tags in column 1 are O; set prepare_conll\.tag_column"),
        ("a B-X O\nb O O\n\nc O O\n", {"tag_column": 2}, "to the column of the tags; spans are in column 1$"),
        ("a B-X\nb O\n", {}, "train: all 2 words are one sentence; expected a blank line after each sentence"),
        ("1 B-X\n1-2 O\n\n1.1 B-X\n", {}, "'1' is no word, and so in all lines: only numbers are in column 0"),
        ("a B-X\nb x y\n\nc O\n", {}, "train:2: expected 2 columns as in line 1, found 3"),
        (
            "a,B-X\nb,O\n\nc,O\n",
            {},
            "train:1: CSV, its columns separated by commas, not CoNLL columns; python examples",
        ),
        ("a|B-X\nb|O\n\nc|O\n", {}, "train:1: CSV, its columns separated by vertical bars, not CoNLL columns"),
        ('{"text": "a"}\n{"text": "b"}\n', {}, "train:1: JSON, not CoNLL columns; python examples"),
        (
            "a B-X\nb ODD\n\nc O\n",
            {},
            r"train:2: unknown tag 'ODD': .*; types alone, without B- or I-, need O in most lines",
        ),
    ],
)
def test_columns_that_are_wrong_but_look_right(raw: Path, train: str, changes: dict[str, int], message: str) -> None:
    (raw / "train").write_text(train)
    for name in ("dev", "test"):
        (raw / name).write_text("x y B-X\n" if changes else "x B-X\n")
    with pytest.raises(InputError, match=message):
        said(raw, **changes)


def test_long_training_sentences_are_cut_between_spans_and_one_line_says_so() -> None:
    rng = random.Random(0)
    whole = [of_random_spans(rng, words) for words in (3, 256, 257, 1000, 5)]
    cut, notes = cut_long(whole, lambda sentence: Path("train.txt"))
    assert cut[:2] == whole[:2] and cut[-1] == whole[-1]
    assert all(len(piece.words) <= 256 for piece in cut)
    for name in ("words", "tags"):
        assert [x for piece in cut for x in getattr(piece, name)] == [x for each in whole for x in getattr(each, name)]
    assert all(piece.tags == to_iobes(piece.tags) for piece in cut)
    assert [piece.words[0] for piece in cut] == [f"{piece.first_line}" for piece in cut]
    assert notes == [
        f"train.txt:{whole[2].first_line}: a sentence of 257 words is, and 1 more of the training sentences are, cut "
        "into pieces for training, of at most 256 words each"
    ]


def test_a_span_that_is_too_long_is_cut() -> None:
    sentence = Sentence(("a",) * 600, to_iobes(["B-X"] + ["I-X"] * 599), 1)
    cut, _ = cut_long([sentence], lambda sentence: Path("train.txt"))
    assert [len(piece.words) for piece in cut] == [200, 200, 200]
    assert all(piece.tags == ("B-X", *["I-X"] * 198, "E-X") for piece in cut)


def of_random_spans(rng: random.Random, words: int) -> Sentence:
    """The words are the numbers of their lines."""
    first = rng.randrange(1, 10_000)
    tags = to_iobes([rng.choice(["O", "B-X", "I-X", "I-X", "I-X"]) for _ in range(words)])
    return Sentence(tuple(str(first + place) for place in range(words)), tags, first)


def test_doubts(raw: Path) -> None:
    (raw / "train").write_text("a X\nb X\nc O\nd O\ne O\n\n" + "x O\n" * 501 + "\nf O\ng x\n")
    (raw / "dev").write_text("f O\ng O\n\nf O\nh O\n")
    (raw / "test").write_text("f O\ng O\n\na X\n\nf O\ng O\n")
    notes = [line for line in said(raw) if line.startswith("note: ")]
    assert notes == [
        "note: types stand without B- or I- (X, x): neighbours of one type are read as one span",
        "note: types X and x differ only in upper and lower case, and are read as different ones; "
        f"{raw / 'train'}:510 has the rarest",
        f"note: {raw / 'train'}:7: a sentence of 501 words; is there a blank line after each sentence?",
        f"note: {raw / 'dev'}: no spans, all 4 tags in column 1 are O",
        "note: 1 of 2 dev sentences (50.0 %) are in train, too",
        "note: 2 of 3 test sentences (66.7 %) are in train, too",
        f"note: {raw / 'train'}:7: a sentence of 501 words is cut into pieces for training, of at most 256 words each",
    ]
    (raw / "train").write_text("a X\nb O\n-DOCSTART- O\nc O\nd x\n")
    assert f"note: {raw / 'train'}: no blank line, so that sentences end at -DOCSTART- lines alone" in said(raw)
    for name in FILES:
        (raw / name).write_text("NN B-X\n\n" * 6000)
    assert f"note: {raw / 'train'}: all sentences have a single word; is there a blank line after each word?" in said(
        raw
    )
    assert any("only 1 different words in 6,000, the first of them 'NN'; is prepare_conll.word" in s for s in said(raw))
    for single, told in ((90, True), (89, False)):
        (raw / "train").write_text("NN B-X\n\n" * single + "a B-X\nb O\n\n" * (100 - single))
        note = f"note: {raw / 'train'}: {single} of 100 sentences have a single word; is there a blank line after each"
        assert any(line.startswith(note) for line in said(raw)) == told
    (raw / "test").write_text("z " + "O\nz " * 600 + "O\n")
    with pytest.raises(InputError, match="test: all 601 words are one sentence"):
        said(raw)


@pytest.mark.parametrize(
    ("tag", "shown"),
    [
        ("B-X\u200b", "types 'X' and 'X\\u200b' differ only in characters that cannot be seen or look the same"),
        ("B-\u00a0X", "types 'X' and '\\xa0X' differ only in characters"),
        ("B-\u0425", "types 'X' and '\\u0425' differ only in characters"),
    ],
)
def test_types_with_characters_that_are_not_seen(raw: Path, tag: str, shown: str) -> None:
    (raw / "dev").write_text(f"d\tB-X\ne\t{tag}\n", encoding="utf-8")
    notes = [line for line in said(raw) if "differ only" in line]
    assert len(notes) == 1 and notes[0].startswith(f"note: {shown}") and f"{raw / 'dev'}:2 has the rarest" in notes[0]


def test_an_o_that_looks_like_o_is_told_where_types_stand_alone(raw: Path) -> None:
    for name in FILES:
        (raw / name).write_text("a X\nb O\nc O\nd O\n\ne O\nf X\n")
    (raw / "dev").write_text("a X\nb O\nc O\nd O\u200b\n", encoding="utf-8")
    assert any("types 'O' and 'O\\u200b' differ only" in line and "dev:4" in line for line in said(raw))


def test_a_type_that_is_called_as_the_outside(raw: Path) -> None:
    (raw / "train").write_text("a B-X\nb B-O\nc O\n\nd O\n")
    assert any(f"{raw / 'train'}:2: a span of type O" in line for line in said(raw))


def test_types_that_hold_numbers_or_names(raw: Path) -> None:
    (raw / "train").write_text("".join(f"a B-X-Q{number}\nb O\n\n" for number in range(30)))
    assert any(" types in " in line and "are numbers or names in the types?" in line for line in said(raw))


def test_a_type_with_what_cannot_be_seen(raw: Path) -> None:
    (raw / "train").write_text("a B-X\u00a0\nb O\n\nc O\n", encoding="utf-8")
    assert any(
        f"{raw / 'train'}:1: type 'X\\xa0' has characters in it that cannot be seen" in line for line in said(raw)
    )


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ("B-X#B-Y", "it names several labels: keep one of them for each word"),
        ("B-X|B-Y", "it names several labels: keep one of them for each word"),
        ("B-X|O", "it names several labels: keep one of them for each word"),
        ("(X*", "brackets around spans are not read: write B- and I- for them"),
        ("(X)", "brackets around spans are not read: write B- and I- for them"),
    ],
)
def test_unknown_tags_with_a_remedy(raw: Path, tag: str, why: str) -> None:
    (raw / "train").write_text(f"a B-X\nb {tag}\n\nc O\n")
    with pytest.raises(InputError, match=rf"train:2: unknown tag .*; {why}: expected O, or B-"):
        said(raw)


def test_an_unknown_tag_of_columns_that_might_be_values(raw: Path) -> None:
    lines = [f"{word} N|Sg {tag}" for word, tag in (("a", "B-X"), ("b", "O"), ("c", "X"), ("d", "O"))]
    (raw / "train").write_text("\n".join(lines) + "\n\ne N|Pl O\n")
    with pytest.raises(InputError, match="train:3: unknown tag 'X'"):
        said(raw, tag_column=-1)


def test_files_that_are_named_as_a_split_but_not_read(raw: Path) -> None:
    assert not any("not read" in line for line in said(raw))
    for name in ("train-2.txt", "valid.txt", "notes.txt", "trains"):
        (raw / name).write_text("a B-X\n\nb O\n")
    (line,) = (line for line in said(raw) if "not read" in line)
    assert line.startswith(
        "note: not read: train-2.txt, valid.txt; prepare_conll.train, dev and test say which files are"
    )


def test_sentences_that_begin_without_a_blank_line(raw: Path) -> None:
    counted = "1 a B-X\n2 b O\n1 c O\n2 d O\n\n1 e O\n2 f O\n3 g O\n1 h O\n"
    for name in ("train", "dev", "test"):
        (raw / name).write_text(counted)
    told = [line for line in said(raw, word_column=1, tag_column=2) if "another sentence seems to begin" in line]
    assert told[0] == (
        f"note: {raw / 'train'}:3: another sentence seems to begin here, without a blank line before it, as in 1 more "
        "places; sentences end at blank lines alone"
    )
    for text in (counted.replace("1 c", "5 c"), counted.replace("1 ", "7 "), counted.replace("2 b", "x b")):
        (raw / "train").write_text(text)
        told = said(raw, word_column=1, tag_column=2)
        assert not any(f"{raw / 'train'}:" in line and "another sentence" in line for line in told)
    (raw / "train").write_text(
        "1 a B-X\n" + "".join(f"{n} b O\n" for n in range(2, 40)) + "41 c O\n1 d O\n2 e O\n\n1 f O\n"
    )
    assert any(f"{raw / 'train'}:41: another" in line for line in said(raw, word_column=1, tag_column=2)), "one gap"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# sent_id = 1\n1 a B-X\n2 b O\n# sent_id = 2\n1 c O\n\n1 d O\n", 4),
        ("0 a B-X\n0 b O\n# id fd domain=en\n0 c O\n\n0 d O\n", 3),
        ("0 a B-X\n0 b O\n#Text=c\n0 c O\n\n0 d O\n", 3),
        ("0\ta\tB-X\tNoSpaceAfter|EndOfSentence\n0\tb\tO\t_\n\n0\tc\tO\tEndOfSentence\n", 2),
        ("0\ta\tB-X\tNoSpaceAfter|PySBDSegment\n0\tb\tO\t_\n\n0\tc\tO\tPySBDSegment\n", 2),
        ("1 a B-X\n1 b O\n2 c O\n2 c O\n\n3 d O\n3 e O\n", 3),
        ("sentence_id word tag\n0 a B-X\n0 b O\n1 c O\n\n0 d O\n", 4),
        ("Sentence #\tword\ttag\nSentence: 1\ta\tB-X\n\tb\tO\nSentence: 2\tc\tO\n\nSentence: 3\td\tO\n", 4),
    ],
)
def test_what_says_that_a_sentence_begins(raw: Path, text: str, line: int) -> None:
    (raw / "train").write_text(text)
    for name in ("dev", "test"):
        (raw / name).write_text("0 a B-X\n\n0 d O\n")
    told = said(raw, word_column=1, tag_column=2)
    (found,) = (one for one in told if "another sentence" in one)
    assert found.startswith(f"note: {raw / 'train'}:{line}: another sentence seems to begin here")


def test_a_header_says_where_the_words_are(raw: Path) -> None:
    for name in FILES:
        (raw / name).write_text("lemma form tag\nbe is B-X\nbe be O\n\nbe was O\n")
    message = f"{raw / 'train'}: a header says that words are in column 1, not 0"
    assert any(message in line for line in said(raw, tag_column=2))
    assert not any("a header says" in line for line in said(raw, word_column=1, tag_column=2))


def test_scores_beside_the_words_are_no_empty_nodes(raw: Path) -> None:
    for name in FILES:
        (raw / name).write_text("0.97\tde\tB-X\n1\tel\tO\n\n0.5\tx\tO\n1\ty\tO\n")
    splits, _ = read_splits(raw, params().model_copy(update={"word_column": 1, "tag_column": 2}), seed=1)
    assert [sentence.words for sentence in splits["train"]] == [("de", "el"), ("x", "y")]


def test_comments_with_as_many_columns_as_words(raw: Path) -> None:
    for name in FILES:
        (raw / name).write_text("# id a\tdomain=en\nx\tPER\n#\tO\ny\tO\nz\tO\n\n# id b\tdomain=en\nx\tO\n")
    splits, _ = read_splits(raw, params(), seed=1)
    assert [sentence.words for sentence in splits["train"]] == [("x", "#", "y", "z"), ("x",)]


def test_the_name_of_a_column_in_files_that_were_put_together(raw: Path) -> None:
    (raw / "train").write_text("Text Typ\nx LOC\ny O\nz O\n\nText Typ\nx LOC\ny O\nz O\n\nx O\nx O\n")
    for name in ("dev", "test"):
        (raw / name).write_text("x LOC\ny O\nz O\n\nx O\ny O\nz O\n")
    with pytest.raises(InputError, match=r"train:1: 'Typ' is a tag in lines of 'Text' alone; is it a header\?"):
        said(raw)


def test_a_type_that_may_be_two_labels_is_told(raw: Path) -> None:
    (raw / "train").write_text("a B-Contact/E-Mail\n\nb O\n")
    assert any("train:1: B-Contact/E-Mail may name two labels, and is read as one type" in line for line in said(raw))


def test_a_long_tag_takes_no_time(raw: Path) -> None:
    """Looking for several labels in it took the square of its length: this test would not end."""
    for separator in "_-/.|":
        (raw / "train").write_text(f"a B-X\nb B-{separator * 100_000}\n\nc O\n")
        splits, _ = read_splits(raw, params(), seed=1)
        assert splits["train"][0].tags == ("S-X", f"S-{separator * 100_000}")


def test_a_type_that_seems_to_have_a_prefix_is_told(raw: Path) -> None:
    for name in FILES:
        (raw / name).write_text("a E-MAIL\nb O\nc O\nd O\n\nx PER\ny LOC\nz O\nx O\n")
    with pytest.raises(InputError, match=r"train:6: unknown tag 'PER': .*, and no prefix as in E-MAIL \(train:1\)"):
        said(raw)


@pytest.mark.parametrize(
    ("tag", "remedy"),
    [
        ("_", "write O for a word outside of all spans"),
        ("PER-B", "write the prefix before the type"),
        ("(PER*)", "brackets around spans are not read"),
        ("B", "it has no type: write one behind it, also where there is but one"),
        ("I-", "it has no type: write one behind it"),
        ("NE=B-PER|SpaceAfter=No", "it has a tag in it: write that alone"),
        ("'O'", "it has a tag in it: write that alone"),
        ("O/0.99", "it has a tag in it: write that alone"),
        ("PER[12]", "the number is that of a span: write B- and I- for the words of each span"),
    ],
)
def test_an_unknown_tag_has_a_remedy(raw: Path, tag: str, remedy: str) -> None:
    (raw / "dev").write_text(f"d B-X\ne {tag}\n")
    with pytest.raises(InputError, match=f"unknown tag .*; {remedy}"):
        said(raw)


def test_prefixes_that_nothing_separates_from_types_have_a_remedy(raw: Path) -> None:
    for name in FILES:
        (raw / name).write_text("a BPER\nb IPER\nc O\nd O\n\nx BLOC\ny O\nz O\n")
    with pytest.raises(InputError, match="train:1: unknown tag 'BPER'; write - between prefix and type: expected"):
        said(raw)


@pytest.mark.parametrize("outside", ["_", "-", "0"])
def test_what_stands_for_o_is_no_type_that_stands_alone(raw: Path, outside: str) -> None:
    for name in FILES:
        (raw / name).write_text(f"a PER\nb O\nc O\n\nx O\ny {outside}\nz LOC\nx O\n")
    with pytest.raises(InputError, match=rf"train:6: unknown tag '{outside}'; write O for a word outside of all spans"):
        said(raw)


def test_prefixes_in_a_column_of_their_own_are_told(raw: Path) -> None:
    for name in FILES:
        (raw / name).write_text("Ines B PER\nBo B PER\nleft O O\n\nhe O O\nsaw O O\nUlm B LOC\n")
    alone = "note: types stand without B- or I- (PER, LOC): neighbours of one type are read as one span"
    beside = "although column 1 of train seems to have their B and I; write both as one tag (B-PER)"
    assert f"{alone}, {beside}" in said(raw, tag_column=2)
    for name in FILES:
        (raw / name).write_text("Ines B PER\nBo X PER\nleft O O\n\nhe O O\nsaw O O\nUlm B LOC\n")
    assert alone in said(raw, tag_column=2)


def test_a_comment_says_where_the_words_are(raw: Path) -> None:
    (raw / "train").write_text("# global.columns = ID FORM UPOS X:NE\n1\ta\tN\tB-X\n2\tb\tN\tO\n\n1\tc\tN\tO\n")
    for name in ("dev", "test"):
        (raw / name).write_text("1\ta\tN\tB-X\n\n1\tb\tN\tO\n")
    message = f"{raw / 'train'}: global.columns says that words (FORM) are in column 1, not 2"
    assert any(message in line for line in said(raw, word_column=2, tag_column=-1))
    assert not any("global.columns" in line for line in said(raw, word_column=1, tag_column=-1))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["x", '""""'], ':2: the word """"; quotation marks as in CSV are read as part of the word; if " is meant'),
        (["x", '"5"""', '""""'], ':2: the word "5""", and 1 more such words; '),
        (["x", '"a""b"'], ':2: the word "a""b"; '),
        (['"', '""""'], ""),
        (['"a"', '""', "''", '"""', 'a""b', '"'], ""),
        (['"a"', '""', "''", '"""', 'a""b'], ""),
    ],
)
def test_words_that_csv_has_quoted(raw: Path, words: list[str], told: str) -> None:
    (raw / "train").write_text("".join(f"{word}\tO\n" for word in words) + "\nz\tB-X\n")
    notes = [line for line in said(raw) if "quotation" in line]
    assert len(notes) == bool(told) and all(note.startswith(f"note: {raw / 'train'}{told}") for note in notes)


def test_words_with_characters_of_no_text(raw: Path) -> None:
    words = ["a\u00a0b", "it\u0092s", "\fx", "\u200b", "\u200f\u05d0", "it\u0092s"]
    (raw / "train").write_text("".join(f"{word} B-X\n" for word in words) + "\nz O\n", encoding="utf-8")
    assert [line for line in said(raw) if "U+FFFD" in line] == [
        f"note: {raw / 'train'}:2: the word 'it\\x92s' has {NAMES} in it, as 3 more words have, and is read so; "
        "was the file converted from another encoding than it had?"
    ]


def test_long_tags_do_not_make_long_messages(raw: Path) -> None:
    long = "x" * 100_000
    (raw / "train").write_text(f"a B-X\nb I-{long}\n\nc B-{long}X\nd B-{long}x\n")
    told = said(raw)
    assert sum("x" * 50 in line for line in told) == 2  # slips, and types that look alike
    assert all(len(line) < 1000 for line in told)
    for name in FILES:
        (raw / name).write_text(f"a {long}\nb O\n\nc O\nd {long}\n")
    assert all(len(line) < 1000 for line in said(raw))


HIPE = "TOKEN\tNE-COARSE-LIT\n"


def test_an_unknown_tag_in_the_first_line_may_be_a_header(raw: Path) -> None:
    (raw / "dev").write_text(f"{HIPE}a\tB-X\nb\tO\n")
    with pytest.raises(
        InputError, match=r"dev:1: unknown tag 'NE-COARSE-LIT': .*; is it a header\? Delete the line \("
    ):
        said(raw)
    for name in FILES:
        (raw / name).write_text(f"# a comment\n{HIPE}a\tB-X\n\nb\tO\n")
    with pytest.raises(InputError, match=r"train:2: unknown tag 'NE-COARSE-LIT': .*; is it a header\?"):
        said(raw)
    for name in FILES:
        (raw / name).write_text(f"a\tB-X\n\n{HIPE}b\tO\n{HIPE}")
    with pytest.raises(InputError, match=r"train:3: unknown tag 'NE-COARSE-LIT': .*; is it a header\?"):
        said(raw)
    for content in ("a\tNN\nb\tVB\n\nc\tNN\n", "a\tO\n\nMia\tX\nb\tB-X\n"):
        (raw / "train").write_text(content)
        with pytest.raises(InputError) as told:
            said(raw)
        assert "header" not in str(told.value)


@pytest.mark.parametrize("tag", ["B", "B:X", "B\u2013X", "X-B", "\u0412-X"])
def test_a_prefix_in_the_first_line_is_no_header(raw: Path, tag: str) -> None:
    for name in FILES:
        (raw / name).write_text(f"a {tag}\nb O\nc O\n\nd O\n", encoding="utf-8")
    with pytest.raises(InputError, match=f"train:1: unknown tag '{tag}'") as told:
        said(raw)
    assert "header" not in str(told.value)


@pytest.mark.parametrize("tag", ["\u041e", "\u0412-X", "B\u2010X", "x"])
def test_an_unknown_tag_that_looks_like_one_is_shown_in_ascii(raw: Path, tag: str) -> None:
    (raw / "dev").write_text(f"d B-X\ne {tag}\n", encoding="utf-8")
    disguised = f", with other characters than it seems ({tag!a})" if tag != "x" else ""
    with pytest.raises(InputError) as told:
        said(raw)
    assert str(told.value).startswith(f"{raw / 'dev'}:2: unknown tag {tag!r}{disguised}: expected O, or B-")


def test_a_header_is_no_type_that_stands_alone(raw: Path) -> None:
    for name in FILES:
        (raw / name).write_text("Mot Type\na X\nb O\n\nc O\nd O\n")
    with pytest.raises(InputError, match=r"train:1: 'Type' is a tag in line 1 alone; is it a header\? Delete the line"):
        said(raw)
    for name in FILES:
        (raw / name).write_text("a X\nb O\n\nc O\nd X\n")
    assert said(raw)


def test_tags_on_lines_that_conllu_does_not_count(raw: Path) -> None:
    for name in FILES:
        (raw / name).write_text("1-2\tdel\tB-X\n1\tde\tO\n2\tel\tB-X\n\n1\ta\tO\n")
    told = said(raw, word_column=1, tag_column=2)
    left_out = "1 tags on ranges and empty nodes of CoNLL-U or parts of words of WebAnno are left out"
    assert f"note: {raw / 'train'}: {left_out}" in told
    assert told[0].startswith(
        "train: 3 columns separated by tabs; 1 range of CoNLL-U (1-2) left out; words in column 1"
    )


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


def several(raw: Path, train: str | list[str], **changes: str | list[str]) -> ConllParams:
    """Parameters of a training split in parts; the parts a-2, a-10 and b are written."""
    for name, text in (("train-2", "a B-X\nb I-X\n\nc B-X\n"), ("train-10", "g O\n"), ("b", "h O\ni B-X\n\nj O\n")):
        (raw / name).write_text(text)
    return params().model_copy(update={"train": train, **changes})


@pytest.mark.parametrize(
    ("train", "order"),
    [
        ("train-2", ["train-2"]),
        ("train-*", ["train-10", "train-2"]),
        (["train-*", "b"], ["train-10", "train-2", "b"]),
        (["b", "train-2"], ["b", "train-2"]),
    ],
)
def test_several_files_are_read_as_if_they_were_one(raw: Path, train: str | list[str], order: list[str]) -> None:
    parts, scheme = read_splits(raw, several(raw, train, test=["test", "dev"]), seed=1)
    (raw / "whole").write_text("\n".join((raw / name).read_text() for name in order))
    (raw / "tests").write_text((raw / "test").read_text() + "\n" + (raw / "dev").read_text())
    whole, of_whole = read_splits(raw, several(raw, "whole", test="tests"), seed=1)
    assert scheme == of_whole
    for name, split in parts.items():
        assert [(s.words, s.tags) for s in split] == [(s.words, s.tags) for s in whole[name]]


@pytest.mark.parametrize("file", ["train-2", "train-10", "b"])
def test_what_is_wrong_in_one_of_several_files_is_said_of_that_file(raw: Path, file: str) -> None:
    files = several(raw, ["train-*", "b"])
    (raw / file).write_text("a O\n\nb O c\nd O\n")
    with pytest.raises(InputError, match=rf"/{file}:3: expected 2 columns as in line 1, found 3"):
        read_splits(raw, files, seed=1)
    (raw / file).write_text("a O\n\nb I-X\nd O\n\ne O\n")
    with pytest.raises(InputError, match=rf"/{file}:3: I-X after nothing that it continues"):
        read_splits(raw, files, seed=1)


def test_a_part_without_a_span_is_told_and_a_whole_without_one_refused(raw: Path) -> None:
    told: list[str] = []
    read_splits(raw, several(raw, ["train-*"]), 1, told.append)
    assert f"note: {raw}/train-10: no spans, all 1 tags in column 1 are O" in told
    with pytest.raises(InputError, match="no spans"):
        (raw / "more").write_text("k O\n")
        read_splits(raw, several(raw, ["train-10", "more"]), seed=1)


@pytest.mark.parametrize("name", ["train", "test"])
@pytest.mark.parametrize("files", [["b", "b"], ["b", "./b"], ["train-*", "b", "train-2"]])
def test_a_file_that_is_named_twice(raw: Path, name: str, files: list[str]) -> None:
    file = files[-1].removeprefix("./")
    with pytest.raises(InputError, match=rf"/{file}: prepare_conll\.{name} in params\.yaml names this file twice"):
        read_splits(raw, several(raw, "b").model_copy(update={name: files}), seed=1)


@pytest.mark.parametrize("pattern", ["train-1*", "*train-10"])
def test_a_pattern_leaves_out_backups_and_hidden_files(raw: Path, pattern: str) -> None:
    several(raw, "b")
    for name in ("train-10~", "train-10.bak", "._a-train-10"):
        (raw / name).write_text("not columns")
    found = paths_of_splits(raw, params().model_copy(update={"train": pattern}))
    assert found["train"] == [raw / "train-10"]


def test_files_that_are_not_there(raw: Path) -> None:
    with pytest.raises(
        InputError, match=r"x-\*: no such files; prepare_conll.train in params.yaml says which are read"
    ):
        read_splits(raw, several(raw, "x-*"), seed=1)
    with pytest.raises(InputError, match="gone: no such file"):
        read_splits(raw, several(raw, ["b", "gone"]), seed=1)


def test_an_unknown_tag_says_which_columns_have_tags(raw: Path) -> None:
    for name in FILES:
        (raw / name).write_text("a B-X - ada\nb I-X - ada\n\nc O - bo\n")
    with pytest.raises(InputError, match=r"'ada': .* \(prepare_conll\.tag_column is -1, and tags are in column 1; all"):
        said(raw, tag_column=-1)
    for name in FILES:
        (raw / name).write_text("a x - ada\nb x - ada\n\nc O - bo\n")
    with pytest.raises(InputError, match=r"'ada': .* \(prepare_conll\.tag_column is -1; all"):
        said(raw, tag_column=-1)


def written(raw: Path, name: str, words: list[str], per_sentence: int = 3) -> None:
    """Sentences of these words, the first of which is a span."""
    lines = [f"{word} {'O' if number else 'B-X'}\n" for number, word in enumerate(words)]
    ends = ["" if (number + 1) % per_sentence else "\n" for number in range(len(lines))]
    (raw / name).write_text("".join(line + end for line, end in zip(lines, ends, strict=True)))


CAPITALS = [f"{chr(65 + number % 26)}{'a' * (1 + number // 26)}" for number in range(60)]


@pytest.mark.parametrize("name", ["dev", "test"])
def test_files_of_other_words_than_train(raw: Path, name: str) -> None:
    for file in FILES:
        written(raw, file, CAPITALS)
    assert not [line for line in said(raw) if "different words" in line]
    written(raw, name, [f"{word}x" for word in CAPITALS[5:]] + CAPITALS[:5] + [".", ",", "1", "2"])
    told = [line for line in said(raw) if "different words" in line]
    assert told == [
        f"note: {raw / name}: train has 5 of its 60 different words; are these words, and of the language of train?"
    ]
    written(raw, name, [f"{word}x" for word in CAPITALS[6:]] + CAPITALS[:6])
    assert not [line for line in said(raw) if "different words" in line]
    written(raw, name, [f"{word}x" for word in CAPITALS[:19]])
    assert not [line for line in said(raw) if "different words" in line], "too few"
    written(raw, "train", CAPITALS[:49])
    written(raw, name, [f"{word}x" for word in CAPITALS])
    assert not [line for line in said(raw) if "different words" in line], "train has too few"


@pytest.mark.parametrize(
    ("train", "test", "told"),
    [
        (CAPITALS, [word.lower() for word in CAPITALS], "it has hardly any capital letters, train has"),
        ([word.lower() for word in CAPITALS], CAPITALS, "train has hardly any capital letters, it has"),
        (CAPITALS, [*(word.lower() for word in CAPITALS[6:]), *CAPITALS[:6]], ""),
        ([word.lower() for word in CAPITALS], [word.lower() for word in CAPITALS], ""),
    ],
)
def test_files_without_capital_letters(raw: Path, train: list[str], test: list[str], told: str) -> None:
    for name, words in (("train", train), ("dev", train), ("test", test)):
        written(raw, name, words)
    found = [line for line in said(raw) if "capital letters" in line]
    assert found == ([f"note: {raw / 'test'}: {told}; write all files in one way"] if told else [])


def test_files_that_were_put_together_of_copies(raw: Path) -> None:
    sentences = [f"a{number} B-X\nb O\n\n" for number in range(5)]
    for copies, told in ((sentences * 2, True), ([*sentences * 2, "c O\nd O\n\n"], False), (sentences[:4] * 2, False)):
        (raw / "train").write_text("".join(copies) + "x O\n\n" * 3)
        found = [line for line in said(raw) if "copies" in line]
        note = "5 different sentences among 10 of several words; was the file put together of copies?"
        assert found == [f"note: {raw / 'train'}: {note}"] * told


def test_spans_of_one_word_each_next_to_each_other(raw: Path) -> None:
    for name in FILES:
        (raw / name).write_text("a b_X\nb b_X\nc O\nd b_Y\n\ne b_X\n")
    assert said(raw)[3] == (
        "note: all tags begin with b_, so that each is a span of one word, and 3 of 12 follow another one of their "
        "type; write I- for words that continue a span"
    )
    (raw / "dev").write_text("a b_X\nb i_X\n")
    assert not any("a span of one word" in line for line in said(raw))
    (raw / "dev").write_text("a b_X\n" + "c O\nb b_X\n" * 99)
    assert not any("a span of one word" in line for line in said(raw))
