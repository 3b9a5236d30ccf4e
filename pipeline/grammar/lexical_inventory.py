"""The words of the generated language: which forms there are, and how often each is drawn.

A word class (the terminals of the productions, such as `TRANS.VBD` or `LOC`) is a list of forms with Zipf-Mandelbrot
weights. The frequent forms are common English; the tail is composed of syllables, so that the vocabulary reaches a
few thousand forms and a tagger meets words it has never seen. Names are made by the same syllables whatever their
type: spelling does not tell a person from a place or an organisation. Each name has one dominant type. The classes
with a `~` mix in names of other dominant types; productions use them only where the context tells the type.
"""

import itertools
import math
import random
from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.grammar.word_lists import WORD_LISTS

# Word classes by part of speech; verbs have six forms each, nouns two.
VERBS = ("TRANS", "SAY", "INTENT", "INTRANS", "MARKET", "PHRASAL", "PERSONAL", "CORPORATE", "SPORT")
NOUNS = ("THING", "ROLE", "INSTITUTION", "PLACE", "GOODS", "AMOUNT")
OTHERS = {"ADJ": "JJ", "STATE": "JJ", "ADV": "RB", "PREP": "IN", "SUBORDINATOR": "IN", "PARTICLE": "RP", "TITLE": "NNP"}
OTHERS |= {"COMPANY": "NNP", "EVENT": "NNP", "REGION": "NNP", "DAY": "NNP", "MONTH": "NNP", "NUMBER": "CD", "SET": "CD"}
# Words of syllables in a class's tail.
MADE_COUNTS = {"TRANS": 120, "THING": 260, "ROLE": 30, "GOODS": 40, "ADJ": 120}
# Names per dominant type, the most frequent first. FIRST are persons' first names.
NAME_COUNTS = {"PER": 220, "FIRST": 80, "LOC": 200, "ORG": 200, "MISC": 60}
NATIONS = 60  # as many places, from the most frequent on, have an adjective
# Of every five neighbouring ranks two names go to train, one to dev, two to test.
SPLIT_PATTERN = ("train", "train", "dev", "test", "test")
# Classes that mix dominant types: how much of the draws each type's names get.
MIXTURES = {
    "PER~": {"PER": 0.90, "LOC": 0.05, "ORG": 0.05},
    "LOC~": {"LOC": 0.90, "PER": 0.05, "ORG": 0.05},
    "ORG~": {"ORG": 0.86, "PER": 0.07, "LOC": 0.07},
    "TEAM": {"ORG": 0.60, "LOC": 0.40},
}


def read_word_lists(table: str) -> dict[str, list[str]]:
    """The lists of the table by name."""
    lists: dict[str, list[str]] = {}
    name = ""
    for line in table.splitlines():
        if line.startswith(" "):
            lists[name] += line.split()
        elif line:
            name = line
            lists[name] = []
    return lists


LISTS = read_word_lists(WORD_LISTS)


@dataclass(frozen=True)
class WordClass:
    """Forms of one part of speech, with cumulative weights that end at 1."""

    part_of_speech: str
    forms: Sequence[str]
    cumulative: Sequence[float]

    def draw(self, rng: random.Random) -> str:
        """One form, by weight."""
        return self.forms[bisect(self.cumulative, rng.random())]


Inventory = dict[str, WordClass]


@dataclass(frozen=True)
class Inventories:
    """The word classes by name: for the LM corpus with all names, for each split with that split's names only."""

    corpus: Inventory
    splits: dict[str, Inventory]


def build_inventories(seed: int, reserved: Sequence[str]) -> Inventories:
    """All words of the language that belongs to `seed`. No composed word is one of the `reserved` ones."""
    rng = random.Random(f"words {seed}")
    common = _common_words(rng, reserved)
    taken = {form.lower() for word_class in common.values() for form in word_class.forms}
    taken.update(map(str.lower, reserved))
    names = {kind: [word.capitalize() for word in _new_words(rng, n, taken)] for kind, n in NAME_COUNTS.items()}
    nations = {place: _nation(rng, place, taken) for place in names["LOC"][:NATIONS]}
    split_of = {name: split for kind in names for name, split in zip(names[kind], _deal_splits(rng), strict=False)}
    splits = {}
    for split in sorted(set(SPLIT_PATTERN)):
        own = {kind: {name for name in names[kind] if split_of[name] == split} for kind in names}
        splits[split] = common | _name_classes(names, own, nations)
    return Inventories(common | _name_classes(names, {k: set(n) for k, n in names.items()}, nations), splits)


def name_words(inventory: Inventory) -> set[str]:
    """Every form that `inventory` may use as a name, adjectives of nationality included."""
    return {form for kind in (*NAME_COUNTS, "NATION") for form in inventory[kind].forms}


def zipf(part_of_speech: str, forms: Iterable[str], offset: float = 2.0) -> WordClass:
    """Weights 1 / (rank + offset): Zipf's law, as flattened at its head by Mandelbrot."""
    forms = list(forms)
    return _weighted(part_of_speech, forms, [1 / (rank + offset) for rank in range(1, len(forms) + 1)])


def inflect_verb(entry: str) -> tuple[str, ...]:
    """Base, third person, past, participle and gerund of `plan*`, `report` or `rise/rose/risen`."""
    base, *irregular = entry.split("/")
    stem = base.rstrip("*")
    if base.endswith("*"):
        doubled = stem + stem[-1]
    elif stem.endswith("e") and not stem.endswith("ee"):
        doubled = stem[:-1]
    else:
        doubled = stem
    regular = stem[:-1] + "ied" if _consonant_y(stem) else stem + "d" if stem.endswith("e") else doubled + "ed"
    past, participle = irregular or (regular, regular)
    gerund = "dying" if stem == "die" else doubled + "ing"
    return stem, add_s(stem), past, participle, gerund


def add_s(stem: str) -> str:
    """The plural of a noun, the third person of a verb."""
    if stem.endswith("man"):
        return stem[:-2] + "en"
    if _consonant_y(stem):
        return stem[:-1] + "ies"
    return stem + ("es" if stem.endswith(("s", "x", "z", "ch", "sh")) else "s")


def _consonant_y(stem: str) -> bool:
    return stem.endswith("y") and stem[-2] not in "aeou"


def _common_words(rng: random.Random, reserved: Sequence[str]) -> Inventory:
    """Everything but the names: English first, then words made of syllables, none of them English or reserved."""
    nouns_and_verbs = [inflect_verb(entry)[0] for entry in LISTS["HOMOGRAPHS"]]
    entries = LISTS | {
        "TRANS": _interleave(LISTS["HOMOGRAPHS"], LISTS["TRANSITIVE"]),
        "THING": _interleave(nouns_and_verbs, LISTS["THINGS"]),
    }
    taken = {form for kind in VERBS for entry in entries[kind] for form in inflect_verb(entry)}
    taken.update(itertools.chain(*(entries[kind] for kind in (*NOUNS, *OTHERS)), reserved))
    for kind, count in MADE_COUNTS.items():
        entries[kind] = entries[kind] + _new_words(rng, count, taken)
    classes = {kind: zipf(tag, entries[kind]) for kind, tag in OTHERS.items()} | _numeral_classes()
    for kind in VERBS:
        columns = zip(*map(inflect_verb, entries[kind]), strict=True)
        for tag, forms in zip(("VB", "VBZ", "VBD", "VBN", "VBG"), columns, strict=True):
            classes[f"{kind}.{tag}"] = zipf(tag, forms)
        classes[f"{kind}.VBP"] = zipf("VBP", classes[f"{kind}.VB"].forms)
    for kind in NOUNS:
        classes[f"{kind}.NN"] = zipf("NN", entries[kind])
        classes[f"{kind}.NNS"] = zipf("NNS", map(add_s, entries[kind]))
    return classes


def _numeral_classes() -> Inventory:
    digits = range(10)
    return {
        "AGE": zipf("CD", map(str, range(24, 70)), 40),
        "DATE": zipf("CD", map(str, range(1, 32)), 40),
        "YEAR": zipf("CD", map(str, range(1997, 1977, -1))),
        "DECIMAL": zipf("CD", (f"{whole}.{tenth}" for whole in digits for tenth in digits if whole + tenth), 10),
        "ROUND": zipf("CD", map(str, [*range(2, 20), *range(20, 1000, 20)])),
        "SCORE": zipf("CD", (f"{won}-{lost}" for won in range(1, 6) for lost in range(won))),
    }


def _name_classes(names: dict[str, list[str]], own: dict[str, set[str]], nations: dict[str, str]) -> Inventory:
    """The name classes, with weight on the names in `own` only. Ranks are those among all names."""
    weights = {
        kind: {name: 1 / (rank + 25) for rank, name in enumerate(names[kind]) if name in own[kind]} for kind in names
    }
    weights["NATION"] = {
        adjective: weights["LOC"][place] for place, adjective in nations.items() if place in own["LOC"]
    }
    for mixture, shares in MIXTURES.items():
        totals = {kind: math.fsum(weights[kind].values()) for kind in shares}  # sum() rounds differently since 3.12
        weights[mixture] = {
            name: share * weight / totals[kind]
            for kind, share in shares.items()
            for name, weight in weights[kind].items()
        }
    return {
        kind: _weighted("JJ" if kind == "NATION" else "NNP", list(table), list(table.values()))
        for kind, table in weights.items()
    }


def _weighted(part_of_speech: str, forms: Sequence[str], weights: Sequence[float]) -> WordClass:
    masses = list(itertools.accumulate(weights))
    return WordClass(part_of_speech, forms, [mass / masses[-1] for mass in masses])


def _interleave(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """Alternate, then the rest of the longer one, without repetitions: both kinds get frequent ranks."""
    pairs = itertools.chain.from_iterable(itertools.zip_longest(first, second))
    return list(dict.fromkeys(word for word in pairs if word is not None))


def _deal_splits(rng: random.Random) -> Iterable[str]:
    """Splits for ranks 1, 2, ...: the pattern, shuffled again for every five names."""
    while True:
        yield from sorted(SPLIT_PATTERN, key=lambda _: rng.random())


def _nation(rng: random.Random, place: str, taken: set[str]) -> str:
    """An adjective for the place, not in `taken`, which grows by it."""
    while True:
        adjective = place.rstrip("aeiou") + _choose(rng, LISTS["NATIONS"])
        if adjective.lower() not in taken:
            taken.add(adjective.lower())
            return adjective


def _choose(rng: random.Random, choices: Sequence[str]) -> str:
    # Of the random methods, random() alone is promised to give the same numbers in every Python version.
    return choices[int(rng.random() * len(choices))]


def _new_words(rng: random.Random, count: int, taken: set[str]) -> list[str]:
    """Words of two or three syllables that are not in `taken`, which grows by them."""
    codas = [*LISTS["CODAS"], "", "", ""]
    words: list[str] = []
    while len(words) < count:
        syllables = 2 + (rng.random() < 0.25)
        stem = "".join(_choose(rng, LISTS["ONSETS"]) + _choose(rng, LISTS["NUCLEI"]) for _ in range(syllables))
        word = stem + _choose(rng, codas)
        if len(word) <= 9 and word not in taken and not any(part in word for part in LISTS["UNWANTED"]):
            words.append(word)
            taken.add(word)
    return words
