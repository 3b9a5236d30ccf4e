"""A small folder of files that is brought, in the kinds that people have, and what the commands make of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result

from commands.fetch_data import main as fetch_data
from stages.prepare_conll import main as prepare_conll
from stages.prepare_corpus import main as prepare_corpus
from tests.imports import ROOT

CASES = ROOT.parent / "shared" / "cases"

SENTENCES = [
    [("Mia", "B-PER"), ("saw", "O"), ("New", "B-LOC"), ("Ulm", "I-LOC"), (".", "O")],
    [("Rain", "O"), ("fell", "O"), (",", "O"), ("too", "O"), (".", "O")],
    [("Bo", "B-PER"), ("left", "O"), ("Ulm", "B-LOC"), (".", "O")],
]

WORDS = [tuple(word for word, _ in sentence) for sentence in SENTENCES]

TAGS = [("S-PER", "O", "B-LOC", "E-LOC", "O"), ("O",) * 5, ("S-PER", "O", "S-LOC", "O")]

TEXT = [" ".join(words) for words in WORDS] + [f"Rain fell in {year} , too ." for year in range(60)]


def columns(change: Callable[[str, str], str] = "{} {}\n".format, between: str = "\n") -> str:
    """The sentences with a line for each word."""
    return between.join("".join(change(word, tag) for word, tag in sentence) for sentence in SENTENCES) + between


class Bringing:
    """A folder that is brought, and what the commands make of it."""

    def __init__(self, folder: Path):
        self.folder, self.brought, self.raw = folder, folder / "in", folder / "raw" / "mine"
        for name in ("train", "dev", "test"):
            self.put(f"{name}.txt", columns())
        self.put("lm/a.txt", "\n".join(TEXT) + "\n")

    def put(self, name: str, content: str | bytes) -> None:
        (self.brought / name).parent.mkdir(parents=True, exist_ok=True)
        (self.brought / name).write_bytes(content.encode() if isinstance(content, str) else content)

    def put_splits(self, content: str | bytes) -> None:
        for name in ("train", "dev", "test"):
            self.put(f"{name}.txt", content)

    def bring(self) -> Result:
        return CliRunner().invoke(fetch_data, ["mine", "--from", str(self.brought), "--root", str(self.folder / "raw")])

    def conll(self, **changes: Any) -> Result:
        assert self.bring().exit_code == 0
        return self._run(prepare_conll, "conll", {"prepare_conll": changes})

    def corpus(self, **changes: Any) -> Result:
        prepared = self.conll()
        assert prepared.exit_code == 0, prepared.output
        files = ["--train", self.folder / "conll/train.conll", "--test-hashes", self.folder / "conll/test_hashes.txt"]
        small = {"heldout_sentences": 10, "min_count": 1} | changes
        return self._run(prepare_corpus, "corpus", {"prepare_corpus": small}, *map(str, files))

    def _run(self, command: Any, out: str, changes: dict[str, dict[str, Any]], *more: str) -> Result:
        params = yaml.safe_load((ROOT / "profiles" / "base.yaml").read_text(encoding="utf-8"))
        for section, values in changes.items():
            params[section] |= values
        (self.folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
        paths = {"raw": self.raw, "out": self.folder / out, "metrics": self.folder / "m.json"}
        paths["params"] = self.folder / "params.yaml"
        options = [part for option, path in paths.items() for part in (f"--{option}", str(path))]
        return CliRunner().invoke(command, [*options, *more])


def letters(old: str, new: str) -> Callable[[str, str], str]:
    """Lines with letters of tags replaced."""
    return lambda word, tag: f"{word} {tag.translate(str.maketrans(old, new))}\n"


IOBES = dict(zip(WORDS, TAGS, strict=True))

BILOU = "".join(
    "".join(f"{word} {tag.replace('E-', 'L-').replace('S-', 'U-')}\n" for word, tag in zip(words, tags, strict=True))
    + "\n"
    for words, tags in IOBES.items()
)

CONLLU = "# newdoc id = 1\n" + "".join(
    f"# sent_id = {number}\n# text = {' '.join(word for word, _ in sentence)}\n1-2\tMiasaw\t_\t_\n"
    + "".join(f"{i}\t{word}\t_\t{tag}\n" for i, (word, tag) in enumerate(sentence, start=1))
    + f"{len(sentence)}.1\tnothing\t_\t_\n\n"
    for number, sentence in enumerate(SENTENCES)
)


def expectation(case: str) -> tuple[int, str]:
    """The exit status of the last command of a case, and something that it says."""
    return {
        "07": (0, "no test sentence was found in the LM text"),
        "11": (1, "spans are in column 2"),
        "13": (1, "are one sentence"),
        "09": (0, "4 empty nodes of CoNLL-U"),
        "19": (0, "3 of 9 test sentences"),
        "20": (0, "train.txt:102: I-LOC after nothing"),
        "23": (0, "9 such tags"),
        "24": (0, "L-ORG after nothing that it continues; expected B- or U-"),
        "25": (0, "1 comment left out"),
        "27": (0, "separated by tabs"),
        "29": (0, "vectors.txt:52: the word has blanks in it"),
        "31": (0, "promises 52 word vectors, 51 are there"),
        "34": (0, "vectors.txt:52: the word is not UTF-8, skipped"),
        "35": (0, "vectors.txt:52: no word, skipped"),
        "36": (0, "IOE2 in column -1"),
        "37": (0, "BMEWO in column -1"),
        "38": (0, "IO without prefixes"),
        "41": (1, "train.txt:1: CSV with a header"),
        "42": (0, "train.txt: gzip"),
    }.get(case[:2], (0, ""))
