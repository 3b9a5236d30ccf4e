"""Whether the LM text is written as the training sentences are: the same tokens, a sentence a line.

If it is not, language models learn other words than the tagger asks them for, and test sentences in the text are not
recognised, so they are not dropped.
"""

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence

from ldnet.printable import quoted
from ldnet.text.lm_words import END_OF_SENTENCE, lm_form

Words = Sequence[str]
FREQUENT, AT_LEAST = 0.01, 3  # share of the training words; and how often it must be there
RARE = 0.1  # of the frequency in the training sentences
LENGTH_RATIO, RATIO_WITHOUT_TESTS = 3.0, 1.5  # where test sentences were found in the text, and where none was
IN_EACH = 0.9  # of the sentences: how often a word is there that marks each of them
LITTLE_KNOWN = 0.5
SHOWN = 5


def fitness(
    train: Sequence[Words], counts: Mapping[str, int], vocabulary: Container[str], sentences: int, dropped: int
) -> Iterator[str]:
    """What to say of the text: how many training words its vocabulary has, and what speaks against its form.

    `counts` are those of the words of the text, which has so many sentences; `dropped` test sentences were found.
    """
    words = Counter(word for sentence in train for word in sentence)
    known = known_share(words, vocabulary)
    yield f"the language models know {100 * known:.2f} % of the words in train"
    doubts = [
        *_doubts_of_words(words, counts, sentences, known),
        *_doubts_of_length(words.total() / len(train), sum(counts.values()) / sentences, bool(dropped)),
    ]
    yield from (f"note: {doubt}" for doubt in doubts)
    if doubts and not dropped:
        yield (
            "note: no test sentence was found in the LM text, and so none was dropped; if the text holds them in "
            "another form, the language models learn from them"
        )


def known_share(words: Counter[str], vocabulary: Container[str]) -> float:
    """Which share of the words, of which there is at least one, a language model with this vocabulary knows."""
    known = sum(count for word, count in words.items() if lm_form(word, vocabulary) not in (None, END_OF_SENTENCE))
    return known / words.total()


def missing_words(words: Counter[str], counts: Mapping[str, int]) -> list[str]:
    """Frequent words of train that are missing or rare in a text of these counts: it is tokenised in another way."""
    tokens = sum(counts.values())
    return [
        word
        for word, count in words.most_common()
        if count >= max(AT_LEAST, FREQUENT * words.total())
        and _frequency(word, counts, tokens) < RARE * count / words.total()
    ]


def _doubts_of_words(words: Counter[str], counts: Mapping[str, int], sentences: int, known: float) -> Iterator[str]:
    if missing := missing_words(words, counts):
        shown = ", ".join(map(quoted, missing[:SHOWN]))
        rest = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        yield (
            f"frequent training words are missing or rare in the LM text: {shown}{rest}; it looks untokenised, or "
            "tokenised in another way than the columns are"
        )
    elif known < LITTLE_KNOWN:
        yield "the LM text has few of the training words; is it tokenised as the columns are, and in their language?"
    tokens = sum(counts.values())
    if _capitals(counts) / tokens < RARE * _capitals(words) / words.total():
        yield "the LM text has hardly any capital letters, the training words have; write it as the columns are written"
    marks = (
        word
        for word, count in counts.items()
        if not word[0].isalnum()
        and count >= IN_EACH * sentences
        and words[word] / words.total() < RARE * count / tokens
    )
    if shown := ", ".join(map(quoted, sorted(marks)[:SHOWN])):
        yield f"most sentences of the LM text have {shown}, which train hardly has; are these marks? Take them away"


def _capitals(words: Mapping[str, int]) -> int:
    return sum(count for word, count in words.items() if word.lower() != word)


def _doubts_of_length(of_train: float, of_text: float, found: bool) -> Iterator[str]:
    """Words of a line, on average; `found` says whether test sentences are lines of the text."""
    ratio = LENGTH_RATIO if found else RATIO_WITHOUT_TESTS
    if not of_train / ratio <= of_text <= of_train * ratio:
        yield (
            f"a line of the LM text has {of_text:.1f} words on average, a sentence of train {of_train:.1f}; "
            "expected one sentence a line"
        )


def _frequency(word: str, counts: Mapping[str, int], tokens: int) -> float:
    form = lm_form(word, counts)
    return counts[form] / tokens if form is not None else 0.0
