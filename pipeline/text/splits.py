"""Train, dev and test of a tagged corpus."""

import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from ldnet.errors import InputError
from ldnet.printable import quoted, shortened
from ldnet.text.column_layout import HEADER, LONG_SENTENCE, looks_like_tag, named_word_column
from ldnet.text.columns import Sentence
from ldnet.text.tags import spans, to_iobes
from ldnet.text.windows import LONGEST_WHOLE
from pipeline.params import ConllParams
from pipeline.text.raw_columns import NoSentencesError, RawFile, RawSentence, check_words, not_columns, read_columns
from pipeline.text.stray_files import is_stray
from pipeline.text.tag_dialect import look_alike, may_be_prefixed
from pipeline.text.tag_scheme import Scheme, TagReport, report_tags
from pipeline.text.word_doubts import MANY_SENTENCES, NEARLY_ALL, doubts_of_words
from pipeline.values import listed_files

Splits = dict[str, list[Sentence]]
Files = Mapping[str, Sequence[RawFile]]  # of each split, in order
Say = Callable[[str], None]
MOST_TYPES = 20  # that are named
FEW_TAGS = 3  # of a type, if there are many types
SHOWN = 3  # words of a file, and the like
SPLIT_NAME = re.compile(r"(train|dev|devel|valid|val|validation|test)\b|(train|dev|valid|test)[ab_]", re.IGNORECASE)
WITHOUT_DEV = "prepare_conll.dev: '' and prepare_conll.dev_sentences: 1000 in params.yaml"


def silent(line: str) -> None:
    """Say nothing."""


def read_splits(raw: Path, params: ConllParams, seed: int, say: Say = silent) -> tuple[Splits, Scheme]:
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


def make_splits(files: Files, params: ConllParams, seed: int, say: Say = silent) -> tuple[Splits, TagReport]:
    """Train, dev and test in IOBES from their files, and what their tags were. Says and raises as `read_splits`."""
    for file in _all(files):
        check_words(file, params.word_column)
    report = _report(files, params)
    splits = {name: [s for file in parts for s in _in_iobes(file, report)] for name, parts in files.items()}
    doubts = [
        *_doubts_of_files(files),
        *_doubts_of_widths(files, params),
        *_doubts(files, report, params),
        *_doubts_of_spans(files, params),
    ]
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
    for file in _all(files):
        say(f"{file.description()}; words in column {params.word_column}, {report.name} in column {params.tag_column}")
    for doubt in doubts:
        say(f"note: {doubt}")
    return {name: splits[name] for name in ("train", "dev", "test")}, report


def _all(files: Files) -> list[RawFile]:
    return [file for parts in files.values() for file in parts]


def _report(files: Files, params: ConllParams) -> TagReport:
    """The tags of all files. Raises InputError for unknown tags, and for slips that are to be refused."""
    try:
        report = report_tags({file.path: file.sentences for file in _all(files)})
    except InputError as error:
        advice = f"prepare_conll.tag_column is {params.tag_column}; all files must have one tag scheme"
        broken = next(file for file in _all(files) if str(error).startswith(f"{file.path}:"))
        header = "; is it a header? Delete the line" if _is_header(broken, str(error), files) else ""
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
        for file in _all(files)
        for sentence in file.sentences
        for line, tag in zip(sentence.lines, sentence.tags, strict=True)
        if tag not in ("O", "o")
    ]
    prefixed = [(path, line, tag) for path, line, tag in places if looks_like_tag(tag)]
    if not 0 < len(prefixed) < len(places) / 2:
        return ""
    path, line, tag = prefixed[0]
    return f", and no prefix as in {shortened(tag)} ({path.name}:{line})"


def _is_header(broken: RawFile, error: str, files: Files) -> bool:
    """Whether the error is about the first line of a file, or another whose word names a column, as in a joined file.

    All files must be fine without their first lines and others of that word and tag.
    """
    rows = (row for sentence in broken.sentences for row in zip(*sentence, strict=True))
    word, tag, line = next(row for row in rows if error.startswith(f"{broken.path}:{row[2]}:"))
    names = line == broken.sentences[0].lines[0] or HEADER.fullmatch(word)
    rest = {
        file.path: [_without(sentence, file.sentences[0].lines[0], (word, tag)) for sentence in file.sentences]
        for file in _all(files)
    }
    try:
        report_tags(rest)
    except InputError:
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
    for file in _all(files):
        for sentence in file.sentences:
            for number, (word, tag, line) in enumerate(zip(*sentence, strict=True)):
                places.setdefault(tag, set()).add((number == 0, word))
                lines.setdefault(tag, set()).add(line)
    for file in _all(files):
        first = file.sentences[0]
        word, tag, line = first.words[0], first.tags[0], first.lines[0]
        joined = len(lines[tag]) > 1 and places[tag] == {(True, word)} and HEADER.fullmatch(word)
        if tag not in ("O", "o") and (lines[tag] == {1} or joined) and len(lines) > 1:
            where = "line 1 alone" if lines[tag] == {1} else f"lines of {quoted(word)} alone"
            raise InputError(
                f"{file.path}:{line}: {quoted(tag)} is a tag in {where}; is it a header? Delete the line; if it is a "
                "tag, put another sentence first"
            )


def _doubts(files: Files, report: TagReport, params: ConllParams) -> Iterable[str]:
    """What was read in a way that the user may not want."""
    if report.slips:
        yield f"{report.slips_in_words()}; read as conlleval does (prepare_conll.slips: refuse stops at them)"
    if report.dialect.alone:
        counts = Counter(tag for file in _all(files) for sentence in file.sentences for tag in sentence.tags)
        types_alone = [shortened(kind) for kind, _ in counts.most_common() if kind not in ("O", "o")]
        yield (
            f"types stand without B- or I- ({', '.join(types_alone[:MOST_TYPES])}"
            f"{', ...' if len(types_alone) > MOST_TYPES else ''}): neighbours of one type are read as one span"
        )
    yield from _doubts_of_types(files, report)
    for file in _all(files):
        yield from doubts_of_words(file)
        if file.tags_left_out:
            yield (
                f"{file.path}: {file.tags_left_out:,} tags on ranges and empty nodes of CoNLL-U or parts of words of "
                "WebAnno are left out"
            )
        named = named_word_column(file.start)
        if named is not None and named != params.word_column % file.layout.width:
            yield f"{file.path}: global.columns says that words (FORM) are in column {named}, not {params.word_column}"
        if file.named is not None and file.named != params.word_column % file.layout.width:
            yield f"{file.path}: a header says that words are in column {file.named}, not {params.word_column}"
        if file.joined:
            more = f", as in {len(file.joined) - 1:,} more places" if len(file.joined) > 1 else ""
            yield (
                f"{file.path}:{file.joined[0]}: another sentence seems to begin here, without a blank line before "
                f"it{more}; sentences end at blank lines alone"
            )
        if len(file.sentences) > 1 and not file.has_blank_lines:
            yield f"{file.path}: no blank line, so that sentences end at -DOCSTART- lines alone"
        single, number = sum(len(sentence.words) == 1 for sentence in file.sentences), len(file.sentences)
        if number >= MANY_SENTENCES and single >= NEARLY_ALL * number:
            those = "all" if single == number else f"{single:,} of {number:,}"
            yield f"{file.path}: {those} sentences have a single word; is there a blank line after each word?"
        longest = max(file.sentences, key=lambda sentence: len(sentence.words))
        if len(longest.words) > LONG_SENTENCE:
            place = f"{file.path}:{longest.lines[0]}"
            yield f"{place}: a sentence of {len(longest.words):,} words; is there a blank line after each sentence?"


def _doubts_of_files(files: Files) -> Iterable[str]:
    """Files beside those that are read, which are named as a split is."""
    taken = {file.path for file in _all(files)}
    beside = {path for folder in {path.parent for path in taken} for path in folder.iterdir() if path.is_file()}
    if others := sorted(path.name for path in beside - taken if SPLIT_NAME.match(path.name)):
        shown = f"{', '.join(others[:SHOWN])}{', ...' if len(others) > SHOWN else ''}"
        yield f"not read: {shown}; prepare_conll.train, dev and test say which files are (train*.txt: several)"


def _doubts_of_widths(files: Files, params: ConllParams) -> Iterable[str]:
    """Files with more or fewer columns than the first one, in which the same numbers may name other columns."""
    first, *others = _all(files)
    for file in others:
        if file.layout.width != first.layout.width:
            yield (
                f"{file.path}: {file.layout.width} columns, but {first.path.name} has {first.layout.width}; "
                f"prepare_conll.word_column {params.word_column} finds {_beginning(file, 'words')} there and "
                f"{_beginning(first, 'words')} in {first.path.name}, tag_column {params.tag_column} "
                f"{_beginning(file, 'tags')} and {_beginning(first, 'tags')}; if these are not the same, give "
                "all files the same columns"
            )


def _beginning(file: RawFile, kind: Literal["words", "tags"]) -> str:
    sentence = file.sentences[0]
    shown = sentence.words if kind == "words" else sentence.tags
    return " ".join(quoted(text) for text in shown[:SHOWN])


def _doubts_of_types(files: Files, report: TagReport) -> Iterable[str]:
    """Types that look alike, or are not likely to be meant as types, and where the rarest of them is."""
    counts = Counter(tag for file in _all(files) for sentence in file.sentences for tag in sentence.tags)
    by_type: dict[str, list[str]] = {}
    for text in counts:
        tag = report.dialect.tag(text)
        by_type.setdefault((tag and tag.type) or "", []).append(text)
    outside = by_type.pop("", [])
    for kind in sorted(kind for kind in by_type if kind in ("O", "o")):
        yield f"{_place(files, by_type[kind])}: a span of type {kind}, which is what stands outside of all spans"
    for kind in sorted(kind for kind in by_type if not kind.isprintable()):
        yield f"{_place(files, by_type[kind])}: type {kind!a} has characters in it that cannot be seen"
    for texts in by_type.values():
        if several := [text for text in texts if report.dialect.may_name_several(text)]:
            yield f"{_place(files, several)}: {shortened(several[0])} may name two labels, and is read as one type"
    tags = sum(counts[text] for texts in by_type.values() for text in texts)
    if len(by_type) > MOST_TYPES and tags < FEW_TAGS * len(by_type):
        yield f"{len(by_type):,} types in {tags:,} tags; are numbers or names in the types?"
    for kinds in look_alike([*by_type, *("O" for _ in outside[:1])]):
        rarest = min(
            (by_type.get(kind, outside) for kind in kinds), key=lambda texts: sum(counts[text] for text in texts)
        )
        only_case = len({kind.casefold() for kind in kinds}) == 1
        shown = map(shortened, kinds)
        names = " and ".join(shown if only_case else map(ascii, shown))
        how = "in upper and lower case" if only_case else "in characters that cannot be seen or look the same"
        place = _place(files, rarest)
        yield f"types {names} differ only {how}, and are read as different ones; {place} has the rarest"


def _place(files: Files, tags: Collection[str]) -> str:
    """The file and the line where one of the tags stands first."""
    return next(
        f"{file.path}:{line}"
        for file in _all(files)
        for sentence in file.sentences
        for line, text in zip(sentence.lines, sentence.tags, strict=True)
        if text in tags
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


def _doubts_of_spans(files: Files, params: ConllParams) -> Iterable[str]:
    """Files without a span, and files of a single sentence.

    Raises InputError if there is nothing to learn from train, or if a file has but one, long sentence.
    """
    nothing_to_learn = not any(map(_has_spans, files["train"]))
    for name, file in ((name, file) for name, parts in files.items() for file in parts):
        words = sum(len(sentence.words) for sentence in file.sentences)
        single = f"{file.path}: all {words:,} words are one sentence"
        if len(file.sentences) == 1 and ((name == "train" and len(files[name]) == 1) or words > LONG_SENTENCE):
            raise InputError(f"{single}; expected a blank line after each sentence")
        if len(file.sentences) == 1 and words > 1:
            yield f"{single}; is there a blank line after each sentence?"
        if _has_spans(file):
            continue
        nothing = f"{file.path}: no spans, all {words:,} tags in column {params.tag_column} are O"
        others = " and ".join(map(str, file.span_columns))
        advice = f"; spans are in column {others}" if others else ""
        if name == "train" and nothing_to_learn:
            raise InputError(f"{nothing}; set prepare_conll.tag_column to the column of the tags{advice}")
        yield f"{nothing}{advice}"


def _has_spans(file: RawFile) -> bool:
    return any(tag not in ("O", "o") for sentence in file.sentences for tag in sentence.tags)


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
