"""LM text to memory-mapped id shards: vocabulary, held-out part, shuffled training part.

The text is read once, in parts that processes number side by side and leave on disk. Then the parts are gone through
in order, one in memory at a time: to choose the held-out sentences, to count words, and to encode. Training sentences
are dealt at random to shards and shuffled within them, so that the order does not follow the documents (as in the One
Billion Word benchmark). All random numbers are drawn in one process, in the order of the sentences: neither the number
of processes nor the size of the parts changes a bit of the result.
"""

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ldnet.errors import InputError
from ldnet.files import write_json
from ldnet.printable import quoted
from ldnet.text.columns import sentence_hash
from ldnet.text.lm_words import END_OF_SENTENCE, UNKNOWN, UNKNOWN_ID
from pipeline.corpus.altered_tests import Altered, doubts_of_altered_tests, merged
from pipeline.corpus.fitness import fitness
from pipeline.corpus.lm_files import listed, text_files
from pipeline.corpus.lm_form import doubts_of_form
from pipeline.corpus.numbered_parts import Ids, load_part, number_part, save_part
from pipeline.corpus.shuffling import Grouping, Shuffling, group_part, shuffle_shard
from pipeline.corpus.text_parts import PART_BYTES, Part, read_parts
from pipeline.corpus.whole_files import bytes_in, move, require_space, write_array
from pipeline.execution.processes import OrderedMap, ordered_map
from pipeline.execution.stored import damaged
from pipeline.params import CorpusParams
from pipeline.text.raw_columns import RawFile, check_words, read_columns
from pipeline.text.word_vectors import WordVectors, no_vectors, read_word_vectors

HASH = re.compile("[0-9a-f]{16}")
LEAST_SCRATCH = 0.5  # bytes of scratch for a byte of text: 12 or more for each word, and words of 24 bytes are rare
COMPRESSION = 4  # how many times longer text is than its .gz file, about


def read_hashes(path: Path) -> set[str]:
    """The hashes of the test sentences, one a line. Raises InputError for any other file."""
    try:
        hashes = path.read_text(encoding="utf-8").split()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; run the stage prepare_conll") from None
    except UnicodeDecodeError as error:
        raise damaged(path, "hashes of sentences", f"another file ({error})", "prepare_conll") from None
    if wrong := [value for value in hashes if not HASH.fullmatch(value)]:
        raise damaged(path, "hashes of sentences, 16 hex digits each", wrong[0][:60], "prepare_conll")
    return set(hashes)


def other_tests(raw: Path, pattern: str) -> list[Path]:
    """The files of test sentences of other tasks: what `pattern` finds in `raw`, sorted, which may be nothing."""
    return sorted(path for path in raw.glob(pattern) if path.is_file()) if pattern else []


def hashes_of(paths: Iterable[Path]) -> set[str]:
    """The hashes of the sentences in files of CoNLL columns, or of a word a line.

    Raises InputError for a file that cannot be read, and if column 0 has no words.
    """
    return {sentence_hash(sentence.words) for path in paths for sentence in _words_first(path).sentences}


def _words_first(path: Path) -> RawFile:
    """Read columns of which the first, or only, one is the word. Raises InputError if it has numbers alone."""
    file = read_columns(path, 0, None)
    try:
        check_words(file, 0)
    except InputError:
        first = file.sentences[0]
        raise InputError(
            f"{path}:{first.lines[0]}: {quoted(first.words[0])} is no word, and so in all lines: only numbers are in "
            "column 0; prepare_corpus.other_tests expects the word there; delete the column, as with cut -f 2-"
        ) from None
    return file


def doubts_of_other_tests(raw: Path, pattern: str) -> list[str]:
    """What to say of a pattern that finds no files of other tasks, though it is to."""
    if not pattern or other_tests(raw, pattern):
        return []
    return [
        f"{raw / pattern}: no such files (prepare_corpus.other_tests), so that no test sentences of other tasks are "
        "dropped; bring them, or set it to ''"
    ]


def prepare(
    raw: Path,
    test_hashes: set[str],
    out: Path,
    params: CorpusParams,
    seed: int,
    scratch: Path,
    processes: int,
    part_bytes: int = PART_BYTES,
    train: Sequence[Sequence[str]] = (),
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Write the encoded corpus to `out` and return its statistics.

    Sentences whose hash is in `test_hashes` are dropped: the LM must not have read the sentences it is tested on.
    Finished parts and shards are kept in `scratch` (up to three times the size of the shards), where a later call with
    the same arguments finds them again. What is odd with the files goes to `say`, and, given the words of training
    sentences in `train`, whether the text is written as they are. Raises InputError for text that is missing,
    unreadable, not UTF-8 or too short, and for a disk that is too small.
    """
    paths = _looked_at(raw, params, say)
    text_bytes = sum(path.stat().st_size for path in paths)
    scratch.mkdir(parents=True, exist_ok=True)
    require_space(scratch, int(LEAST_SCRATCH * text_bytes) - bytes_in(scratch, "*"), "preparing the text")
    likely_parts = 1 + COMPRESSION * text_bytes // part_bytes
    with ordered_map(min(processes, likely_parts)) as run:
        parts = _number_parts(run, paths, test_hashes, seed, scratch, part_bytes)
        chosen = _choose_heldout(parts, params.heldout_sentences)
        for doubt in doubts_of_altered_tests(chosen.altered, chosen.read - chosen.kept):
            say(f"note: {doubt}")
        counts, heldout = _count_words(parts, chosen.ranks)
        tokens, sentences = counts.total(), counts.pop(END_OF_SENTENCE, 0)
        check_size(paths[0].parent, params.heldout_sentences, len(chosen.ranks), chosen.kept, sentences)
        vocabulary = make_vocabulary(counts, params.min_count)
        index = {word: i for i, word in enumerate(vocabulary)}
        for line in fitness(train, counts, index, sentences, chosen.read - chosen.kept) if train else ():
            say(line)
        unknown = sum(count for word, count in counts.items() if word not in index)
        del counts
        shards = math.ceil(tokens / params.shard_tokens)
        _require_space_for(tokens, scratch, out)
        written = _write_shards(run, parts, chosen.ranks, index, shards, random.Random(seed), scratch)
    heldout_ids = np.array([index.get(word, UNKNOWN_ID) for word in heldout], dtype=np.int32)
    word_vectors = read_word_vectors(raw / params.vectors, params.vector_rows, say) if params.vectors else no_vectors()
    vectors = select_vectors(vocabulary, word_vectors)
    _write_outputs(out, written, heldout_ids, vocabulary, vectors)
    return {
        "sentences_read": chosen.read,
        "dropped_test_sentences": chosen.read - chosen.kept,
        "train_sentences": sentences,
        "train_tokens": tokens,
        "heldout_sentences": len(chosen.ranks),
        "heldout_tokens": len(heldout_ids),
        "vocabulary": len(vocabulary),
        "words_with_vectors": int(vectors.any(1).sum()),
        "unknown_rate": round(unknown / tokens, 6),
        "heldout_unknown_rate": round(float((heldout_ids == UNKNOWN_ID).mean()), 6),
        "shards": len(written),
    }


def _write_outputs(
    out: Path, shards: Iterable[Path], heldout: Ids, vocabulary: list[str], vectors: NDArray[np.float32]
) -> None:
    """Put the shards where they belong, and write what comes with them."""
    for shard in shards:
        move(shard, out / shard.name)
    write_array(out / "heldout.npy", heldout.shape, [heldout], np.int32)
    write_json(out / "vocabulary.json", vocabulary)
    write_array(out / "vectors.npy", vectors.shape, [vectors], np.float32)


def _looked_at(raw: Path, params: CorpusParams, say: Callable[[str], None]) -> list[Path]:
    """The files of the text; what is odd with them, and with the test files of other tasks, goes to `say`."""
    paths, others = text_files(raw, params.text)
    if others:
        say(f"note: not taken by prepare_corpus.text, {params.text}: {listed(others)}")
    for doubt in (*doubts_of_form(paths), *doubts_of_other_tests(raw, params.other_tests)):
        say(f"note: {doubt}")
    return paths


def _require_space_for(tokens: int, scratch: Path, out: Path) -> None:
    """Raise InputError where the disk cannot hold the shuffled ids of so many tokens, besides what is there already."""
    out.mkdir(parents=True, exist_ok=True)
    of_ids = tokens * np.dtype(np.int32).itemsize
    there = bytes_in(scratch, "groups-*") + bytes_in(scratch, "train-*")
    require_space(scratch, 2 * of_ids - there, f"shuffling {tokens:,} words and ends of sentences")
    if out.stat().st_dev != scratch.stat().st_dev:  # else shards are renamed
        require_space(out, of_ids, f"the encoded text, {tokens:,} words and ends of sentences,")


def check_size(folder: Path, wanted: int, held_out: int, kept: int, left: int) -> None:
    """Raise InputError if `kept` sentences are too few to hold out `wanted`: so many are, and so many are left."""
    if held_out < wanted or kept < 2 * wanted or not left:
        few = f"{held_out:,} different sentences among {kept:,}" if kept >= 2 * wanted else f"{kept:,} sentences"
        raise InputError(
            f"{folder}: {few} of LM text are too few to hold out {wanted}; lower "
            "prepare_corpus.heldout_sentences or bring more text"
        )


def make_vocabulary(counts: Counter[str], min_count: int) -> list[str]:
    """`<unk>`, the end of sentence, then the words seen at least `min_count` times, most frequent first."""
    kept = sorted((-count, word) for word, count in counts.items() if count >= min_count and word != UNKNOWN)
    return [UNKNOWN, END_OF_SENTENCE, *(word for _, word in kept)]


def select_vectors(vocabulary: list[str], word_vectors: WordVectors) -> NDArray[np.float32]:
    """The vector of each word as it is written, else in lower case, else zeros: (words, dimension)."""
    rows = [word_vectors.rows.get(word, word_vectors.rows.get(word.lower(), -1)) for word in vocabulary]
    padded = np.vstack([word_vectors.vectors, np.zeros((1, word_vectors.vectors.shape[1]), dtype=np.float32)])
    selected: NDArray[np.float32] = padded[rows]  # row -1 is the zeros
    return selected


def _number_parts(
    run: OrderedMap, paths: list[Path], test_hashes: set[str], seed: int, scratch: Path, part_bytes: int
) -> list[Path]:
    tasks = ((scratch / f"part-{i:06d}.npz", part) for i, part in enumerate(read_parts(paths, part_bytes)))
    numbered = run(partial(_number_part, test_hashes=test_hashes, seed=seed), tasks)
    return list(tqdm(numbered, desc="numbering words", unit=" parts", disable=None))


def _number_part(task: tuple[Path, Part], test_hashes: set[str], seed: int) -> Path:
    path, part = task
    if not path.exists():
        save_part(number_part(part, test_hashes, seed), path)
    return path


@dataclass(frozen=True, eq=False)
class Heldout:
    """Which sentences are held out: those with these ranks, ascending. How many were read, how many not dropped.

    And which test sentences are among these in another form.
    """

    ranks: NDArray[np.uint64]
    read: int
    kept: int
    altered: Altered


def _choose_heldout(parts: list[Path], size: int) -> Heldout:
    """The `size` lowest ranks. Choosing by content keeps all copies of a held-out sentence out of the training part."""
    ranks = np.zeros(0, dtype=np.uint64)
    altered: Altered = {}
    read = kept = 0
    for path in parts:
        part = load_part(path)
        ranks = np.unique(np.concatenate([ranks, part.ranks]))[:size]
        read += part.read
        kept += len(part.ranks)
        altered = merged([altered, part.altered])
    return Heldout(ranks, read, kept, altered)


def _count_words(parts: list[Path], heldout_ranks: NDArray[np.uint64]) -> tuple[Counter[str], list[str]]:
    """How often each word, and END_OF_SENTENCE, occurs in the training sentences; the words of the held-out ones."""
    counts: Counter[str] = Counter()
    heldout: dict[int, list[str]] = {}
    for path in tqdm(parts, desc="counting words", unit=" parts", disable=None):
        part = load_part(path)
        occurrences = np.bincount(part.numbers, minlength=len(part.words)).tolist()
        counts.update(dict(zip(part.words, occurrences, strict=True)))
        bounds = [0, *part.ends.tolist()]
        for i in np.isin(part.ranks, heldout_ranks).nonzero()[0].tolist():
            words = [part.words[number] for number in part.numbers[bounds[i] : bounds[i + 1]].tolist()]
            counts.subtract(words)
            heldout[int(part.ranks[i])] = words
    return counts, [word for rank in sorted(heldout) for word in heldout[rank]]


def _write_shards(
    run: OrderedMap,
    parts: list[Path],
    heldout_ranks: NDArray[np.uint64],
    index: dict[str, int],
    shards: int,
    rng: random.Random,
    scratch: Path,
) -> list[Path]:
    """Deal the training sentences to shards and shuffle each; a shard that gets no sentence is left out."""
    sizes = np.zeros(shards, dtype=np.int64)  # in sentences

    def deal() -> Iterator[Grouping]:
        for number, path in enumerate(parts):
            part = load_part(path)
            held = np.isin(part.ranks, heldout_ranks).tolist()
            shard_of = np.array([-1 if is_held else rng.randrange(shards) for is_held in held], dtype=np.int64)
            sizes[:] += np.bincount(shard_of[shard_of >= 0], minlength=shards)
            ids = np.array([index.get(word, UNKNOWN_ID) for word in part.words], dtype=np.int32)
            yield Grouping(path, ids, shard_of, shards, scratch / f"groups-{number:06d}")

    def shuffle(groups: list[Path]) -> Iterator[Shuffling]:
        for shard, size in enumerate(sizes.tolist()):
            order = list(range(size))
            rng.shuffle(order)
            if order:
                yield Shuffling(groups, shard, shards, np.array(order), scratch / f"train-{shard:03d}.npy")

    groups = list(tqdm(run(group_part, deal()), desc="encoding", unit=" parts", total=len(parts), disable=None))
    shuffled = run(shuffle_shard, shuffle(groups))
    return list(tqdm(shuffled, desc="shuffling", unit=" shards", total=shards, disable=None))
