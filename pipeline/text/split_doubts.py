"""What is doubtful in the splits of a tagged corpus: files, columns, tags, types, sentences."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from typing import Literal

from ldnet.errors import InputError
from ldnet.printable import quoted, shortened
from ldnet.text.column_layout import LONG_SENTENCE, named_word_column
from pipeline.params import ConllParams
from pipeline.text.raw_columns import Files, RawFile, all_files
from pipeline.text.tag_dialect import look_alike
from pipeline.text.tag_scheme import TagReport
from pipeline.text.word_doubts import MANY_SENTENCES, NEARLY_ALL, doubts_of_words

MOST_TYPES = 20  # that are named
FEW_TAGS = 3  # of a type, if there are many types
SHOWN = 3  # words of a file, and the like
FEWEST_KNOWN, FEWEST_OTHERS, KNOWN = 50, 20, 0.1  # different words of train, of another file; and the share of these
FEW_CAPITALS = 0.1  # of the share of words with capital letters that train has
FEWEST_COPIES, COPIES = 10, 0.5  # sentences of several words in a file; and how many of them are copies of others
FEWEST_NEIGHBOURS, NEIGHBOURS = 3, 0.1  # spans next to others of their type, where no span has more than a word
SPLIT_NAME = re.compile(r"(train|dev|devel|valid|val|validation|test)\b|(train|dev|valid|test)[ab_]", re.IGNORECASE)


def doubts_of_splits(files: Files, report: TagReport, params: ConllParams) -> Iterator[str]:
    """What was read in a way that the user may not want.

    Raises InputError if there is nothing to learn from train, or if a file has but one, long sentence.
    """
    yield from _doubts_of_files(files)
    yield from _doubts_of_widths(files, params)
    yield from _doubts_of_vocabularies(files)
    yield from _doubts_of_tags(files, report)
    yield from _doubts_of_types(files, report)
    for file in all_files(files):
        yield from doubts_of_words(file)
        yield from _doubts_of_columns(file, params)
        yield from _doubts_of_sentences(file)
        yield from _doubts_of_copies(file)
    yield from _doubts_of_spans(files, params)


def _doubts_of_files(files: Files) -> Iterable[str]:
    """Files beside those that are read, which are named as a split is."""
    taken = {file.path for file in all_files(files)}
    beside = {path for folder in {path.parent for path in taken} for path in folder.iterdir() if path.is_file()}
    if others := sorted(path.name for path in beside - taken if SPLIT_NAME.match(path.name)):
        shown = f"{', '.join(others[:SHOWN])}{', ...' if len(others) > SHOWN else ''}"
        yield f"not read: {shown}; prepare_conll.train, dev and test say which files are (train*.txt: several)"


def _doubts_of_widths(files: Files, params: ConllParams) -> Iterable[str]:
    """Files with more or fewer columns than the first one, in which the same numbers may name other columns."""
    first, *others = all_files(files)
    for file in others:
        if file.layout.width != first.layout.width:
            yield (
                f"{file.path}: {file.layout.width} columns, but {first.path.name} has {first.layout.width}; "
                f"prepare_conll.word_column {params.word_column} finds {_beginning(file, 'words')} there and "
                f"{_beginning(first, 'words')} in {first.path.name}, tag_column {params.tag_column} "
                f"{_beginning(file, 'tags')} and {_beginning(first, 'tags')}; if these are not the same, give "
                "all files the same columns"
            )


def _doubts_of_vocabularies(files: Files) -> Iterable[str]:
    """Files of dev and test with other words than train, or written in another way: without capital letters."""
    train = {word for file in files["train"] for sentence in file.sentences for word in sentence.words}
    of_train = _capitals(train)
    for file in (file for name, parts in files.items() if name != "train" for file in parts):
        words = {word for sentence in file.sentences for word in sentence.words if any(map(str.isalpha, word))}
        if len(train) < FEWEST_KNOWN or len(words) < FEWEST_OTHERS:
            continue
        if (known := len(words & train)) < KNOWN * len(words):
            yield (
                f"{file.path}: train has {known:,} of its {len(words):,} different words; are these words, and of the "
                "language of train?"
            )
        capitals = _capitals(words)
        if min(capitals, of_train) < FEW_CAPITALS * max(capitals, of_train):
            which, others = ("it has", "train has") if capitals < of_train else ("train has", "it has")
            yield f"{file.path}: {which} hardly any capital letters, {others}; write all files in one way"


def _capitals(words: Collection[str]) -> float:
    """Which share of the words has capital letters in it."""
    return sum(word.lower() != word for word in words) / max(1, len(words))


def _beginning(file: RawFile, kind: Literal["words", "tags"]) -> str:
    sentence = file.sentences[0]
    shown = sentence.words if kind == "words" else sentence.tags
    return " ".join(quoted(text) for text in shown[:SHOWN])


def _doubts_of_tags(files: Files, report: TagReport) -> Iterable[str]:
    """Slips, types without prefixes, and spans that may be one."""
    yield from _doubts_of_neighbours(files, report)
    if report.slips:
        yield f"{report.slips_in_words()}; read as conlleval does (prepare_conll.slips: refuse stops at them)"
    if report.dialect.alone:
        counts = Counter(tag for file in all_files(files) for sentence in file.sentences for tag in sentence.tags)
        types_alone = [shortened(kind) for kind, _ in counts.most_common() if kind not in ("O", "o")]
        yield (
            f"types stand without B- or I- ({', '.join(types_alone[:MOST_TYPES])}"
            f"{', ...' if len(types_alone) > MOST_TYPES else ''}): neighbours of one type are read as one span"
            f"{_prefixes_beside(files)}"
        )


def _doubts_of_neighbours(files: Files, report: TagReport) -> Iterable[str]:
    """Spans next to others of their type, where all tags begin a span: they may be parts of one."""
    if report.dialect.alone or set(report.dialect.letters) != {"B"}:
        return
    tags = [sentence.tags for file in all_files(files) for sentence in file.sentences]
    outside = ("O", "o")
    number = sum(tag not in outside for of_sentence in tags for tag in of_sentence)
    neighbours = sum(
        tag == before and tag not in outside for of_sentence in tags for before, tag in pairwise(of_sentence)
    )
    if neighbours >= max(FEWEST_NEIGHBOURS, NEIGHBOURS * number):
        begin, inside = report.dialect.shown("B"), report.dialect.shown("I")
        yield (
            f"all tags begin with {begin}, so that each is a span of one word, and {neighbours:,} of {number:,} follow "
            f"another one of their type; write {inside} for words that continue a span"
        )


def _prefixes_beside(files: Files) -> str:
    """Where the prefixes of types seem to be instead, in words; '' for nowhere."""
    beside = next((file for file in all_files(files) if file.prefix_columns), None)
    if beside is None:
        return ""
    found = f"column {beside.prefix_columns[0]} of {beside.path.name} seems to have their B and I"
    return f", although {found}; write both as one tag (B-PER)"


def _doubts_of_types(files: Files, report: TagReport) -> Iterable[str]:
    """Types that look alike, or are not likely to be meant as types, and where the rarest of them is."""
    counts = Counter(tag for file in all_files(files) for sentence in file.sentences for tag in sentence.tags)
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
        for file in all_files(files)
        for sentence in file.sentences
        for line, text in zip(sentence.lines, sentence.tags, strict=True)
        if text in tags
    )


def _doubts_of_columns(file: RawFile, params: ConllParams) -> Iterable[str]:
    """Lines and columns that are not what is said of them."""
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


def _doubts_of_sentences(file: RawFile) -> Iterable[str]:
    """Sentences that seem to begin or end elsewhere."""
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


def _doubts_of_copies(file: RawFile) -> Iterable[str]:
    """Files that were put together of copies."""
    several = [sentence.words for sentence in file.sentences if len(sentence.words) > 1]
    different = len(set(several))
    if len(several) >= FEWEST_COPIES and different <= (1 - COPIES) * len(several):
        yield (
            f"{file.path}: {different:,} different sentences among {len(several):,} of several words; was the file put "
            "together of copies?"
        )


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
