"""Words that other tools make, and that no text has: marks of tokenisers, pieces of words, escapes, blanks at ends."""

import re

# What tokenisers put around sentences, in place of words, and around what they have cut (Moses: well @-@ known).
MARK = re.compile(
    r"(?i:</?s>|<(pad|unk|mask|bos|eos|cls|sep|eop|eod)>|<\|\w+\|>)|\[(CLS|SEP|PAD|MASK|UNK|BOS|EOS)\]|@[-.,/]@"
)
# What they mark the pieces of words with: WordPiece, SentencePiece, bytes in pairs (GPT-2), pairs (subword-nmt).
PIECE = re.compile(r"##\w+|[\u2581\u0120].+|.+(@@|</w>)")
ESCAPE = re.compile(r"&([A-Za-z]{2,8}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});|\\u[0-9A-Fa-f]{4}")
BLANK_AT_END = re.compile(r"\A\s|\s\Z")


def is_mark(word: str) -> bool:
    """Whether the word stands for the start or end of a sentence, for no word, or for a place where one was cut."""
    return MARK.fullmatch(word) is not None


def is_piece(word: str) -> bool:
    """Whether the word may be a piece of one. Hashtags and Maltese names may be words as well."""
    return PIECE.fullmatch(word) is not None


def has_escape(word: str) -> bool:
    """Whether the word has in it what HTML or JSON write for a character."""
    return ESCAPE.search(word) is not None


def blank_at_end(word: str) -> str:
    """The blank that a word begins or ends with, as U+00A0; '' if it does with none."""
    match = BLANK_AT_END.search(word)
    return match[0] if match else ""
