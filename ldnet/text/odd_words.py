"""Words that other tools make, and that no text has: marks of tokenisers, pieces of words, escapes, blanks at ends."""

import re
import unicodedata
from collections.abc import Sequence
from html.entities import html5

# What tokenisers put around sentences, in place of words, and around what they have cut (Moses: well @-@ known).
BOUNDARY = re.compile(r"(?i:</?s>|<(pad|bos|eos|cls|sep|eop|eod)>|<\|\w+\|>)|\[(CLS|SEP|PAD|BOS|EOS)\]")
PLACEHOLDER = re.compile(r"(?i:<(unk|mask)>)|\[(UNK|MASK)\]")
CUT = re.compile(r"@[-.,/]@")
# What they mark the pieces of words with: WordPiece, bytes in pairs (subword-nmt); SentencePiece and GPT-2, which so
# mark most words.
PIECE = re.compile(r"##\w+|.+(@@|</w>)")
MARKED = re.compile(r"[\u2581\u0120].+")
MARKED_SHARE = 0.3  # of the words of text that was cut; fewer are names that begin with the letter of GPT-2's mark
ENTITY = re.compile(r"&(#\d{1,7};|#[xX][0-9A-Fa-f]{1,6};|[A-Za-z]{2,8};)")
CODE_POINT = re.compile(r"(?<![\\:])\\u[0-9A-Fa-f]{4}")  # not a folder of Windows
LINE_END = re.compile(r"(\\[nrt])+")
BLANK_AT_END = re.compile(r"\A\s|\s\Z")
FEWEST_SHARING, SHARED = 4, 0.98  # different words; and which share of them, for none has it by chance
DIGIT = "a digit"


def is_boundary(word: str) -> bool:
    """Whether the word stands for the start or end of a sentence, or for no word."""
    return BOUNDARY.fullmatch(word) is not None


def is_placeholder(word: str) -> bool:
    """Whether the word stands in the place of one that is not known, or that was taken out."""
    return PLACEHOLDER.fullmatch(word) is not None


def is_cut(word: str) -> bool:
    """Whether the word stands for a character at which a word was cut."""
    return CUT.fullmatch(word) is not None


def is_piece(word: str) -> bool:
    """Whether the word may be a piece of one. A hashtag may be one as well."""
    return PIECE.fullmatch(word) is not None


def is_marked(word: str) -> bool:
    """Whether the word may be marked as one that a blank stood before. A Maltese name may begin with that letter."""
    return MARKED.fullmatch(word) is not None


def has_escape(word: str) -> bool:
    """Whether the word has in it what HTML or JSON write for a character."""
    entities = (match[1] for match in ENTITY.finditer(word))
    codes = CODE_POINT.search(word) or LINE_END.fullmatch(word)
    return any(name[0] == "#" or name in html5 for name in entities) or codes is not None


def has_blank_at_end(word: str) -> bool:
    """Whether the word begins or ends with what looks like a blank, as U+00A0."""
    return BLANK_AT_END.search(word) is not None


def shared_mark(words: Sequence[str]) -> str:
    """What nearly all of these different words have, and those of no language: a sign, as in en:Paris, or a digit.

    '' for nothing. What marks pieces of words is no such sign.
    """
    if len(words) < FEWEST_SHARING:
        return ""
    signs = {sign for word in words[:FEWEST_SHARING] for sign in map(_sign, word)} - {""}
    return next((sign for sign in sorted(signs) if _count(sign, words) >= SHARED * len(words)), "")


def _sign(character: str) -> str:
    if character.isdecimal():
        return DIGIT
    is_sign = unicodedata.category(character)[0] in "PS" and not MARKED.match(f"{character}x")
    return character if is_sign else ""


def _count(sign: str, words: Sequence[str]) -> int:
    if sign == DIGIT:
        return sum(any(map(str.isdecimal, word)) for word in words)
    return sum(sign in word for word in words)
