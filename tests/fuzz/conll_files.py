"""CoNLL columns as users bring them, through all of `prepare_conll` but the word vectors."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from ldnet.text.columns import read_conll, write_conll
from ldnet.text.lines import read_lines
from ldnet.text.tags import spans, to_iob2
from pipeline.text.lexicon_building import build_lexicon
from pipeline.text.raw_columns import RawFile, read_columns
from pipeline.text.splits import count, read_splits
from pipeline.text.word_vectors import no_vectors
from tests.factories import BASE
from tests.fuzz.cases import Case, InputClass, put
from tests.fuzz.mutations import Draw, mutated

PARAMS = BASE.prepare_conll.model_copy(update={"dev": "dev.txt", "dev_sentences": 0, "train_sentences": 0})
TAGS = ["O", "B-PER", "I-PER", "E-PER", "S-PER", "B-LOC", "I-LOC", "o", "b-per", "PER", "L-PER", "U-LOC", "M-X", "B_X"]
TOKENS = [*TAGS, "-DOCSTART- O", "# text = a b", "#begin document", "1-2", "1.1", "_", "word tag", "a,b,c", '{"a": 1}']
CHARACTERS = st.characters(exclude_categories=["Cs", "Cc", "Zs"], exclude_characters="#\ufeff")
UNSEEN = "\x1a\u200b\u2060\ufeff"  # beside white space: a line of these is blank
Tagged = list[tuple[list[str], list[str]]]


@cache
def starts() -> Mapping[str, bytes]:
    """Sentences in several layouts; any of them is the training file of a case."""
    tagged = [
        [("The", "O"), ("cat", "O"), ("saw", "O"), ("Paris", "B-LOC"), (".", "O")],
        [("Rome", "B-LOC"), ("met", "O"), ("New", "B-PER"), ("York", "I-PER"), ("", "")],
        [("In", "O"), ("1996", "O"), ("Rome", "B-LOC"), ("won", "O")],
    ]
    words = [[(word, tag) for word, tag in sentence if word] for sentence in tagged]
    plain = "\n".join("".join(f"{word} {tag}\n" for word, tag in sentence) for sentence in words)
    conllu = "\n".join(
        f"# sent_id = {number}\n" + "".join(f"{i}\t{word}\tX\t{tag}\n" for i, (word, tag) in enumerate(sentence, 1))
        for number, sentence in enumerate(words)
    )
    tabs = plain.replace("New", "New old").replace(" B", "\tNN\tB").replace(" I", "\tNN\tI").replace(" O", "\tNN\tO")
    docs = "-DOCSTART- -X- O\n\n" + plain.replace(" O", " NN O").replace(" B", " NN B").replace(" I", " NN I")
    files = {"plain.txt": plain, "conllu.txt": conllu, "tabs.txt": tabs, "docs.txt": docs}
    return {name: text.encode() for name, text in files.items()}


@st.composite
def _laid_out(draw: Draw) -> Case:
    """Sentences of any words, in one of the layouts that are read; they must be read as they are."""
    word = st.text(CHARACTERS, min_size=1, max_size=6).filter(lambda text: "-DOCSTART-" not in text)
    tag = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC"])
    tagged: Tagged = []
    for _ in range(draw(st.integers(2, 4))):
        words = ["The", *draw(st.lists(word, max_size=4))]  # a first word that is no header, no number, no mark
        tags = ["O", *draw(st.lists(tag, min_size=len(words) - 1, max_size=len(words) - 1))]
        tagged.append((words, list(to_iob2(tags))))
    tagged.append((["Rome"], ["B-LOC"]))
    separator, end = draw(st.sampled_from([" ", "\t", "  "])), draw(st.sampled_from(["\n", "\r\n"]))
    middle = draw(st.sampled_from([[], ["NN"], ["NN", "_"]]))
    lines = [
        line
        for words, tags in tagged
        for line in [*(separator.join([w, *middle, t]) for w, t in zip(words, tags, strict=True)), ""]
    ]
    mark = draw(st.sampled_from(["", "\ufeff"]))
    return Case("plain.txt", (mark + end.join(lines)).encode(), tagged)


def cases() -> st.SearchStrategy[Case]:
    """Sentences in a layout, and changed files."""
    return st.one_of(_laid_out(), *[mutated(starts, TOKENS)] * 3)


def read(case: Case, folder: Path) -> None:
    """Read it as train; no word may be lost, and the files that are written must give the same sentences."""
    for name in ("dev.txt", "test.txt"):
        (folder / name).write_bytes(starts()["plain.txt"])
    column = 1 if case.file == "conllu.txt" else 0
    params = PARAMS.model_copy(update={"train": case.file, "word_column": column})
    if column:  # the other files have no numbers in a column before the words
        for name in ("dev.txt", "test.txt"):
            (folder / name).write_bytes(starts()["conllu.txt"])
    said: list[str] = []
    with put(folder, case, starts()[case.file]) as path:
        splits, _ = read_splits(folder, params, 1, said.append)
        found = read_columns(path, column, -1)
        check_nothing_lost(found, path, column)
    assert not [line for line in said if "\n" in line], said
    if case.expected:
        expected = [(tuple(words), tuple(tags)) for words, tags in case.expected]
        assert [(sentence.words, sentence.tags) for sentence in found.sentences] == expected
    train = splits["train"]
    if max(len(sentence.words) for sentence in found.sentences) <= 256:  # longer ones are cut into pieces
        assert [sentence.words for sentence in train] == [sentence.words for sentence in found.sentences]
    lexicon = build_lexicon(train, no_vectors(), True)
    lexicon.save(folder / "lexicon")
    assert lexicon.load(folder / "lexicon").words == lexicon.words
    for name, sentences in splits.items():
        write_conll(folder / "written.conll", sentences)
        again = read_conll(folder / "written.conll", 0, 1)
        assert [(s.words, s.tags) for s in again] == [(s.words, s.tags) for s in sentences], name
        assert all(spans(sentence.tags) is not None for sentence in sentences)
    assert count(splits)["sentences"]["train"] == len(train)


def check_nothing_lost(found: RawFile, path: Path, column: int) -> None:
    """Each line with something to be seen on it is a word with its own text, or among the lines that are left out.

    Byte order marks before a word are no text of it, unless there is nothing else.
    """
    lines = list(read_lines(path))
    filled = sum(is_seen(line.decode()) for line in lines)
    words = sum(len(sentence.words) for sentence in found.sentences)
    assert words + found.left_out.total() == filled, (words, found.left_out, filled)
    for sentence in found.sentences:
        for word, tag, number in zip(sentence.words, sentence.tags, sentence.lines, strict=True):
            fields = split(lines[number - 1].decode(), found.layout.tabs)
            assert word == (fields[column].lstrip("\ufeff") or fields[column]), (word, fields)
            assert tag == fields[-1], (tag, fields)


def is_seen(line: str) -> bool:
    """Whether there is something to be seen on the line; else it is blank."""
    return any(not character.isspace() and character not in UNSEEN for character in line)


def split(line: str, tabs: bool) -> Sequence[str]:
    """The columns of a line, by the plainest means."""
    if tabs:
        return [field.strip(" ") for field in line.rstrip(" \t").split("\t")]
    return [field for field in line.replace("\t", " ").split(" ") if field]


CLASS = InputClass(name="CoNLL files", starts=starts, cases=cases, read=read)
