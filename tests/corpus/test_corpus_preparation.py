"""The encoded corpus against the text it was made from."""

import gzip
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import slow_corpus_preparation

from ldnet.errors import InputError
from ldnet.text.columns import sentence_hash
from pipeline.corpus import preparation as corpus_preparation
from pipeline.corpus import whole_files
from pipeline.corpus.preparation import doubts_of_other_tests, hashes_of, make_vocabulary, other_tests
from pipeline.corpus.preparation import prepare as prepare_in_parts
from pipeline.params import CorpusParams
from pipeline.pretraining import encoded_corpus as corpus

PARAMS = CorpusParams(
    text="lm/*.txt*", min_count=2, heldout_sentences=5, shard_tokens=1000, vectors="", vector_rows=0, other_tests=""
)
LINES = [f"w{i % 7} w{i % 11} x{i} w0" for i in range(600)]


def write_text(raw: Path, lines: list[str] = LINES) -> Path:
    (raw / "lm").mkdir(parents=True)
    half = len(lines) // 2
    (raw / "lm" / "a.txt").write_bytes("".join(f"{line} \r\n\n" for line in lines[:half]).encode())
    (raw / "lm" / "b.txt.gz").write_bytes(gzip.compress("\n".join(lines[half:]).encode()))
    return raw


def prepare(
    raw: Path, test_hashes: set[str], out: Path, params: CorpusParams, seed: int, processes: int = 1, part: int = 3000
) -> dict[str, Any]:
    """Prepare anew, in parts so small that the few lines make several."""
    with TemporaryDirectory(dir=raw) as scratch:
        return prepare_in_parts(raw, test_hashes, out, params, seed, Path(scratch), processes, part)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def decoded(ids: corpus.Ids, vocabulary: list[str]) -> list[str]:
    return " ".join(vocabulary[i] for i in ids).replace(" \n", "\n").split("\n")[:-1]


def write_difficult_text(raw: Path) -> Path:
    """Copies in and between files, Unicode white space, a literal <unk>, a BOM, blank lines, all sorts of line ends."""
    rng = random.Random(5)
    words = [
        *(f"w{i}" for i in range(60)),
        "<unk>",
        "a\u00a0b",
        "\u0085",
        "\u3000",
        "caf\u00e9",
        "\U0001f600",
        "\ufeffx",
        "\x1c",
        "a\0b",
    ]
    weights = [1 / (i + 1) for i in range(len(words))]
    lines = [" ".join(rng.choices(words, weights, k=rng.randrange(0, 9))) for _ in range(3000)]
    (raw / "lm").mkdir(parents=True)
    (raw / "lm" / "a.txt").write_bytes("\ufeff".encode() + "\r\n".join(lines[:1500]).encode() + b"\n\n \t\n")
    (raw / "lm" / "b.txt.gz").write_bytes(gzip.compress("\n".join(lines[1000:]).encode()))
    (raw / "lm" / "c.txt").write_bytes(b"")
    for i in range(20):
        (raw / "lm" / f"d{i:02d}.txt").write_bytes(f"\x0b w1\x0c w{i}\rw2  w3\t".encode())
    (raw / "vectors.txt").write_text("w1 1 2\ncaf\u00e9 3 4\n", encoding="utf-8")
    return raw


MANY_HELD_OUT = PARAMS.model_copy(update={"min_count": 1, "heldout_sentences": 300, "vectors": "vectors.txt"})


@pytest.mark.parametrize(
    ("params", "processes", "part_bytes"),
    [
        (PARAMS, 1, 400),
        (PARAMS, 1, 1 << 24),
        (PARAMS, 3, 10000),
        (MANY_HELD_OUT, 1, 5000),
        (MANY_HELD_OUT, 2, 10000),
    ],
)
def test_same_bytes_as_the_slow_way(tmp_path: Path, params: CorpusParams, processes: int, part_bytes: int) -> None:
    raw = write_difficult_text(tmp_path / "raw")
    tested = {sentence_hash(("w0",)), sentence_hash(("w1", "w0")), sentence_hash(("w1", "w2"))}
    slow = slow_corpus_preparation.prepare(raw, tested, tmp_path / "slow", params, 7)
    fast = prepare(raw, tested, tmp_path / "fast", params, 7, processes, part_bytes)
    assert fast == slow and slow["dropped_test_sentences"] > 3 and slow["shards"] > 5
    assert contents(tmp_path / "fast") == contents(tmp_path / "slow")


@pytest.mark.parametrize("finished", [2, 6, 13])
def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished: int) -> None:
    """There are 5 parts, hence 5 groups, and then the shards."""
    raw, scratch = write_difficult_text(tmp_path / "raw"), tmp_path / "scratch"
    slow_corpus_preparation.prepare(raw, set(), tmp_path / "slow", PARAMS, 7)
    done: list[Path] = []

    def counted(function: Callable[..., Any], path_of: Callable[..., Path]) -> Callable[..., Any]:
        def call(task: Any, **options: Any) -> Any:
            if len(done) == finished:
                raise KeyboardInterrupt
            if not path_of(task).exists():
                done.append(path_of(task))
            return function(task, **options)

        return call

    for name, path_of in (
        ("_number_part", lambda task: task[0]),
        ("group_part", lambda task: task.out),
        ("shuffle_shard", lambda task: task.out),
    ):
        monkeypatch.setattr(corpus_preparation, name, counted(getattr(corpus_preparation, name), path_of))
    arguments = (raw, set(), tmp_path / "fast", PARAMS, 7, scratch, 1, 10000)
    scratch.mkdir()
    with pytest.raises(KeyboardInterrupt):
        prepare_in_parts(*arguments)
    assert len(done) == finished
    (scratch / "part-000004.npz.part").write_bytes(b"half")
    before = {path: path.stat().st_mtime_ns for path in done}
    finished = -1
    prepare_in_parts(*arguments)
    assert len(set(done)) == len(done), "what was finished is not done again"
    assert all(path.stat().st_mtime_ns == time for path, time in before.items() if path.exists())
    assert contents(tmp_path / "fast") == contents(tmp_path / "slow")


def test_every_sentence_is_kept_once_in_a_new_order(tmp_path: Path) -> None:
    statistics = prepare(write_text(tmp_path), set(), tmp_path / "out", PARAMS.model_copy(update={"min_count": 1}), 1)
    encoded = corpus.load(tmp_path / "out")
    train = [s.strip() for shard in encoded.shards for s in decoded(shard, encoded.vocabulary)]
    heldout = [s.strip() for s in decoded(encoded.heldout, encoded.vocabulary)]
    assert len(train) == 595 and len(heldout) == 5 and len(encoded.shards) == statistics["shards"] == 3
    assert len(set(train)) == 595 and set(train) < set(LINES)
    assert train != sorted(train, key=LINES.index), "the order of the documents must be gone"
    assert all("<unk>" in sentence.split() for sentence in heldout), "their x<i> do not occur in training"
    assert statistics["train_tokens"] == sum(map(len, encoded.shards)) == 595 * 5


def test_test_sentences_and_copies_of_heldout_ones_are_left_out(tmp_path: Path) -> None:
    lines = LINES[:300] * 2
    tested = {sentence_hash(line.split()) for line in LINES[:40]}
    statistics = prepare(
        write_text(tmp_path, lines), tested, tmp_path / "out", PARAMS.model_copy(update={"min_count": 1}), 1
    )
    assert statistics["dropped_test_sentences"] == 80
    assert statistics["train_sentences"] == 600 - 80 - 2 * 5
    encoded = corpus.load(tmp_path / "out")
    assert not {f"x{i}" for i in range(40)} & set(encoded.vocabulary)
    assert len({f"x{i}" for i in range(40, 300)} & set(encoded.vocabulary)) == 255


def test_the_heldout_part_does_not_depend_on_the_files(tmp_path: Path) -> None:
    first = prepare(write_text(tmp_path / "a"), set(), tmp_path / "a/out", PARAMS, 1)
    second = prepare(write_text(tmp_path / "b", LINES[::-1]), set(), tmp_path / "b/out", PARAMS, 1)
    assert first == second
    assert (tmp_path / "a/out/heldout.npy").read_bytes() == (tmp_path / "b/out/heldout.npy").read_bytes()


def test_same_seed_same_bytes_other_seed_other_order(tmp_path: Path) -> None:
    write_text(tmp_path)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        prepare(tmp_path, set(), tmp_path / name, PARAMS, seed)
    a, b, c = ((tmp_path / name / "train-000.npy").read_bytes() for name in "abc")
    assert a == b != c


def test_shards_that_stay_empty_are_left_out(tmp_path: Path) -> None:
    lines = [f"x{i} " + "w " * 2000 for i in range(20)]
    statistics = prepare(write_text(tmp_path, lines), set(), tmp_path / "out", PARAMS, 1)
    encoded = corpus.load(tmp_path / "out")
    assert statistics["shards"] == len(encoded.shards) < 15
    assert sum(map(len, encoded.shards)) == statistics["train_tokens"]


def test_vocabulary_by_hand() -> None:
    counts = Counter({"b": 3, "a": 3, "c": 5, "rare": 1, "<unk>": 9})
    assert make_vocabulary(counts, 2) == ["<unk>", "\n", "c", "a", "b"]


def test_vectors_of_the_vocabulary_are_looked_up_as_written_then_in_lower_case(tmp_path: Path) -> None:
    (write_text(tmp_path, ["The the Cat x"] * 20 + LINES[:20]) / "vectors.txt").write_text(
        "the 1 2\nThe 3 4\ncat 5 6\n"
    )
    params = PARAMS.model_copy(update={"vectors": "vectors.txt"})
    assert prepare(tmp_path, set(), tmp_path / "out", params, 1)["words_with_vectors"] == 3
    encoded = corpus.load(tmp_path / "out")
    found = dict(zip(encoded.vocabulary, encoded.vectors.tolist(), strict=True))
    assert (found["The"], found["the"], found["Cat"], found["x"]) == ([3, 4], [1, 2], [5, 6], [0, 0])


def test_without_vectors_there_are_none(tmp_path: Path) -> None:
    assert prepare(write_text(tmp_path), set(), tmp_path / "out", PARAMS, 1)["words_with_vectors"] == 0
    assert corpus.load(tmp_path / "out").vectors.size == 0


def test_shards_are_memory_mapped(tmp_path: Path) -> None:
    prepare(write_text(tmp_path), set(), tmp_path / "out", PARAMS, 1)
    assert isinstance(corpus.load(tmp_path / "out").shards[0], np.memmap)


def test_only_ascii_white_space_separates_words(tmp_path: Path) -> None:
    lines = [f"a\u00a0b c\u3000d \u0085e {i}" for i in range(20)]
    prepare(write_text(tmp_path, lines), set(), tmp_path / "out", PARAMS, 1)
    assert {"a\u00a0b", "c\u3000d", "\u0085e"} <= set(corpus.load(tmp_path / "out").vocabulary)


def test_bad_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no LM text"):
        prepare(tmp_path, set(), tmp_path / "out", PARAMS, 1)
    raw = write_text(tmp_path / "few", LINES[:8])
    with pytest.raises(InputError, match="lm: 8 sentences of LM text are too few to hold out 5"):
        prepare(raw, set(), tmp_path / "out", PARAMS, 1)
    (raw / "lm" / "a.txt").write_bytes(b"fine\n" * 5000 + b"bad \xff\n")
    for processes in (1, 2):
        with pytest.raises(InputError, match=r"a\.txt:5001: not UTF-8 \(byte 0xff at position 5\)"):
            prepare(raw, set(), tmp_path / "out", PARAMS, 1, processes)
    write_text(tmp_path / "same", ["the same"] * 1020)
    with pytest.raises(InputError, match="1 different sentences among 1,020 of LM text are too few to hold out 5"):
        prepare(tmp_path / "same", set(), tmp_path / "out", PARAMS, 1)
    with pytest.raises(InputError, match="prepare_corpus"):
        corpus.load(tmp_path / "nowhere")


@pytest.mark.parametrize(("free", "what"), [(0, "preparing the text"), (9000, "shuffling 2,9")])
def test_a_disk_that_is_too_small_is_told_before_it_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, what: str
) -> None:
    raw = write_text(tmp_path / "raw")
    usage = whole_files.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(whole_files.shutil, "disk_usage", lambda folder: usage._replace(free=free))
    with pytest.raises(InputError, match=f"{what}.* takes at least .* MB of disk space, 0.0 MB are free"):
        prepare(raw, set(), tmp_path / "out", PARAMS, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("name", ["heldout.npy", "vectors.npy"])
def test_a_full_disk_names_the_file(tmp_path: Path, name: str) -> None:
    raw = write_text(tmp_path / "raw")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f"{name}.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match=rf"No space left on device: .*out/{name}'$"):
        prepare(raw, set(), tmp_path / "out", PARAMS, 1)
    assert not (tmp_path / "out" / name).exists()


def test_test_sentences_of_other_tasks(tmp_path: Path) -> None:
    assert other_tests(tmp_path, "") == [] and hashes_of([]) == set() and doubts_of_other_tests(tmp_path, "") == []
    told = (
        f"{tmp_path / 'other/*.txt'}: no such files (prepare_corpus.other_tests), so that no test sentences of other "
    )
    assert [doubt.startswith(told) for doubt in doubts_of_other_tests(tmp_path, "other/*.txt")] == [True]
    (tmp_path / "other").mkdir()
    path = tmp_path / "other" / "a.txt"
    path.write_text("Ada B-PER\nleft O\n\n1 O\n2 O\n")
    assert other_tests(tmp_path, "other/*.txt") == [path]
    assert hashes_of([path]) == {sentence_hash(["Ada", "left"]), sentence_hash(["1", "2"])}
    path.write_text("# id 1\nAda\nleft\n\n1\n2\n\n#x\n")
    assert hashes_of([path]) == {sentence_hash(words) for words in (["Ada", "left"], ["1", "2"], ["#x"])}
    assert doubts_of_other_tests(tmp_path, "other/*.txt") == []
    path.write_text("# sent_id = 1\n1-2\tdel\t_\n1\tde\tO\n2\tel\tO\n\n1\tx\tO\n")
    with pytest.raises(
        InputError, match=r"a\.txt:2: '1-2' is no word, .*; prepare_corpus\.other_tests expects the word"
    ):
        hashes_of([path])


def test_what_is_doubtful_is_said(tmp_path: Path) -> None:
    write_text(tmp_path, ["<doc>", *LINES])
    said: list[str] = []
    params = PARAMS.model_copy(update={"other_tests": "other/*"})
    with TemporaryDirectory() as scratch:
        prepare_in_parts(tmp_path, set(), tmp_path / "out", params, 1, Path(scratch), 1, 3000, say=said.append)
    places = [line.partition(str(tmp_path))[2].split(" ")[0] for line in said]
    assert places == ["/lm/a.txt:1:", "/lm/a.txt:3:", "/other/*:"]  # each line ends with w0, as with a label
    assert all(line.startswith("note: ") for line in said)


def test_test_sentences_in_another_form_are_told(tmp_path: Path) -> None:
    write_text(tmp_path, [*LINES, *(f"{number} one more line {number}" for number in range(200))])
    hashes = {sentence_hash(["one", "more", "line", str(number)]) for number in range(200)}
    said: list[str] = []
    with TemporaryDirectory() as scratch:
        prepare_in_parts(tmp_path, hashes, tmp_path / "out", PARAMS, 1, Path(scratch), 1, 3000, say=said.append)
    (note,) = (line for line in said if "test sentences" in line)
    assert note.startswith("note: at least 200 test sentences are in the LM text with one more word before them (")
