"""LM text that is not written as the training sentences are is told from text that is."""

from collections import Counter

import pytest

from pipeline.corpus.fitness import fitness

TRAIN = [sentence.split() for sentence in ("Ada left , too .", "The house , red .", "( Ada ) was here .", "So , yes .")]


def said(*text: str, dropped: int = 0) -> list[str]:
    """What is said of this text, all of whose words are known, without the share of known words."""
    counts = Counter(word for line in text for word in line.split())
    first, *others = fitness(TRAIN, counts, counts, len(text), dropped)
    assert first.startswith("the language models know ") and first.endswith(" % of the words in train")
    return others


def test_text_like_the_training_sentences() -> None:
    assert said("Ada left , too .", "The house , red .", "So -LRB- yes -RRB- , she was here .", dropped=1) == []
    assert next(iter(fitness(TRAIN, Counter(Ada=1), Counter(Ada=1), 1, 0))).split()[4] == f"{100 * 2 / 20:.2f}"


@pytest.mark.parametrize("end", [".", "!"])
def test_untokenised_text(end: str) -> None:
    told = said(*[f"Ada left, too{end}", f"The house, red{end}", "So , yes, she ( or he ) was here."] * 2)
    assert told[0].startswith("note: frequent training words are missing or rare in the LM text: '.'")
    assert told[1].startswith("note: no test sentence was found in the LM text, and so none was dropped;")
    assert len(said("Ada left, too.", dropped=1)) == 1


def test_paragraphs_and_words_a_line() -> None:
    (note, _) = said(" ".join(["Ada left , too ."] * 9))
    assert note.startswith(
        "note: a line of the LM text has 45.0 words on average, a sentence of train 5.0; expected one"
    )
    (note, _) = said(*["Ada", "left", ",", "too", ".", "The", "house", ",", "red", ".", "So", ",", "yes", "."])
    assert "has 1.0 words on average" in note


def test_marks_and_letters_that_training_sentences_do_not_have() -> None:
    like = ["Ada left , too .", "The house , red .", "So , yes ."]
    assert said(*like, dropped=1) == []
    (note, _) = said(*[f"<s> {line} </s>" for line in like])
    assert note == (
        "note: most sentences of the LM text have '</s>', '<s>', which train hardly has; are these marks? "
        "Take them away"
    )
    assert said(*[f"- {line}" for line in like])[0].startswith("note: most sentences of the LM text have '-'")
    (note, _) = said(*[line.lower() for line in like])
    assert note.startswith("note: the LM text has hardly any capital letters, the training words have")


def test_two_sentences_a_line_are_doubted_where_no_test_sentence_was_found() -> None:
    two = ["Ada left , too . The house , red .", "So , yes . She was here ."]
    assert said(*two, dropped=1) == []
    assert len(said(*two)) == 2


def test_another_language() -> None:
    told = said(*["Das Haus , rot .", "Ja , ging ."] * 3)
    assert (
        told[0]
        == "note: the LM text has few of the training words; is it tokenised as the columns are, and in their language?"
    )
