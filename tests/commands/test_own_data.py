# ruff: noqa: RUF001 (Greek letters are meant)
"""A user's own data, as docs/own-data.md brings it: Greek, four tab-separated columns, IOB1; up to `ldnet tag`.

Run in a folder of its own by the commands of dvc.yaml, with the parameters of examples/own_data made tiny.
"""

import importlib
import importlib.util
import json
import shlex
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from commands.export_model import main as export_model
from commands.fetch_data import main as fetch_data
from commands.reproduce import check_data
from ldnet.commands.main import main as ldnet
from ldnet.errors import InputError
from ldnet.text.tags import spans
from pipeline.params import load_params, parse_params
from pipeline.profiles import render
from pipeline.six_taggers import TAGGERS, TRAININGS
from pipeline.text.word_vectors import vector_dimension
from stages.prepare_conll import main as prepare_conll
from tests.imports import ROOT
from tests.one_process import in_one_process
from tests.tracking_stand_in import no_sender

EXAMPLE = ROOT / "examples" / "own_data"
TINY: dict[str, dict[str, Any]] = {
    "pretrain_lm": {"layers": 2, "units": 8, "projection": 8, "cutoffs": [20], "epochs": 1, "streams": 4},
    "train_tagger": {
        "seeds": [1],
        "character_units": 8,
        "word_units": 12,
        "batch_sentences": 4,
        "epochs": 10,
        "dropout": 0.2,
        "learning_rate": 0.01,
    },
    "select": {"max_layers": 2, "epochs": 2, "enforce_epoch": 1},
    "train_taught": {"epochs": 10, "learning_rate": 0.01},
    "prepare_corpus": {"heldout_sentences": 20},
    "prepare_unlabelled": {"sentences": 20},
}
STAGES = [
    *("prepare_conll", "prepare_corpus", "prepare_unlabelled", "pretrain_lm@forward", "pretrain_lm@backward"),
    *("train_tagger@no_lm", "train_tagger@full", "soft_targets", "train_taught@no_lm", "train_taught@full"),
    *("select", "prune", "train_pruned@gold", "train_pruned@taught", "evaluate@gold", "evaluate@taught", "report"),
]


def load_example() -> ModuleType:
    """The script of the example, made to write less."""
    spec = importlib.util.spec_from_file_location("make_data", EXAMPLE / "make_data.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    vars(module).update(TRAIN=120, DEV=30, TEST=60, TEXT=700)
    return module


def rendered_example() -> str:
    """The example as it is among the profiles."""
    with tempfile.TemporaryDirectory() as folder:
        for file in (ROOT / "profiles" / "base.yaml", EXAMPLE / "mine.yaml"):
            shutil.copy(file, folder)
        return render(Path(folder), "mine")


def write_params(**changes: Mapping[str, Any]) -> None:
    """params.yaml here: the example's with these changes."""
    params = yaml.safe_load(rendered_example())
    for section, values in changes.items():
        params[section].update(values)
    Path("params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")


def command(stage: str) -> list[str]:
    """The words of the stage's command in dvc.yaml, its templates filled."""
    name, _, key = stage.partition("@")
    entry = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"][name]
    words: str = entry.get("do", entry)["cmd"].replace("${data}", "mine").replace("${key}", key)
    items = entry.get("foreach", [])
    for part, value in items[key].items() if isinstance(items, dict) else ():
        words = words.replace(f"${{item.{part}}}", value)
    return shlex.split(words.replace("${item}", key))


def run_stage(stage: str) -> Result:
    _, _, module, *arguments = command(stage)
    return CliRunner().invoke(importlib.import_module(module).main, arguments)


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own") / "my-data"
    load_example().make(folder, seed=1)
    return folder


@pytest.fixture(scope="module")
def workspace(brought: Path) -> Iterator[Path]:
    """A folder in which the whole experiment has run."""
    with pytest.MonkeyPatch.context() as patch:
        folder = brought.parent
        patch.chdir(folder)
        patch.setenv("DVC_ROOT", str(folder))
        patch.setattr("pipeline.tracking._start_sender", no_sender)
        in_one_process(patch)
        result = CliRunner().invoke(fetch_data, ["mine", "--from", str(brought)])
        assert result.exit_code == 0, result.output
        write_params(**TINY)
        check_data(load_params(Path("params.yaml")), Path("data/raw"))
        for stage in STAGES:
            result = run_stage(stage)
            assert result.exit_code == 0, (stage, result.output, result.exception)
        result = CliRunner().invoke(export_model, [])
        assert result.exit_code == 0, result.output
        yield folder


@pytest.fixture
def raw(brought: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """data/raw/mine in a folder of its own, to be spoilt."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(fetch_data, ["mine", "--from", str(brought)])
    assert result.exit_code == 0, result.output
    return tmp_path / "data" / "raw" / "mine"


def column(path: Path, separator: bytes, number: int) -> list[bytes]:
    """One column of a file, as bytes; b"" where sentences end."""
    lines = path.read_bytes().split(b"\n")
    return [line.split(separator)[number] if line else b"" for line in lines]


def sentences(path: Path) -> list[list[str]]:
    """The words of a file of the example."""
    text = b"\n".join(column(path, b"\t", 1)).decode()
    return [block.split("\n") for block in text.strip("\n").split("\n\n")]


def tag(text: str, *options: str) -> list[dict[str, Any]]:
    Path("text.txt").write_bytes(text.encode())
    result = CliRunner().invoke(ldnet, ["tag", "latest", "text.txt", "--format", "jsonl", *options])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.split("\n")[:-1]]


def test_the_example_has_what_makes_scripts_hard(brought: Path) -> None:
    text = (brought / "train.txt").read_text(encoding="utf-8") + (brought / "lm" / "news.txt").read_text("utf-8")
    assert unicodedata.normalize("NFC", text) != text != unicodedata.normalize("NFD", text)
    assert {"İzmir", "Μαΐου", "\u037e", "\u00b7", "«"} <= set(text.split())
    assert len("İzmir".lower()) > len("İzmir") and len("Μαΐου".upper()) > len("Μαΐου")
    tags = set(column(brought / "train.txt", b"\t", 3))
    assert tags == {b"", b"O", b"I-PER", b"I-LOC", b"I-ORG", b"B-ORG"}  # IOB1


def test_the_same_seed_gives_the_same_data(brought: Path, tmp_path: Path) -> None:
    load_example().make(tmp_path / "again", seed=1)
    for path in (brought / "train.txt", brought / "lm" / "news.txt"):
        assert (tmp_path / "again" / path.relative_to(brought)).read_bytes() == path.read_bytes()


def test_some_names_are_of_two_types_and_test_has_names_that_train_has_not(brought: Path) -> None:
    types: dict[str, set[bytes]] = {}
    words, tags = (column(brought / "train.txt", b"\t", number) for number in (1, 3))
    for word, name in zip(words, tags, strict=True):
        if name[2:]:
            types.setdefault(word.decode(), set()).add(name[2:])
    for both in ({b"PER", b"LOC"}, {b"PER", b"ORG"}):
        assert any(both <= of_word for of_word in types.values())
    words, tags = (column(brought / "test.txt", b"\t", number) for number in (1, 3))
    unseen = [word for word, name in zip(words, tags, strict=True) if name[2:] and word.decode() not in types]
    assert len(unseen) > 10


def test_words_reach_the_predictions_byte_for_byte(workspace: Path) -> None:
    read = column(workspace / "data/raw/mine/test.txt", b"\t", 1)
    assert b"".join(read).decode() != unicodedata.normalize("NFC", b"".join(read).decode())
    for variant, training in TAGGERS.values():
        assert column(workspace / f"work/predictions/{training}/{variant}-seed-1.conll", b" ", 0) == read
    measured = json.loads((workspace / "metrics/prepare_conll.json").read_text(encoding="utf-8"))
    assert measured["tag_scheme"] == "IOB1"
    words = {word for sentence in sentences(workspace / "data/raw/mine/train.txt") for word in sentence}
    characters = json.loads((workspace / "work/conll/lexicon/lexicon.json").read_text("utf-8"))["characters"]
    assert set("".join(words)) == {character for character in characters if len(character) == 1} - {" "}
    text = set((workspace / "data/raw/mine/lm/news.txt").read_text(encoding="utf-8").split())
    assert set(json.loads((workspace / "work/corpus/vocabulary.json").read_text("utf-8"))) - {"<unk>", "\n"} <= text


def test_it_learns(workspace: Path) -> None:
    files = [workspace / f"metrics/evaluate_{training}.json" for training in TRAININGS]
    rows = [row for file in files for row in json.loads(file.read_text(encoding="utf-8"))["rows"]]
    assert all(row["test_f1_mean"] > 20 for row in rows), [row["test_f1_mean"] for row in rows]


def test_tagged_text_has_the_offsets_of_its_characters(workspace: Path) -> None:
    lines = [" ".join(words) for words in sentences(workspace / "data/raw/mine/test.txt")]
    lines += ["", "  \U0001f3db  Η\tΣοφία\u00a0του İzmir \u037e", unicodedata.normalize("NFD", "Πού πήγε η Μαΐα ;")]
    for options in (["--tokenised"], []):
        found = tag("\n".join(lines) + "\n", *options)
        assert [sentence["text"] for sentence in found] == lines
        for sentence in found:
            text, places = sentence["text"], sentence["offsets"]
            assert [text[start:end] for start, end in places] == sentence["tokens"]
            assert all(span["text"] == text[span["start"] : span["end"]] for span in sentence["spans"])
            of_tags = [(s.type, places[s.start][0], places[s.end - 1][1]) for s in spans(sentence["tags"])]
            assert [(span["type"], span["start"], span["end"]) for span in sentence["spans"]] == of_tags
    tokens = tag(lines[-2], "--tokenised")[0]["tokens"]
    assert tokens == ["\U0001f3db", "Η", "Σοφία\u00a0του", "İzmir", "\u037e"]


def test_columns_come_back_with_one_more(workspace: Path) -> None:
    test = workspace / "data/raw/mine/test.txt"
    options = ["--input", "conll", "--word-column", "1"]
    result = CliRunner().invoke(ldnet, ["tag", "latest", str(test), *options])
    lines = result.stdout_bytes.split(b"\n")
    assert [line.rpartition(b"\t")[0] for line in lines] == test.read_bytes().split(b"\n")
    predicted = column(workspace / "work/predictions/taught/pruned-seed-1.conll", b" ", 2)
    assert [line.rpartition(b"\t")[2] for line in lines] == predicted


def test_the_example_is_a_profile() -> None:
    """A key that the profiles have no more, the example must not have."""
    params = parse_params(rendered_example(), "mine.yaml")
    assert (params.profile, params.data, params.prepare_conll.word_column) == ("mine", "mine", 1)


@pytest.mark.parametrize(
    ("conll", "message"),
    [
        (
            {"word_column": 0},
            "'1' is no word, and so in all lines: only numbers are in column 0; set prepare_conll.",
        ),
        (
            {"tag_column": 2},
            "unknown tag 'η': expected O, or B-, I-, E- or S- and a type, as in B-NP (prepare_conll.tag_",
        ),
        ({"tag_column": 4}, "train.txt:1: 4 columns, but prepare_conll.tag_column is 4 (columns count from 0)"),
    ],
)
def test_a_wrong_column_is_told(raw: Path, conll: dict[str, Any], message: str) -> None:
    write_params(prepare_conll=conll)
    text = "1\tΗ\tη\tO\n2\tΣοφία\tΣοφία\tI-PER\n\n"
    for name in ("train", "dev", "test"):
        (raw / f"{name}.txt").write_text(text, encoding="utf-8")
    options = ["--raw", str(raw), "--out", "out", "--metrics", "metrics.json"]
    result = CliRunner().invoke(prepare_conll, options)
    assert result.exit_code == 1 and message in result.output and result.output.count("\n") == 1, result.output


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_tagger": {"word_dimension": 50}}, "train_tagger.word_dimension is 50 in params.yaml; set it to 32"),
        ({"pretrain_lm": {"embedding": 50}}, "pretrain_lm.embedding is 50 in params.yaml; set it to 32"),
        (
            {"prepare_conll": {"vectors": "glove.txt"}},
            "no glove.txt (prepare_conll.vectors); copy the files from a folder",
        ),
        (
            {"prepare_corpus": {"vectors": "glove.txt"}},
            "no glove.txt (prepare_corpus.vectors); copy the files from a folder",
        ),
    ],
)
def test_wrong_vectors_are_told_before_hours_of_training(
    raw: Path, changes: dict[str, dict[str, Any]], message: str
) -> None:
    write_params(**changes)
    with pytest.raises(InputError) as error:
        check_data(load_params(Path("params.yaml")), raw.parent)
    assert message in str(error.value) and "mine" in str(error.value)


@pytest.mark.parametrize(("first", "width"), [("the 0.1 0.2 0.3\n", 3), ("400000 3\nthe 1 2 3\n", 3), ("", 0)])
def test_the_width_of_vectors_is_that_of_the_first_line(raw: Path, first: str, width: int) -> None:
    (raw / "vectors.txt").write_text(first)
    write_params(train_tagger={"word_dimension": 7}, pretrain_lm={"embedding": 7})
    params = load_params(Path("params.yaml"))
    assert vector_dimension(raw / "vectors.txt") == width
    # An empty file is the stage's to refuse.
    with pytest.raises(InputError, match=f": {width} numbers a word") if width else nullcontext():
        check_data(params, raw.parent)


def test_hints_after_the_data_is_there(brought: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(brought, "with-notes")
    Path("with-notes/train.conll").write_text("not a name that is looked for")
    run = CliRunner().invoke(fetch_data, ["mine", "--from", "with-notes"])
    assert "with-notes/train.conll: not taken; names that are: train.txt, test.txt, dev.txt" in run.output
    assert "next: copy examples/own_data/mine.yaml to profiles/mine.yaml" in run.output
    Path("profiles").mkdir()
    Path("profiles/mine.yaml").touch()
    run = CliRunner().invoke(fetch_data, ["mine", "--from", "with-notes"])
    assert run.output.endswith("next: `make profile NAME=mine`, `make repro`\n")
