"""Forms and frequencies of words."""

import random
from collections import Counter

import pytest

from pipeline.grammar.lexical_inventory import (
    LISTS,
    NAME_COUNTS,
    add_s,
    build_inventories,
    inflect_verb,
    name_words,
    read_word_lists,
    zipf,
)


@pytest.mark.parametrize(
    ("entry", "forms"),
    [
        ("report", "report reports reported reported reporting"),
        ("plan*", "plan plans planned planned planning"),
        ("move", "move moves moved moved moving"),
        ("agree", "agree agrees agreed agreed agreeing"),
        ("deny", "deny denies denied denied denying"),
        ("pray", "pray prays prayed prayed praying"),
        ("push", "push pushes pushed pushed pushing"),
        ("die", "die dies died died dying"),
        ("rise/rose/risen", "rise rises rose risen rising"),
        ("cut*/cut/cut", "cut cuts cut cut cutting"),
        ("see/saw/seen", "see sees saw seen seeing"),
    ],
)
def test_verbs_are_inflected(entry: str, forms: str) -> None:
    assert " ".join(inflect_verb(entry)) == forms


@pytest.mark.parametrize(
    ("noun", "plural"),
    [("city", "cities"), ("day", "days"), ("coach", "coaches"), ("tax", "taxes"), ("chairman", "chairmen")],
)
def test_plurals(noun: str, plural: str) -> None:
    assert add_s(noun) == plural


def test_words_are_drawn_in_proportion_to_their_rank() -> None:
    words = zipf("NN", ["first", "second", "third"], offset=0)
    rng = random.Random(1)
    counts = Counter(words.draw(rng) for _ in range(11_000))
    assert [round(counts[word] / 1000) for word in ("first", "second", "third")] == [6, 3, 2]


def test_word_lists_are_read() -> None:
    assert read_word_lists("\nA\n    x y\n    z\n\nB\n    1\n") == {"A": ["x", "y", "z"], "B": ["1"]}


def test_no_english_word_stands_twice_in_a_list() -> None:
    repeatable = {"ONSETS", "NUCLEI", "CODAS"}  # there, repetition is frequency
    repeated = {name: [w for w, n in Counter(words).items() if n > 1] for name, words in LISTS.items()}
    assert {name: words for name, words in repeated.items() if words and name not in repeatable} == {}


def test_names_are_dealt_to_the_splits_without_overlap_and_with_all_ranks() -> None:
    inventories = build_inventories(1, [])
    for kind, count in NAME_COUNTS.items():
        split_of = {form: split for split, own in inventories.splits.items() for form in own[kind].forms}
        assert len(split_of) == sum(len(own[kind].forms) for own in inventories.splits.values()) == count
        ranked = [split_of[form] for form in inventories.corpus[kind].forms]
        for start in range(0, count, 5):
            assert Counter(ranked[start : start + 5]) == {"train": 2, "dev": 1, "test": 2}


def test_reserved_words_are_never_composed() -> None:
    free = build_inventories(1, [])
    names = sorted(name_words(free.corpus))
    reserved = {name.lower() for name in names[::2]}
    again = {name.lower() for name in name_words(build_inventories(1, sorted(reserved)).corpus)}
    assert again.isdisjoint(reserved)
