"""Test sentences that are in the LM text in another form, so that they are not recognised and not dropped.

The text may have a number or a label before each sentence, or a score behind it; or the first word of each sentence is
written as it is within one.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from ldnet.printable import quoted
from ldnet.text.columns import sentence_hash

Altered = Mapping[str, Mapping[str, str]]  # by form: the word that is other, by the hash of the test sentence
LOOKED_AT = 4000  # lines of a part, at least, if it has so many: they are spread over it
FEWEST_WORDS = 4  # of a line: shorter ones are like others by chance
FEWEST = 3  # test sentences: fewer are quotations and the like
SHARE = 0.02  # of the test sentences that are there as they are; these are counted in all lines, the others in some
SHOWN = 3
BEFORE, BEHIND, CASE = "before", "behind", "case"
IN_WORDS = {
    BEFORE: ("with one more word before them", "if that is a number or a label, take it away from all lines"),
    BEHIND: ("with one more word behind them", "if that is a number or a label, take it away from all lines"),
    CASE: ("with another case of their first letter", "write first words as the columns have them"),
}


def altered_tests(sentences: Sequence[bytes], test_hashes: Collection[str]) -> Altered:
    """Which test sentences are among these lines in another form. None of the lines is a test sentence as it is.

    Of many lines some are looked at: three more hashes of each would take as long as all else that is done with it.
    """
    found: dict[str, dict[str, str]] = {form: {} for form in IN_WORDS}
    for sentence in sentences[:: len(sentences) // LOOKED_AT | 1]:  # odd: of lines in pairs, both kinds are looked at
        if sentence.count(b" ") < FEWEST_WORDS - 1:
            continue
        text = sentence.decode()
        first, _, without_first = text.partition(" ")
        without_last, _, last = text.rpartition(" ")
        forms = {
            BEFORE: (without_first, first),
            BEHIND: (without_last, last),
            CASE: (text[0].swapcase() + text[1:], first),
        }
        for form, (other, word) in forms.items():
            if (digest := sentence_hash((other,))) in test_hashes:
                found[form].setdefault(digest, word)
    return {form: words for form, words in found.items() if words}


def merged(parts: Iterable[Altered]) -> Altered:
    """What was found in several parts of a text."""
    found: dict[str, dict[str, str]] = {}
    for part in parts:
        for form, words in part.items():
            found[form] = {**words, **found.get(form, {})}
    return found


def doubts_of_altered_tests(found: Altered, dropped: int) -> Iterator[str]:
    """What to say of these test sentences, a line for each form; so many sentences were dropped from the text."""
    for form, words in found.items():
        if len(words) >= max(FEWEST, SHARE * dropped):
            how, remedy = IN_WORDS[form]
            shown = ", ".join(map(quoted, list(dict.fromkeys(words.values()))[:SHOWN]))
            yield (
                f"at least {len(words):,} test sentences are in the LM text {how} ({shown}), and so are not dropped: "
                f"the language models learn from them; {remedy}"
            )
