"""What is doubtful in the words of a file: marks of CSV, of other tools and of other encodings; words that are none."""

import re
from collections import Counter
from collections.abc import Callable, Iterable

from ldnet.printable import quoted, shortened
from ldnet.text.column_layout import looks_like_tag
from ldnet.text.odd_characters import NAMES, is_odd, meant
from ldnet.text.odd_words import (
    BLANK_AT_END,
    DIGIT,
    MARKED_SHARE,
    has_blank_at_end,
    has_escape,
    is_boundary,
    is_cut,
    is_marked,
    is_piece,
    is_placeholder,
    shared_mark,
)
from pipeline.text.raw_columns import RawFile

QUOTED = re.compile(r'"([^"]|"")*"')
PIECES_SHARE, FEWEST_PIECES = 0.05, 3  # of the words: fewer are hashtags
MARKS: dict[Callable[[str], bool], str] = {
    is_boundary: "delete their lines",
    is_placeholder: "put the words back",
    is_cut: "write the character alone",
}
MANY_SENTENCES, NEARLY_ALL = 20, 0.9
FEWEST_BOUNDED = 3  # sentences that begin, or end, with one word
ENDS, MANY_ENDS = frozenset(".!?。！？"), 3  # noqa: RUF001  # full-width ones, of Chinese; so many are in no sentence
MANY_WORDS, FEW_WORDS = 5000, 60  # so few different ones are parts of speech or the like


def doubts_of_words(file: RawFile) -> Iterable[str]:
    """What may not be meant to be a word, with the first place and how many there are, a line for each kind."""
    yield from _doubts_of_quotes(file)
    yield from _doubts_of_characters(file)
    yield from _doubts_of_encoding(file)
    yield from _doubts_of_blanks(file)
    yield from _doubts_of_escapes(file)
    yield from _doubts_of_marks(file)
    yield from _doubts_of_pieces(file)
    yield from _doubts_of_shared_marks(file)
    yield from _doubts_of_bounds(file)
    yield from _doubts_of_column(file)


def _places(file: RawFile, holds: Callable[[str], bool]) -> list[tuple[int, str]]:
    """The lines of such words, and the words."""
    words = {word for sentence in file.sentences for word in sentence.words}
    such = set(filter(holds, words))
    return [
        (line, word)
        for sentence in file.sentences
        for line, word in zip(sentence.lines, sentence.words, strict=True)
        if word in such
    ]


def _first(file: RawFile, places: list[tuple[int, str]]) -> str:
    """The first of the places, its word, and how many others there are."""
    line, word = places[0]
    others = f", and {len(places) - 1:,} more such words" if len(places) > 1 else ""
    return f"{file.path}:{line}: the word {quoted(word)}{others}"


def _doubts_of_quotes(file: RawFile) -> Iterable[str]:
    """Words in quotation marks, with doubled ones between them: so CSV writes words that have one."""
    places = _places(file, lambda word: '""' in word[1:-1] or word == '"')
    quoted_words = [(line, word) for line, word in places if QUOTED.fullmatch(word)]
    if quoted_words and all(word != '"' for _, word in places):
        line, word = quoted_words[0]
        bare = word[1:-1].replace('""', '"')
        others = f", and {len(quoted_words) - 1:,} more such words" if len(quoted_words) > 1 else ""
        yield (
            f"{file.path}:{line}: the word {shortened(word)}{others}; quotation marks as in CSV are read as part of "
            f"the word; if {shortened(bare)} is meant, write it without them (in pandas: quoting=csv.QUOTE_NONE)"
        )


def _doubts_of_characters(file: RawFile) -> Iterable[str]:
    """Words with characters in them that no text has."""
    if places := _places(file, is_odd):
        line, word = places[0]
        others = f", as {len(places) - 1:,} more words have," if len(places) > 1 else ""
        yield (
            f"{file.path}:{line}: the word {quoted(word)} has {NAMES} in it{others} and is read so; was the file "
            "converted from another encoding than it had?"
        )


def _doubts_of_encoding(file: RawFile) -> Iterable[str]:
    """Words in UTF-8 that was read as another encoding."""
    places = _places(file, lambda word: meant(word) is not None)
    if places and (found := meant(places[0][1])):
        yield (
            f"{_first(file, places)}; {quoted(found.word)} is meant, in UTF-8 that was read as {found.encoding}; "
            "convert the file again"
        )


def _doubts_of_blanks(file: RawFile) -> Iterable[str]:
    """Words that begin or end with what looks like a blank, as U+00A0."""
    places = _places(file, lambda word: has_blank_at_end(word) and not is_odd(word))
    if places and (blank := BLANK_AT_END.search(places[0][1])):
        yield (
            f"{_first(file, places)}; a blank that separates no words (U+{ord(blank[0]):04X}) is at an end and is read "
            "as part of the word; take it away"
        )


def _doubts_of_escapes(file: RawFile) -> Iterable[str]:
    """Words with what HTML or JSON write for a character."""
    if places := _places(file, has_escape):
        yield (
            f"{_first(file, places)}; escapes of HTML and JSON are read as they are written; write the characters that "
            "they stand for"
        )


def _doubts_of_marks(file: RawFile) -> Iterable[str]:
    """Words that tokenisers have put between words, or in the place of words."""
    for holds, remedy in MARKS.items():
        if places := _places(file, holds):
            yield f"{_first(file, places)}; marks of another tool's tokeniser are read as words; {remedy}"


def _doubts_of_pieces(file: RawFile) -> Iterable[str]:
    """Pieces of words, if there are many."""
    words = sum(len(sentence.words) for sentence in file.sentences)
    for holds, share in ((is_piece, PIECES_SHARE), (is_marked, MARKED_SHARE)):
        places = _places(file, holds)
        if len(places) >= max(FEWEST_PIECES, share * words):
            yield (
                f"{_first(file, places)}; pieces of words, as another tool's tokeniser cuts and marks them, are read "
                "as words; give whole words"
            )


def _doubts_of_shared_marks(file: RawFile) -> Iterable[str]:
    """Words that all have a sign, or a digit, in them: a language, a tag or a number is joined to them."""
    words = [*dict.fromkeys(word for sentence in file.sentences for word in sentence.words)]
    if mark := shared_mark(words):
        shown = mark if mark == DIGIT else quoted(mark)
        yield (
            f"{file.path}: all words have {shown} in them, the first of them {', '.join(map(quoted, words[:3]))}; are "
            "these the words alone, and is prepare_conll.word_column right?"
        )


def _doubts_of_bounds(file: RawFile) -> Iterable[str]:
    """Sentences that all begin, or end, with a word that is none; and those that are several."""
    several = [sentence.words for sentence in file.sentences if len(sentence.words) > 1]
    for place, do in ((0, "begin"), (-1, "end")):
        counts = Counter(words[place] for words in several)
        word, count = counts.most_common(1)[0] if counts else ("", 0)
        if count >= max(FEWEST_BOUNDED, NEARLY_ALL * len(several)) and _may_be_mark(word, place):
            yield (
                f"{file.path}: {count:,} of {len(several):,} sentences {do} with {quoted(word)}; is this a mark of "
                "another tool, and no word? Delete its lines"
            )
    ends = sum(word in ENDS for words in several for word in words)
    if len(several) > 1 and ends >= MANY_ENDS * len(several):
        yield (
            f"{file.path}: a sentence has {ends / len(several):.1f} full stops on average; is there a blank line after "
            "each sentence?"
        )


def _may_be_mark(word: str, place: int) -> bool:
    """Whether a first, or last, word of nearly all sentences is none: BOS, <sentence>. Full stops do end sentences."""
    if is_boundary(word) or (place == -1 and not any(map(str.isalnum, word))):
        return False  # which is told, or in order
    return len(word) > 1 and not (word.isalpha() and not word.isupper())


def _doubts_of_column(file: RawFile) -> Iterable[str]:
    """Words that are rather parts of speech, tags or names of documents than words."""
    words = Counter(word for sentence in file.sentences for word in sentence.words)
    several = [sentence.words for sentence in file.sentences if len(sentence.words) > 1]
    same = [sentence for sentence in several if len(set(sentence)) == 1]
    if words.total() >= MANY_WORDS and len(words) < FEW_WORDS:
        yield (
            f"{file.path}: only {len(words)} different words in {words.total():,}, the first of them "
            f"{', '.join(map(quoted, list(words)[:3]))}; is prepare_conll.word_column right?"
        )
    elif len(words) > 1 and all(map(looks_like_tag, words)):
        yield (
            f"{file.path}: all words look like tags, the first of them {', '.join(map(quoted, list(words)[:3]))}; is "
            "prepare_conll.word_column right?"
        )
    elif len(several) >= MANY_SENTENCES and len(same) >= NEARLY_ALL * len(several):
        yield (
            f"{file.path}: {len(same):,} of {len(several):,} sentences have the same word throughout, the first of "
            f"them {quoted(same[0][0])}; is prepare_conll.word_column right?"
        )
