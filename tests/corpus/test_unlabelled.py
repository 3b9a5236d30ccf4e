"""Sentences drawn from the LM text."""

import gzip
from pathlib import Path

import pytest

from ldnet.errors import InputError
from ldnet.text.columns import read_unlabelled, sentence_hash
from pipeline.corpus import unlabelled
from pipeline.corpus.numbered_parts import rank
from pipeline.corpus.unlabelled import LONGEST, SHORTEST, sample_sentences

LINES = [f"w{i % 7}  caf\u00e9 x{i}\u3000y w0 \r" for i in range(300)] + ["too short", "long " * (LONGEST + 1), ""]


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """The lines in two files, many of them in both."""
    (tmp_path / "a.txt").write_text("\n".join(LINES[:200]), encoding="utf-8")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress("\n".join(LINES[100:]).encode()))
    return [tmp_path / "a.txt", tmp_path / "b.txt.gz"]


def slowly(excluded: set[str], count: int, seed: int) -> list[str]:
    """All different sentences, ranked."""
    sentences = {" ".join(line.split(" ")).strip(" \r").replace("  ", " ") for line in LINES}
    fitting = [s for s in sentences if SHORTEST <= len(s.split(" ")) <= LONGEST and sentence_hash((s,)) not in excluded]
    ranks = dict(zip(fitting, rank([s.encode() for s in fitting], seed).tolist(), strict=True))
    return sorted(fitting, key=lambda sentence: ranks[sentence])[:count]


@pytest.mark.parametrize("part_bytes", [500, 1 << 22])
def test_the_draw_is_that_of_the_slow_way(paths: list[Path], part_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unlabelled, "PART_BYTES", part_bytes)
    drawn = sample_sentences(paths, set(), 40, 1)
    assert drawn == slowly(set(), 40, 1) and len(set(drawn)) == 40
    excluded = {sentence_hash((sentence,)) for sentence in drawn[::2]}
    assert sample_sentences(paths, excluded, 40, 1) == slowly(excluded, 40, 1)
    assert sample_sentences(paths, set(), 40, 2) == slowly(set(), 40, 2) != drawn
    assert len(sample_sentences(paths, set(), 1000, 1)) == 300


def test_copies_do_not_take_the_place_of_others(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"w{i} is a sentence\n" for i in range(100)) * 2, encoding="utf-8")
    first = sample_sentences([tmp_path / "a.txt"], set(), 20, 1)
    with (tmp_path / "a.txt").open("a", encoding="utf-8") as file:
        file.write(f"{first[0]}\n" * 500)
    assert sample_sentences([tmp_path / "a.txt"], set(), 20, 1) == first and len(first) == 20


def test_sentences_are_read_as_they_were_drawn(paths: list[Path], tmp_path: Path) -> None:
    drawn = sample_sentences(paths, set(), 10, 1)
    (tmp_path / "drawn.txt").write_text("".join(f"{sentence}\n" for sentence in drawn), encoding="utf-8")
    read = read_unlabelled(tmp_path / "drawn.txt")
    assert [" ".join(sentence.words) for sentence in read] == drawn
    assert {sentence.tags for sentence in read} == {()} and "x3\u3000y" in {
        w for s in slowly(set(), 300, 1) for w in s.split(" ")
    }


def test_bad_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"good\n\xff")
    with pytest.raises(InputError, match=r"bad\.txt:2: not UTF-8"):
        read_unlabelled(tmp_path / "bad.txt")
