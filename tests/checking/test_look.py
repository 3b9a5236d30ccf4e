"""A look at a data set: its numbers are those of a slow count, and each fault of the data is told.

The inputs are those of `tests.bringing`, which the stages must read as the look does.
"""

import bz2
import gzip
import json
import lzma
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ldnet.errors import InputError
from ldnet.text.lm_words import lm_form
from pipeline.checking.brought_files import problems_of_files
from pipeline.checking.findings import Findings
from pipeline.checking.lm_sentences import LMSentences, look_at_text
from pipeline.checking.look import Look, look
from pipeline.checking.tagged_sentences import MOST_TYPES, look_at_sentences
from pipeline.params import Params, parse_params
from tests.bringing import (
    BILOU,
    CASES,
    CONLLU,
    TEXT,
    Bringing,
    columns,
    expectation,
    letters,
)
from tests.imports import ROOT

SMALL: dict[str, dict[str, Any]] = {
    "prepare_corpus": {"heldout_sentences": 10, "min_count": 1},
    "prepare_unlabelled": {"sentences": 10},
    "train_tagger": {"word_dimension": 4},
}


def parameters(**changes: dict[str, Any]) -> Params:
    """The parameters of a brought data set `mine`, small ones, with these changes."""
    values = yaml.safe_load((ROOT / "profiles" / "base.yaml").read_text(encoding="utf-8"))
    for section in (*SMALL, *changes):
        values[section] |= SMALL.get(section, {}) | changes.get(section, {})
    return parse_params(yaml.safe_dump(values | {"data": "mine", "generate_data": {}}), "params.yaml")


@pytest.fixture
def bringing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bringing:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    bringing = Bringing(tmp_path)
    # As TEXT has its sentences, and test has others than train and dev.
    bringing.put("dev.txt", columns().replace("Mia", "Bo"))
    bringing.put("test.txt", columns().replace("Mia", "Ada").replace("Rain", "Snow").replace("left", "saw"))
    return bringing


def look_at(bringing: Bringing, **changes: dict[str, Any]) -> Look:
    assert bringing.bring().exit_code == 0
    return look(parameters(**changes), bringing.raw.parent)


def line_of(found: Look, title: str) -> str:
    """What the report has under a title."""
    (line,) = [line for line in found.findings.lines if line[2:12].rstrip() == title]
    return line[12:]


def warnings(found: Look) -> list[str]:
    return [line.removeprefix("warning: ") for line in found.findings.report() if line.startswith("warning: ")]


# Numbers


def write_random(bringing: Bringing, seed: int) -> None:
    """Splits and text of a few words in IOB2, with sentences that are in two of them."""
    rng = random.Random(seed)
    types = {"Ulm": "LOC", "Rom": "LOC", "Mia": "PER", "Bo": "PER", "Acme": "ORG"}
    words = [*types, "saw", "left", "rain", ",", ".", *(f"word{number}" for number in range(20))]
    sentences = [[rng.choice(words) for _ in range(rng.randint(4, 12))] for _ in range(60)]
    for name, first, last in (("train", 0, 40), ("dev", 35, 50), ("test", 38, 60)):
        blocks = ["".join(f"{word} {_tag(types, word)}\n" for word in words) for words in sentences[first:last]]
        bringing.put(f"{name}.txt", "\n".join(blocks) + "\n")
    text = [" ".join(rng.choice(words[3:]) for _ in range(rng.randint(2, 14))) for _ in range(300)]
    text += [" ".join(sentence) for sentence in rng.choices(sentences, k=50)] * 2
    rng.shuffle(text)
    bringing.put("lm/a.txt", "\n".join(text[:100]) + "\n\n")
    bringing.put("lm/b.txt.gz", gzip.compress("\r\n".join(text[100:]).encode()))
    bringing.put("vectors.txt", "".join(f"{word} 1 2 3 4\n" for word in ("ulm", "Rom", "saw", "left", ",", ".")))


def _tag(types: dict[str, str], word: str) -> str:
    return f"B-{types[word]}" if word in types else "O"


def slow_sentences(path: Path) -> list[list[list[str]]]:
    """Sentences of [word, tag]."""
    return [[line.split(" ") for line in block.splitlines()] for block in path.read_text().strip().split("\n\n")]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_numbers_are_those_of_a_slow_count(bringing: Bringing, seed: int) -> None:
    write_random(bringing, seed)
    changes = {"prepare_conll": {"vectors": "vectors.txt"}, "prepare_corpus": {"min_count": 3, "heldout_sentences": 20}}
    found = look_at(bringing, **changes)
    assert not found.findings.errors
    splits = {name: slow_sentences(bringing.brought / f"{name}.txt") for name in ("train", "dev", "test")}
    for name, split in splits.items():
        tags = [tag for sentence in split for _, tag in sentence]
        spans = sum(tag.startswith("B-") for tag in tags)
        assert line_of(found, name) == f"{len(split)} sentences, {len(tags)} words, {spans} spans"
    for kind in ("LOC", "PER", "ORG"):
        counts = ", ".join(
            f"{name} {sum(tag == f'B-{kind}' for sentence in split for _, tag in sentence)}"
            for name, split in splits.items()
        )
        words = [word for split in splits.values() for s in split for word, tag in s if tag == f"B-{kind}"]
        assert line_of(found, f"  {kind}") == f"{counts}: {' | '.join(list(dict.fromkeys(words))[:3])}"
    shared = [sum(s in splits[other] for s in splits[name]) for name, other in
              (("test", "train"), ("test", "dev"), ("dev", "train"))]  # fmt: skip
    assert shared[1] and line_of(found, "overlap") == (
        f"of 22 test sentences {shared[0]} ({100 * shared[0] / 22:.2f} %) are in train, {shared[1]} in dev; of 15 dev "
        f"sentences {shared[2]} are in train"
    )
    vectors = {"ulm", "Rom", "saw", "left", ",", "."}
    for name, split in splits.items():
        words = [word for sentence in split for word, _ in sentence]
        exact = sum(word in vectors for word in words)
        lower = sum(word not in vectors and word.lower() in vectors for word in words)
        numbers = [f"{100 * n / len(words):.2f} %" for n in (exact, lower, len(words) - exact - lower)]
        told = f"{name} {numbers[0]} exact, {numbers[1]} lower, {numbers[2]} none"
        assert told in line_of(found, "vectors")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_text_is_counted_as_the_stage_counts_it(bringing: Bringing, seed: int) -> None:
    write_random(bringing, seed)
    corpus = {"min_count": 3, "heldout_sentences": 20}
    found = look_at(bringing, prepare_corpus=corpus)
    told = bringing.corpus(**corpus)
    assert told.exit_code == 0, told.output
    metrics = json.loads((bringing.folder / "m.json").read_text(encoding="utf-8"))
    vocabulary = json.loads((bringing.folder / "corpus" / "vocabulary.json").read_text(encoding="utf-8"))
    assert found.text is not None and found.text.vocabulary == vocabulary
    assert (found.text.read, found.text.dropped) == (metrics["sentences_read"], metrics["dropped_test_sentences"])
    assert (found.text.sentences, found.text.tokens) == (metrics["train_sentences"], metrics["train_tokens"])
    assert line_of(found, "size").startswith(
        f"{metrics['sentences_read']:,} sentences, {metrics['train_tokens']:,} tok"
    )
    assert f"{metrics['dropped_test_sentences']} sentences in the text" in line_of(found, "dropped")
    # The lines of the text that are test sentences, and what the vocabulary knows, counted slowly.
    tests = [" ".join(word for word, _ in sentence) for sentence in slow_sentences(bringing.brought / "test.txt")]
    lines = [*(bringing.brought / "lm/a.txt").read_text().split("\n")]
    lines += gzip.decompress((bringing.brought / "lm/b.txt.gz").read_bytes()).decode().split("\r\n")
    assert found.text.dropped == sum(line in tests for line in lines)
    for name in ("train", "dev", "test"):
        pairs = [pair for sentence in slow_sentences(bringing.brought / f"{name}.txt") for pair in sentence]
        inside = [word for word, tag in pairs if tag != "O"]
        shares = [
            100 * sum(lm_form(word, vocabulary) is not None for word in words) / len(words)
            for words in ([word for word, _ in pairs], inside)
        ]
        in_spans = f", {shares[1]:.2f} % of those in spans" if name != "test" else ""
        told_of = f"of {name} {shares[0]:.2f} % of all words{in_spans}"
        assert told_of in line_of(found, "known")


def test_a_large_text_is_sampled_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "lm").mkdir()
    rng = random.Random(1)
    for name in "abc":
        lines = [" ".join(rng.choices(["rain", "fell", "on", "Ulm"], k=9)) for _ in range(4000)]
        (tmp_path / "lm" / f"{name}.txt").write_text("\n".join(lines) + "\n")
    size = sum(path.stat().st_size for path in (tmp_path / "lm").iterdir())
    whole, part = (_text(tmp_path, most_bytes=count) for count in (size, size // 4))
    assert whole[0].read == 12000 and whole[0].share == 1
    assert 3000 <= part[0].read < 3300 and {*part[0].vocabulary} == {*whole[0].vocabulary}
    assert abs(part[0].tokens / whole[0].tokens - 1) < 0.1
    assert "all read: lm/a.txt, lm/b.txt, lm/c.txt" in whole[1].lines[0]
    assert "about the first 25.00 % of each read, so numbers are estimates" in part[1].lines[0]
    # So many may be there in what was not read.
    many = {"heldout_sentences": 3000}
    assert _text(tmp_path, size // 4, prepare_corpus=many)[1].errors == []
    assert "too few to hold out 9000" in _text(tmp_path, size, prepare_corpus={"heldout_sentences": 9000})[1].errors[0]


def _text(raw: Path, most_bytes: int, **changes: dict[str, Any]) -> tuple[LMSentences, Findings]:
    findings = Findings()
    text = look_at_text(raw, parameters(**changes), None, findings, most_bytes)
    assert text is not None or findings.errors
    return text or LMSentences(1), findings


# Faults: each warning, from a data set that has the fault and from one that has not


def test_data_without_a_fault(bringing: Bringing) -> None:
    found = look_at(bringing)
    told = [line for line in warnings(found) if "are in train, too" not in line and "are in dev, too" not in line]
    assert told == [] and found.findings.errors == []
    assert len(found.findings.report()) < 30


@pytest.mark.parametrize(
    ("content", "changes", "told"),
    [
        (columns().replace("Mia B-", "Mia I-"), {}, "train.txt:1: I-PER after nothing that it continues; expected B-"),
        (columns(lambda word, tag: f"{word} {tag[2:] or tag}\n"), {}, "types stand without B- or I- (LOC, PER)"),
        (columns().replace("B-PER\nleft", "B-Per\nleft"), {}, "types PER and Per differ only in upper and lower case"),
        (CONLLU.replace("Miasaw\t_\t_", "Miasaw\t_\tB-PER"), {"word_column": 1}, "3 tags on ranges and empty nodes of"),
        ("-DOCSTART- O\n".join(columns(between="").split(". O\n")), {}, "no blank line, so that sentences end at -DOC"),
        (columns() + "a O\n" * 501, {}, "train.txt:18: a sentence of 501 words; is there a blank line after each"),
        (columns(lambda word, tag: f"{word} {tag}\n\n") * 2, {}, "all sentences have a single word; is there a blank"),
        ("".join(f"{line} x O\n" if line else "\n" for line in ["a B-X", "b O", ""] * 2000).replace(" x O", ""), {},
         "only 2 different words in 4,000"),
    ],
)  # fmt: skip
def test_a_fault_of_the_columns_is_told(
    bringing: Bringing, content: str, changes: dict[str, int], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.text.word_doubts.MANY_WORDS", 4000)
    found = look_at(bringing, prepare_conll=changes)
    assert not any(told in line for line in warnings(found))
    bringing.put("train.txt", content)
    if changes or "without B-" in told:
        bringing.put_splits(content)
    found = look_at(bringing, prepare_conll=changes)
    assert any(told in line for line in warnings(found)), (warnings(found), found.findings.errors)


@pytest.mark.parametrize("name", ["dev", "test"])
def test_splits_that_share_or_lack_something_are_told(bringing: Bringing, name: str) -> None:
    bringing.put(f"{name}.txt", columns(lambda word, tag: f"{word} O\n"))
    bringing.put("test.txt" if name == "dev" else "dev.txt", columns().replace("Mia B-PER", "Mia B-GPE"))
    found = look_at(bringing)
    other = "test" if name == "dev" else "dev"
    assert f"1 spans of {other} are of types that train does not have: GPE" in warnings(found)
    assert any(f"{name}.txt: no spans, all 14 tags in column -1 are O" in line for line in warnings(found))
    for split in ("dev", "test"):
        assert f"3 of 3 {split} sentences (100.0 %) are in train, too" in warnings(found)
    assert "3 of 3 test sentences are in dev, too" in warnings(found)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda line: line.replace(" .", ".").replace(" ,", ","), "frequent training words are missing or rare in the"),
        (lambda line: f"{line} " * 20, "words on average, a sentence of train"),
        (
            lambda line: " ".join("xyz" if word.isalpha() else word for word in line.split()),
            "few of the training words",
        ),
    ],
)
def test_text_in_another_form_is_told(bringing: Bringing, change: Callable[[str], str], told: str) -> None:
    assert not any(told in line for line in warnings(look_at(bringing)))
    bringing.put("lm/a.txt", "\n".join(map(change, TEXT)) + "\n")
    found = look_at(bringing)
    assert any(told in line for line in warnings(found)), warnings(found)
    assert any("no test sentence was found in the LM text" in line for line in warnings(found))
    assert line_of(found, "tokenised").startswith("no" if "missing" in told else "as train is") or "few" in told


@pytest.mark.parametrize(("name", "pack"), [("b.bz2", bz2.compress), ("deep/b.TXT", bytes), ("b.xz", lzma.compress)])
def test_text_under_other_names_is_read(bringing: Bringing, name: str, pack: Callable[[bytes], bytes]) -> None:
    bringing.put(f"lm/{name}", pack(b"rain fell on the house , too .\n" * 7))
    found = look_at(bringing)
    assert line_of(found, "size").startswith("70 sentences") and line_of(found, "left out") == "nothing"


def test_files_that_are_left_out_are_named(bringing: Bringing) -> None:
    assert look_at(bringing).findings.warnings == look_at(bringing).findings.warnings
    (bringing.raw / "lm" / "c.text").write_text("x\n")
    found = look(parameters(), bringing.raw.parent)
    assert line_of(found, "left out") == "lm/c.text: not taken by prepare_corpus.text, lm/*.txt*"
    assert any(line.startswith("not taken by prepare_corpus.text") for line in warnings(found))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda text: f'<doc id="12" url="x">\n{text}</doc>\n',
            'lm/a.txt:1: \'<doc id="12" url="x">\' is markup (2 of',
        ),
        (
            lambda text: f"1\n00:00:01,000 --> 00:00:02,000\n{text}",
            "lm/a.txt:2: '00:00:01,000 --> 00:00:02,000' is the",
        ),
        (
            lambda text: "".join(" ".join(f"{word}_NN" for word in line.split()) + "\n" for line in text.splitlines()),
            "is words with parts of speech (",
        ),
    ],
)
def test_text_that_is_none_is_told(bringing: Bringing, change: Callable[[str], str], told: str) -> None:
    assert not any("is learnt from as text" in line for line in warnings(look_at(bringing)))
    bringing.put("lm/a.txt", change("\n".join(TEXT) + "\n"))
    assert any(told in line for line in warnings(look_at(bringing)))


def test_test_sentences_in_another_form_are_told(bringing: Bringing) -> None:
    sentences = ["Mia saw New Ulm .", "Rain fell , too .", "Bo left Ulm ."]
    bringing.put("test.txt", "".join("".join(f"{word} O\n" for word in text.split()) + "\n" for text in sentences))
    bringing.put("lm/b.txt", "".join(f"{number} {text}\n" for number, text in enumerate(sentences, start=7)))
    told = "at least 3 test sentences are in the LM text with one more word before them ('7', '8', '9'), and so "
    assert any(line.startswith(told) for line in warnings(look_at(bringing)))


def test_other_tests_that_are_not_there_or_have_no_words_are_told(bringing: Bringing) -> None:
    found = look_at(bringing, prepare_corpus={"other_tests": "other/*.txt"})
    assert any("other/*.txt: no such files (prepare_corpus.other_tests)" in line for line in warnings(found))
    (bringing.raw / "other").mkdir()
    (bringing.raw / "other" / "a.txt").write_text("1\train\tO\n2\tfell\tO\n")
    found = look(parameters(prepare_corpus={"other_tests": "other/*.txt"}), bringing.raw.parent)
    assert any("other/a.txt:1: '1' is no word, and so in all lines" in error for error in found.findings.errors)


def test_vectors_that_fit_badly_are_told(bringing: Bringing) -> None:
    bringing.put(
        "vectors.txt", "9 4\nMIA 1 2 3 4\nx y 1 2 3 4\n 1 2 3 4\n" + "".join(f"w{i} 1 2 3 4\n" for i in range(9))
    )
    told = warnings(look_at(bringing, prepare_conll={"vectors": "vectors.txt"}))
    for part in (
        "100.00 % of the words in train have no vector",
        "the word has blanks",
        "no word, skipped",
        "promises 9",
    ):
        assert any(part in line for line in told), told


def test_control_characters_are_escaped_and_long_spans_cut(bringing: Bringing) -> None:
    long = "Ulm" * 20
    bringing.put("train.txt", columns().replace("Mia", "M\x1b[31mia").replace("Ulm B-", f"{long} B-"))
    found = look_at(bringing)
    report = "\n".join(found.findings.report())
    assert r"M\x1b[31mia" in report and "\x1b" not in report and long not in report and long[:37] + "..." in report


@pytest.mark.parametrize("types", [3, MOST_TYPES, MOST_TYPES + 5])
def test_many_types_take_few_lines(bringing: Bringing, types: int) -> None:
    bringing.put_splits("\n".join(f"a B-T{number}\n" * (number + 1) for number in range(types)) + "\n")
    assert bringing.bring().exit_code == 0
    findings = Findings()
    assert look_at_sentences(bringing.raw, parameters(), findings) is not None
    shown = [line for line in findings.lines if line.startswith("    T")]
    assert len(shown) == min(types, MOST_TYPES) and shown[0].split()[0] == f"T{types - 1}"
    assert ("    ...     and 5 more types" in findings.lines) == (types > MOST_TYPES)


# Errors


def test_all_errors_are_told_at_once_as_the_stages_would(bringing: Bringing) -> None:
    bringing.put("train.txt", columns().replace("saw", "saw it"))
    bringing.put("dev.txt", '{"text": "Mia", "label": []}\n' * 3)
    bringing.put("vectors.txt", "Mia 1 2 3 4\nBo 1 2 3\n")
    bringing.put("lm/a.txt", columns() * 9)
    bringing.put("lm/b.txt", b"rain \xff fell\n")
    found = look_at(bringing, prepare_conll={"vectors": "vectors.txt"})
    errors = "\n".join(found.findings.errors)
    for part in (
        "train.txt:2: expected 2 columns as in line 1, found 3",
        "dev.txt:1: JSON, not CoNLL columns",
        "vectors.txt:2: expected a word and 4 numbers, found 4 columns",
        "lm/a.txt:1: columns; expected text, one tokenised sentence a line",
        "lm/b.txt:1: not UTF-8 (byte 0xff at position 6)",
    ):
        assert part in errors
    assert len(found.findings.errors) == 5 and (found.sentences, found.vectors, found.text) == (None, None, None)
    assert f"Error: {found.findings.errors[0]}\n" == bringing.conll().output


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"the rain fell\n" * 99)[:30], b"a\0" * 99, b"{\n" + b"x" * (5 << 20)],
    ids=["cut archive", "zeros", "a long line"],
)
def test_text_that_cannot_be_read_is_not_said_to_be_too_little(bringing: Bringing, content: bytes) -> None:
    bringing.put("lm/a.txt", content)
    errors = look_at(bringing).findings.errors
    assert len(errors) == 1 and "lm/a.txt" in errors[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prepare_corpus": {"heldout_sentences": 40}}, "63 sentences of LM text are too few to hold out 40; lower"),
        ({"prepare_unlabelled": {"sentences": 64}}, "63 sentences that fit, but prepare_unlabelled.sentences is 64"),
        ({"prepare_conll": {"tag_column": 0}}, "are the same one, expected a column for the word and another"),
        ({"prepare_conll": {"dev": "no.txt"}}, "mine: no no.txt (prepare_conll.dev); copy the files from a folder"),
        ({"prepare_conll": {"train_sentences": 9}}, "prepare_conll.train_sentences: 9, but there are 3 training sent"),
        ({"prepare_corpus": {"other_tests": "train.*", "text": "lm/b*"}}, "mine: no lm/b* (prepare_corpus.text); copy"),
    ],
)
def test_parameters_that_do_not_fit_the_data(bringing: Bringing, changes: dict[str, Any], message: str) -> None:
    bringing.put("test.txt", columns().replace("Mia", "Nobody").replace("Rain", "Nothing").replace("left", "went"))
    errors = look_at(bringing, **changes).findings.errors
    assert any(message in error for error in errors), errors


def test_missing_and_empty_text(bringing: Bringing) -> None:
    assert bringing.bring().exit_code == 0
    (bringing.raw / "lm" / "a.txt").write_text("\n\n")
    errors = look(parameters(), bringing.raw.parent).findings.errors
    assert "0 sentences of LM text are too few to hold out 10" in errors[0]
    shutil.rmtree(bringing.raw)
    assert "mine: no train.txt (prepare_conll.train)" in look(parameters(), bringing.raw.parent).findings.errors[0]


def test_both_widths_of_vectors_are_told(bringing: Bringing) -> None:
    bringing.put("vectors.txt", "Mia 1 2 3\n")
    assert bringing.bring().exit_code == 0
    both = {"prepare_conll": {"vectors": "vectors.txt"}, "prepare_corpus": {"vectors": "vectors.txt"}}
    keys = [str(error).split("but ")[1] for error in problems_of_files(parameters(**both), bringing.raw.parent)]
    assert keys == [
        "train_tagger.word_dimension is 4 in params.yaml; set it to 3",
        "pretrain_lm.embedding is 32 in params.yaml; set it to 3",
    ]
    (bringing.raw / "vectors.txt").write_text("<html>\n")
    (error,) = problems_of_files(parameters(**both), bringing.raw.parent)
    assert "vectors.txt:1: a web page or XML" in str(error)


def test_generated_data_that_is_not_there(tmp_path: Path) -> None:
    params = parse_params((ROOT / "profiles" / "base.yaml").read_text(encoding="utf-8"), "params.yaml")
    with pytest.raises(InputError, match="demo: not generated yet; `dvc repro generate_data` does"):
        look(params, tmp_path)


# Schemes and inputs after public reports


@pytest.mark.parametrize(
    ("content", "scheme"),
    [
        (columns(), "IOB2"),
        (columns(letters("B", "I")), "IOB1"),
        (BILOU, "BILOU"),
        (columns().replace("\n", "\r"), "IOB2"),
        ("\ufeff" + columns(between="\n\ufeff"), "IOB2"),
    ],
)
def test_the_scheme_and_the_spans(bringing: Bringing, content: str, scheme: str) -> None:
    bringing.put_splits(content)
    found = look_at(bringing)
    assert line_of(found, "scheme").startswith(f"{scheme}, as all files together show")
    assert line_of(found, "train") == "3 sentences, 14 words, 4 spans"
    assert line_of(found, "  LOC") == "train 2, dev 2, test 2: New Ulm | Ulm"
    assert line_of(found, "slips") == "none"


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases from public reports are not beside this clone")
@pytest.mark.parametrize("case", sorted(path.name for path in CASES.glob("*")) or ["none"])
def test_cases_from_reports(case: str, tmp_path: Path) -> None:
    command = (CASES / case / "command.txt").read_text(encoding="utf-8")
    bringing = Bringing(tmp_path)
    if "ldnet tag" in command:
        for name in ("train", "dev", "test"):
            bringing.put(f"{name}.txt", (CASES / case / "in/words.conll").read_bytes().replace(b"O\n", b"B-X\n") * 2)
    else:
        bringing.brought = CASES / case / "in"
    conll: dict[str, Any] = {"word_column": 1} if "column 1" in command else {}
    if "vectors: " in command:
        conll["vectors"] = command.split("vectors: ")[1].split(",")[0].split(";")[0]
    corpus = {"heldout_sentences": 20}
    found = look_at(bringing, prepare_conll=conll, prepare_corpus=corpus)
    status, told = expectation(case)
    report = "\n".join([*found.findings.report(), *found.findings.errors])
    assert bool(found.findings.errors) == (status == 1), report
    assert told.removesuffix(" in column -1") in report
    if status == 0:
        assert found.sentences is not None and found.text is not None
        words = Counter(word for sentence in found.sentences.splits["train"] for word in sentence.words)
        assert not any("\ufeff" in word for word in words) and words.total() > 3


def test_a_text_file_that_cannot_be_opened_is_an_error(bringing: Bringing, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(path: Path) -> str:
        raise InputError(f"{path}: cannot be read")

    assert bringing.bring().exit_code == 0
    monkeypatch.setattr("pipeline.checking.lm_sentences.compression", unreadable)
    findings = Findings()
    assert look_at_text(bringing.raw, parameters(), None, findings) is None
    assert findings.errors == [f"{bringing.raw}/lm/a.txt: cannot be read"]
