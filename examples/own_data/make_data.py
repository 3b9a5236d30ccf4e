# ruff: noqa: RUF001, RUF002, RUF003 (Greek letters are meant)
"""Stands in for your own data: Greek sentences with names of people (PER), places (LOC) and organisations (ORG).

    python examples/own_data/make_data.py my-data

writes into the folder my-data: train.txt, dev.txt and test.txt (tab-separated columns: index, word, lemma, tag in
IOB1), lm/news.txt (text, one tokenised sentence a line) and vectors.txt (word vectors in GloVe's format, made from the
text by counting neighbours). The same seed gives the same sentences.

Many names do not say what they are: Σοφία is a woman or a city, Άρης a man or a club, and of the invented ones, such as
Ροδίτσα, only the text tells which are women, villages or firms. Most of those in dev and test do not occur in train.
One sentence in ten is in decomposed Unicode (accents as characters of their own), as some editors write it; İzmir gets
longer in lower case, ΐ (in Μαΐου) in upper case; the question mark is U+037E, the semicolon a middle dot.
"""

import argparse
import random
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

TRAIN, DEV, TEST, TEXT = 500, 150, 250, 8000  # sentences
DIMENSION = 32  # of the word vectors
WINDOW = 2  # words on each side that count as neighbours
RARE = 3  # words seen less often have no vector
DECOMPOSED = 0.1  # share of sentences

# A slot {KIND:case} is filled with a name; the cases of masculine names are written nom, acc and gen.
MEN = ["Άρης Άρη Άρη", "Ηρακλής Ηρακλή Ηρακλή", "Γιάννης Γιάννη Γιάννη", "Νίκος Νίκο Νίκου", "Σπύρος Σπύρο Σπύρου"]
CLUBS = ["Άρης Άρη Άρη", "Ηρακλής Ηρακλή Ηρακλή", "Πανιώνιος Πανιώνιο Πανιωνίου", "Αστέρας Αστέρα Αστέρα"]
WOMEN = ["Σοφία", "Ολυμπία", "Αθηνά", "Μαρία", "Ελένη", "Μαΐα"]
PLACES = ["Σοφία", "Ολυμπία", "Αθήνα", "Κοζάνη", "İzmir", "Νέα Μάκρη", "Κάτω Αχαΐα"]
FIRMS = ["Τράπεζα Πειραιώς", "Αθηνά", "Ολυμπία", "Ένωση Ναυτικών"]
SURNAMES = ["Παπαδοπούλου", "Γεωργίου", "Καραΐσκου", "Μαυρίδη", "Αλεξάκη"]
STEMS = [
    "Ροδ",
    "Καστρ",
    "Λεμ",
    "Βασιλ",
    "Γαρδ",
    "Δροσ",
    "Ζαχαρ",
    "Θυμ",
    "Κορ",
    "Λυγ",
    "Μελ",
    "Ξαν",
    "Παρ",
    "Σταμ",
    "Φλωρ",
    "Χρυσ",
    "Αγραμπ",
    "Νεραντζ",
    "Πλατ",
    "Κερασ",
]
ENDINGS = ["ίτσα", "ούλα", "ίνα", "ώνη", "άντζα"]

# The first templates of each kind tell what a name is, the last ones do not: there, only the name itself is known.
TEMPLATES = """
Η {WOMAN} {SURNAME} γεννήθηκε στη {PLACE} το {YEAR} .
Ο {MAN:nom} παντρεύτηκε τη {WOMAN} στην εκκλησία .
« Δεν θα παραιτηθώ » , είπε η {WOMAN} {SURNAME} στους δημοσιογράφους .
Η γιατρός {WOMAN} ζει με τον αδελφό της , τον {MAN:acc} .
Πότε θα έρθει ο {MAN:nom} από τη {PLACE} \u037e
Ο μαΐστρος φύσηξε δυνατά και ο {MAN:nom} γύρισε στη {PLACE} .
Ο {CLUB:nom} κέρδισε τον {CLUB:acc} με {GOALS} - 1 .
{CLUB:nom} {CLUB:nom} {GOALS} - 0 στο ημίχρονο .
Οι παίκτες του {CLUB:gen} έφτασαν αργά στη {PLACE} .
Χιόνια έπεσαν χθες στη {PLACE} και στη γύρω περιοχή .
Ο δρόμος από τη {PLACE} προς τη {PLACE} έκλεισε \u00b7 το ποτάμι ξεχείλισε .
Οι κάτοικοι της κωμόπολης {PLACE} ζητούν σχολείο .
Η {FIRM} έχασε {GOALS} % στο χρηματιστήριο .
Η {FIRM} ανακοίνωσε κέρδη και προσλαμβάνει εργάτες .
Η εταιρεία {FIRM} αγόρασε το εργοστάσιο το {YEAR} .
Πού πήγε η {WOMAN} \u037e
Πού είναι η {PLACE} \u037e
Τι έκανε η {FIRM} \u037e
Όλοι μιλούν για τη {WOMAN} .
Όλοι μιλούν για τη {PLACE} .
Όλοι μιλούν για τη {FIRM} .
Θυμήθηκε πάλι τη {WOMAN} εκείνο το βράδυ .
Θυμήθηκε πάλι τη {PLACE} εκείνο το βράδυ .
Θυμήθηκε πάλι τη {FIRM} εκείνο το βράδυ .
Το βιβλίο γράφτηκε το {YEAR} και διαβάζεται ακόμη .
Η σοφία των λαών δεν αγοράζεται , λένε οι γέροι .
ΤΑ ΝΕΑ ΤΗΣ ΗΜΕΡΑΣ
""".strip().split("\n")
# Four sentences in ten begin with one of these.
OPENINGS = """
Χθες
Στις {DAY} Μαΐου
Το {YEAR}
Όπως έγραψαν οι εφημερίδες ,
Σύμφωνα με τον {MAN:acc} ,
Ευτυχώς
Την ίδια εβδομάδα
Λίγο αργότερα
""".strip().split("\n")
OPENED = 0.4
TYPES = {"WOMAN": "PER", "MAN": "PER", "SURNAME": "PER", "PLACE": "LOC", "CLUB": "ORG", "FIRM": "ORG"}
CASES = {"nom": 0, "acc": 1, "gen": 2}
NUMBERS = {"YEAR": (1950, 2020), "GOALS": (2, 9), "DAY": (1, 31)}
KEEPS_NU = "αεηιουωκπτξψ"  # before these, the articles τη and στη end in ν


class Token(NamedTuple):
    """A word, its lemma, and its tag."""

    word: str
    lemma: str
    tag: str


class Names(NamedTuple):
    """Feminine names, which stay the same in all cases, by kind; those that are invented are one kind each."""

    known: dict[str, list[str]]  # used everywhere
    common: dict[str, list[str]]  # invented, and used everywhere
    hidden: dict[str, list[str]]  # invented, and not used in train


def invent_names(rng: random.Random) -> Names:
    """Deal invented names to women, places and firms: their spelling does not tell which they are."""
    invented = [stem + ending for stem in STEMS for ending in ENDINGS]
    rng.shuffle(invented)
    kinds = ("WOMAN", "PLACE", "FIRM")
    dealt = {kind: invented[number :: len(kinds)] for number, kind in enumerate(kinds)}
    return Names(
        known={"WOMAN": WOMEN, "PLACE": PLACES, "FIRM": FIRMS, "SURNAME": SURNAMES, "MAN": MEN, "CLUB": CLUBS},
        common={kind: names[:13] for kind, names in dealt.items()},
        hidden={kind: names[13:] for kind, names in dealt.items()},
    )


def sentence(rng: random.Random, names: Names, hidden: float) -> list[Token]:
    """A sentence from a random template; `hidden` is the share of invented names that are not used in train."""
    tokens: list[Token] = []
    template = rng.choice(TEMPLATES)
    if rng.random() < OPENED:
        template = f"{rng.choice(OPENINGS)} {template if template[0] == '{' else template[0].lower() + template[1:]}"
    for part in template.split():
        kind, _, case = part.strip("{}").partition(":")
        if kind in NUMBERS:
            number = str(rng.randint(*NUMBERS[kind]))
            tokens.append(Token(number, number, "O"))
        elif kind in TYPES:
            tokens += name(rng, names, kind, case, hidden, tokens[-1].tag if tokens else "O")
        else:
            tokens.append(Token(part, part.lower(), "O"))
    tokens = [*map(with_nu, tokens, [*tokens[1:], tokens[-1]])]
    if rng.random() < DECOMPOSED:
        return [Token(decomposed(token.word), decomposed(token.lemma), token.tag) for token in tokens]
    return tokens


def with_nu(token: Token, following: Token) -> Token:
    """The token, with a final ν if it is an article that needs one there."""
    needed = token.word.lower() in ("τη", "στη") and decomposed(following.word)[0].lower() in KEEPS_NU
    return token._replace(word=f"{token.word}ν", lemma=f"{token.lemma}ν") if needed else token


def name(rng: random.Random, names: Names, kind: str, case: str, hidden: float, before: str) -> Iterator[Token]:
    """The tokens of a name. IOB1: B- only where a name follows another one of its type; a surname belongs to it."""
    invented = names.hidden if rng.random() < hidden else names.common
    forms = rng.choice(invented[kind] if kind in invented and rng.random() < 0.7 else names.known[kind])
    written, lemma = (forms.split()[CASES[case]], forms.split()[0]) if case else (forms, forms)
    tag = f"I-{TYPES[kind]}"
    for position, (word, base) in enumerate(zip(written.split(), lemma.split(), strict=True)):
        continues = position > 0 or kind == "SURNAME" or before != tag
        yield Token(word, base, tag if continues else f"B-{TYPES[kind]}")


def decomposed(text: str) -> str:
    """Letters and their accents as separate characters."""
    return unicodedata.normalize("NFD", text)


def columns(sentences: Iterable[list[Token]]) -> str:
    """Tab-separated: index from 1, word, lemma, tag; an empty line after each sentence."""
    blocks = ("".join(f"{i}\t" + "\t".join(token) + "\n" for i, token in enumerate(s, start=1)) for s in sentences)
    return "".join(block + "\n" for block in blocks)


def vectors(lines: list[list[str]]) -> str:
    """GloVe's format: the strongest directions of log co-occurrence counts, scaled by their square roots."""
    counts = Counter(word for words in lines for word in words)
    vocabulary = sorted((word for word in counts if counts[word] >= RARE), key=lambda word: (-counts[word], word))
    row = {word: number for number, word in enumerate(vocabulary)}
    together = np.zeros((len(row), len(row)))
    for words in lines:
        rows = [row[word] for word in words if word in row]
        for distance in range(1, WINDOW + 1):
            np.add.at(together, (rows[:-distance], rows[distance:]), 1)
    directions, strengths, _ = np.linalg.svd(np.log1p(together + together.T))
    found = directions[:, :DIMENSION] * np.sqrt(strengths[:DIMENSION])
    return "".join(f"{word} {' '.join(f'{x:.4f}' for x in found[row[word]])}\n" for word in vocabulary)


def write(path: Path, text: str) -> None:
    """UTF-8 and newlines, whatever the system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def make(out: Path, seed: int) -> None:
    """Write the data set."""
    rng = random.Random(seed)
    names = invent_names(rng)
    for file, count, hidden in (("train", TRAIN, 0.0), ("dev", DEV, 0.8), ("test", TEST, 0.8)):
        write(out / f"{file}.txt", columns(sentence(rng, names, hidden) for _ in range(count)))
    lines = [[token.word for token in sentence(rng, names, 0.5)] for _ in range(TEXT)]
    write(out / "lm" / "news.txt", "".join(" ".join(words) + "\n" for words in lines))
    write(out / "vectors.txt", vectors(lines))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path, help="the folder to write")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    make(arguments.out, arguments.seed)
    print(f"{arguments.out}: {TRAIN + DEV + TEST} tagged sentences, {TEXT} of text")


if __name__ == "__main__":
    main()
