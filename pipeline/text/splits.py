"""Train, dev and test of a tagged corpus."""

import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from ldnet.errors import InputError
from ldnet.printable import quoted, shortened
from ldnet.text.column_layout import HEADER, looks_like_tag
from ldnet.text.columns import Sentence
from ldnet.text.tags import spans, to_iobes
from ldnet.text.windows import LONGEST_WHOLE
from pipeline.params import ConllParams
from pipeline.text.raw_columns import (
    Files,
    NoSentencesError,
    RawFile,
    RawSentence,
    all_files,
    check_words,
    not_columns,
    read_columns,
)
from pipeline.text.split_doubts import doubts_of_splits
from pipeline.text.stray_files import is_stray
from pipeline.text.tag_dialect import may_be_prefixed
from pipeline.text.tag_scheme import Scheme, TagReport, UnknownTagError, report_tags
from pipeline.values import listed_files

Splits = dict[str, list[Sentence]]
Say = Callable[[str], None]
WITHOUT_DEV = "prepare_conll.dev: '' and prepare_conll.dev_sentences: 1000 in params.yaml"


def read_splits(raw: Path, params: ConllParams, seed: int, say: Say = lambda line: None) -> tuple[Splits, Scheme]:
    """Train, dev and test in IOBES, and the scheme they were in. What was found, and what is doubtful, goes to `say`.

    Raises InputError for unusable files, and for tags that break the scheme if params.slips says `refuse`.
    """
    files = {
        name: [read_file(path, name, params) for path in paths] for name, paths in paths_of_splits(raw, params).items()
    }
    splits, report = make_splits(files, params, seed, say)
    return splits, report.scheme


def paths_of_splits(raw: Path, params: ConllParams) -> dict[str, list[Path]]:
    """The files of train, of dev if there are any, and of test, in the order in which they are read.

    Raises InputError if a dev file is missing, for a pattern that finds nothing, and for a file that is named twice.
    """
    given = {"train": params.train, "dev": params.dev, "test": params.test}
    paths = {
        name: [path for file in listed_files(files) for path in _found(raw, file, f"prepare_conll.{name}")]
        for name, files in given.items()
        if files
    }
    for name, found in paths.items():
        times = Counter(path.resolve() for path in found)
        if twice := next((path for path in found if times[path.resolve()] > 1), None):
            raise InputError(f"{twice}: prepare_conll.{name} in params.yaml names this file twice; name it once")
    missing = [path for path in paths.get("dev", ()) if not path.exists()]
    if missing and paths["train"][0].exists():
        raise InputError(
            f"{missing[0]}: no dev split; put it there, or hold sentences out of the training data: {WITHOUT_DEV}"
        )
    return paths


def read_file(path: Path, name: str, params: ConllParams) -> RawFile:
    """A file of the split `name`. Raises as `read_columns`, and says what to do without a dev split if dev is empty."""
    try:
        return read_columns(path, params.word_column, params.tag_column)
    except NoSentencesError as error:
        if name != "dev":
            raise
        raise InputError(f"{error}; or hold sentences out of the training data: {WITHOUT_DEV}") from None


def _found(raw: Path, file: str, key: str) -> list[Path]:
    """The file, or the files that a pattern finds, sorted by name, without backups and the like."""
    path = raw / file
    if path.exists() or not re.search(r"[*?[]", file):
        return [path]
    found = sorted(path for path in raw.glob(file) if path.is_file() and not is_stray(path.relative_to(raw), file))
    if found:
        return found
    raise InputError(f"{path}: no such files; {key} in params.yaml says which are read")


def make_splits(files: Files, params: ConllParams, seed: int, say: Say = lambda line: None) -> tuple[Splits, TagReport]:
    """Train, dev and test in IOBES from their files, and what their tags were. Says and raises as `read_splits`."""
    for file in all_files(files):
        check_words(file, params.word_column)
    report = _report(files, params)
    splits = {name: [s for file in parts for s in _in_iobes(file, report)] for name, parts in files.items()}
    doubts = list(doubts_of_splits(files, report, params))
    if not params.dev:
        splits["train"], splits["dev"] = hold_out(splits["train"], params.dev_sentences, seed)
    if params.train_sentences:
        splits["train"] = draw(splits["train"], params.train_sentences, seed)
    for name in ("dev", "test"):
        if shared := count_shared(splits[name], splits["train"]):
            share = 100 * shared / len(splits[name])
            doubts.append(f"{shared:,} of {len(splits[name]):,} {name} sentences ({share:.1f} %) are in train, too")
    splits["train"], notes = cut_long(splits["train"], partial(_file_of, files["train"]))
    doubts += notes
    for file in all_files(files):
        say(f"{file.description()}; words in column {params.word_column}, {report.name} in column {params.tag_column}")
    for doubt in doubts:
        say(f"note: {doubt}")
    return {name: splits[name] for name in ("train", "dev", "test")}, report


def _report(files: Files, params: ConllParams) -> TagReport:
    """The tags of all files. Raises InputError for unknown tags, and for slips that are to be refused."""
    try:
        report = report_tags({file.path: file.sentences for file in all_files(files)})
    except UnknownTagError as error:
        broken = next(file for file in all_files(files) if file.path == error.path)
        beside = " and ".join(map(str, broken.span_columns))
        others = f", and tags are in column {beside}" if beside else ""
        advice = f"prepare_conll.tag_column is {params.tag_column}{others}; all files must have one tag scheme"
        header = "; is it a header? Delete the line" if _is_header(broken, error.line, files) else ""
        alone = f"types alone, without B- or I-, need O in most lines{_prefixed(files)}"
        advised = InputError(f"{error}{header} ({advice}; {alone})")
        raise not_columns(broken.path, broken.start, advised) from None
    if report.dialect.alone:
        _refuse_header(files)
    if report.slips and params.slips == "refuse":
        raise InputError(f"{report.slips_in_words()} (prepare_conll.slips: repair reads them as conlleval does)")
    return report


def _prefixed(files: Files) -> str:
    """The place of the first tag that seems to have a prefix, in words, where few do: E-MAIL among types alone."""
    places = [
        (file.path, line, tag)
        for file in all_files(files)
        for sentence in file.sentences
        for line, tag in zip(sentence.lines, sentence.tags, strict=True)
        if tag not in ("O", "o")
    ]
    prefixed = [(path, line, tag) for path, line, tag in places if looks_like_tag(tag)]
    if not 0 < len(prefixed) < len(places) / 2:
        return ""
    path, line, tag = prefixed[0]
    return f", and no prefix as in {shortened(tag)} ({path.name}:{line})"


def _is_header(broken: RawFile, number: int, files: Files) -> bool:
    """Whether the line is the first one of the file, or one whose word names a column, as in a joined file.

    All files must be fine without their first lines and others of that word and tag.
    """
    rows = (row for sentence in broken.sentences for row in zip(*sentence, strict=True))
    word, tag = next((word, tag) for word, tag, line in rows if line == number)
    names = number == broken.sentences[0].lines[0] or HEADER.fullmatch(word)
    rest = {
        file.path: [_without(sentence, file.sentences[0].lines[0], (word, tag)) for sentence in file.sentences]
        for file in all_files(files)
    }
    try:
        report_tags(rest)
    except UnknownTagError:
        return False
    return bool(names) and not may_be_prefixed(tag)


def _without(sentence: RawSentence, first: int, header: tuple[str, str]) -> RawSentence:
    rows = [row for row in zip(*sentence, strict=True) if row[2] != first and row[:2] != header]
    return RawSentence(*zip(*rows, strict=True)) if rows else RawSentence((), (), ())


def _refuse_header(files: Files) -> None:
    """Raise InputError if a type stands in first lines alone: where types have no prefix, a column's name is one.

    In files that were put together it has the same word in all lines, which begin sentences.
    """
    places: dict[str, set[tuple[bool, str]]] = {}
    lines: dict[str, set[int]] = {}
    for file in all_files(files):
        for sentence in file.sentences:
            for number, (word, tag, line) in enumerate(zip(*sentence, strict=True)):
                places.setdefault(tag, set()).add((number == 0, word))
                lines.setdefault(tag, set()).add(line)
    for file in all_files(files):
        first = file.sentences[0]
        word, tag, line = first.words[0], first.tags[0], first.lines[0]
        joined = len(lines[tag]) > 1 and places[tag] == {(True, word)} and HEADER.fullmatch(word)
        if tag not in ("O", "o") and (lines[tag] == {1} or joined) and len(lines) > 1:
            where = "line 1 alone" if lines[tag] == {1} else f"lines of {quoted(word)} alone"
            raise InputError(
                f"{file.path}:{line}: {quoted(tag)} is a tag in {where}; is it a header? Delete the line; if it is a "
                "tag, put another sentence first"
            )


def _in_iobes(file: RawFile, report: TagReport) -> list[Sentence]:
    plain = {text: _plain(text, report) for sentence in file.sentences for text in set(sentence.tags)}
    return [
        Sentence(sentence.words, _interned(to_iobes([plain[text] for text in sentence.tags])), sentence.lines[0])
        for sentence in file.sentences
    ]


def _interned(tags: Iterable[str]) -> tuple[str, ...]:
    """The same tags; those that are alike are in memory once."""
    return tuple(map(sys.intern, tags))


def _plain(text: str, report: TagReport) -> str:
    tag = report.dialect.tag(text)
    assert tag is not None, text  # report_tags has refused others
    return f"{tag.prefix}-{tag.type}" if tag.type else "O"


def count_shared(sentences: Sequence[Sentence], train: Sequence[Sentence]) -> int:
    """How many of the sentences have the words of a training sentence."""
    known = {sentence.words for sentence in train}
    return sum(sentence.words in known for sentence in sentences)


def hold_out(sentences: Sequence[Sentence], number: int, seed: int) -> tuple[list[Sentence], list[Sentence]]:
    """The rest and a random sample of `number` sentences, both in the order of the file."""
    if number >= len(sentences):
        raise InputError(
            f"prepare_conll.dev_sentences: {number} cannot be held out of {len(sentences)} training sentences"
        )
    chosen = set(random.Random(seed).sample(range(len(sentences)), number))
    rest = [sentence for position, sentence in enumerate(sentences) if position not in chosen]
    return rest, [sentences[position] for position in sorted(chosen)]


def draw(sentences: Sequence[Sentence], number: int, seed: int) -> list[Sentence]:
    """`number` sentences drawn at random, in the order of the file; a larger draw has those of a smaller one, too."""
    if number > len(sentences):
        raise InputError(
            f"prepare_conll.train_sentences: {number}, but there are {len(sentences)} training sentences (0: all)"
        )
    order = list(range(len(sentences)))
    random.Random(seed).shuffle(order)
    return [sentences[position] for position in sorted(order[:number])]


def cut_long(sentences: Sequence[Sentence], file_of: Callable[[Sentence], Path]) -> tuple[list[Sentence], list[str]]:
    """Sentences of more than LONGEST_WHOLE words in pieces of about equal length, and a line that says so, if any are.

    `file_of` gives the file that a sentence comes from.

    A batch is padded to its longest sentence, and the features of a word are wide, so that one sentence of thousands of
    words would take gigabytes. Spans are not cut, unless one of them alone is too long.
    """
    cut = [piece for sentence in sentences for piece in _pieces(sentence)]
    long = [sentence for sentence in sentences if len(sentence.words) > LONGEST_WHOLE]
    if not long:
        return cut, []
    others = f", and {len(long) - 1:,} more of the training sentences are," if len(long) > 1 else ""
    place = f"{file_of(long[0])}:{long[0].first_line}"
    return cut, [
        f"{place}: a sentence of {len(long[0].words):,} words is{others} cut into pieces for training, of at most "
        f"{LONGEST_WHOLE} words each"
    ]


def _file_of(files: Sequence[RawFile], sentence: Sentence) -> Path:
    place = (sentence.first_line, tuple(sentence.words))
    return next(file.path for file in files if any((raw.lines[0], tuple(raw.words)) == place for raw in file.sentences))


def _pieces(sentence: Sentence) -> Iterator[Sentence]:
    start, words = 0, len(sentence.words)
    while words - start > LONGEST_WHOLE:
        count = -(-(words - start) // LONGEST_WHOLE)
        most = start + -(-(words - start) // count)
        between = (end for end in range(most, start, -1) if sentence.tags[end][0] not in "IE")
        end = next(between, most)
        yield _part(sentence, start, end)
        start = end
    yield _part(sentence, start, words) if start else sentence


def _part(sentence: Sentence, start: int, end: int) -> Sentence:
    return Sentence(sentence.words[start:end], to_iobes(sentence.tags[start:end]), sentence.first_line + start)


def count(splits: Splits) -> dict[str, dict[str, int]]:
    """Sentences, words and spans of the splits, and how many spans are of a type that training does not show."""
    span_types = {
        name: [span.type for sentence in sentences for span in spans(sentence.tags)]
        for name, sentences in splits.items()
    }
    known = set(span_types["train"])
    return {
        "sentences": {name: len(sentences) for name, sentences in splits.items()},
        "words": {name: sum(len(sentence.words) for sentence in sentences) for name, sentences in splits.items()},
        "spans": {name: len(types) for name, types in span_types.items()},
        "spans_of_unseen_types": {name: sum(t not in known for t in span_types[name]) for name in ("dev", "test")},
    }
