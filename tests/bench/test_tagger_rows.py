"""A file of rows is added to only by a run with its parameters and its language models."""

import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from bench.tagger_rows import add_rows, digest, missing_rows
from ldnet.errors import InputError
from ldnet.files import read_json, write_json
from pipeline.language_model.model import save_language_model
from pipeline.params import TaggerParams
from pipeline.publishing.tries_table import tries_section
from tests.factories import WORDS, make_language_model, make_tagger_params
from tests.imports import ROOT

PARAMS, OTHERS = make_tagger_params(), make_tagger_params(dropout=0.25)


def wanted(variant: str, **more: Any) -> dict[str, Any]:
    return {"sentences": 9, "variant": variant, "epochs": 1, "seed": 1, "optimizer": "adam", **more}


def trained(variant: str, **more: Any) -> dict[str, Any]:
    return {**wanted(variant, **more), "dev_f1": 90.0, "best_epoch": 1}


def test_a_digest_is_of_the_weights_of_both_directions(tmp_path: Path) -> None:
    content, files = b"", [tmp_path / direction / "weights.safetensors" for direction in ("forward", "backward")]
    for seed, file in enumerate(files):
        save_language_model(make_language_model(seed=seed), WORDS, file.parent)
        content += file.read_bytes()
    assert digest(tmp_path) == hashlib.sha256(content).hexdigest()[:16]
    files[1].unlink()
    with pytest.raises(InputError, match="backward: no language model there"):
        digest(tmp_path)


def test_rows_that_are_there_are_not_missing(tmp_path: Path) -> None:
    out = tmp_path / "tagger_tries_few.json"
    rows = [wanted("no_lm"), wanted("full")]
    assert missing_rows(out, rows, PARAMS, {"full": "aa"}) == rows
    add_rows(out, [trained("no_lm"), trained("full")], PARAMS, {"full": "aa"})
    assert missing_rows(out, [*rows, wanted("full", lm_norm=True)], PARAMS, {"full": "aa"}) == [
        wanted("full", lm_norm=True)
    ]
    add_rows(out, [trained("pruned")], PARAMS, {"pruned": "bb"})
    document = read_json(out)
    assert document["language_models"] == {"full": "aa", "pruned": "bb"} and len(document["rows"]) == 3
    assert "| adam" in tries_section(tmp_path)


@pytest.mark.parametrize(
    ("params", "found", "named"),
    [
        (PARAMS, "bb", "language models (full)"),
        (OTHERS, "aa", "parameters (train_tagger)"),
        (OTHERS, "bb", "language models (full) and parameters (train_tagger)"),
    ],
)
def test_other_parameters_or_language_models_are_refused(
    tmp_path: Path, params: TaggerParams, found: str, named: str
) -> None:
    out = tmp_path / "rows.json"
    add_rows(out, [trained("no_lm"), trained("full")], PARAMS, {"full": "aa"})
    before = out.read_bytes()
    expected = re.escape(f"{out}: its rows were made with other {named}; give another --out, or delete it")
    with pytest.raises(InputError, match=f"^{expected}$"):
        missing_rows(out, [wanted("full")], params, {"full": found})
    with pytest.raises(InputError, match=f"^{expected}$"):
        add_rows(out, [trained("full", lm_norm=True)], params, {"full": found})
    assert out.read_bytes() == before


def test_a_name_is_that_of_its_language_models(tmp_path: Path) -> None:
    out = tmp_path / "rows.json"
    add_rows(out, [trained("no_lm", lm="none")], PARAMS, {})
    add_rows(out, [trained("full", lm="5 tokens")], PARAMS, {"5 tokens": "aa"})
    assert missing_rows(out, [wanted("full", lm="5 tokens")], PARAMS, {"5 tokens": "aa"}) == []
    assert missing_rows(out, [wanted("full", lm="9 tokens")], PARAMS, {"9 tokens": "bb"})
    with pytest.raises(InputError, match=r"other language models \(5 tokens\)"):
        missing_rows(out, [wanted("full", lm="5 tokens")], PARAMS, {"5 tokens": "bb"})


def test_a_row_keeps_the_commit_and_the_machine_that_made_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where an earlier file names one commit and machine for all its rows."""
    out = tmp_path / "tagger_tries_few.json"
    makers = [
        {"git_commit": commit, "machine": machine} for commit, machine in (("0", "old"), ("1", "new"), (None, "new"))
    ]
    write_json(out, {"rows": [trained("no_lm")], "train_tagger": PARAMS.model_dump(), **makers[0]})
    assert missing_rows(out, [wanted("no_lm")], PARAMS, {}) == []
    for seed, maker in enumerate(makers[1:], 2):
        monkeypatch.setattr("bench.tagger_rows.made_by", lambda _, maker=maker: maker)
        add_rows(out, [{**trained("no_lm"), "seed": seed}], PARAMS, {})
    document = read_json(out)
    assert set(document) == {"rows", "train_tagger", "language_models"}
    assert document["rows"] == [{**trained("no_lm"), "seed": seed, **maker} for seed, maker in enumerate(makers, 1)]
    assert missing_rows(out, [wanted("no_lm")], PARAMS, {}) == []
    assert tries_section(tmp_path).count("| adam |") == 1, "one way, whatever made its rows"


def test_files_of_before_a_key_did_what_was_done_then(tmp_path: Path) -> None:
    out, then = tmp_path / "rows.json", PARAMS.model_dump(exclude={"word_rate"})
    write_json(out, {"rows": [trained("no_lm")], "train_tagger": then})
    assert missing_rows(out, [wanted("no_lm")], PARAMS.model_copy(update={"word_rate": 1.0}), {}) == []
    with pytest.raises(InputError, match=r"other parameters \(train_tagger\)"):
        missing_rows(out, [wanted("no_lm")], PARAMS.model_copy(update={"word_rate": 0.1}), {})


def test_without_digests_language_models_are_others(tmp_path: Path) -> None:
    out = tmp_path / "rows.json"
    write_json(out, {"rows": [trained("no_lm")], "train_tagger": PARAMS.model_dump()})
    assert missing_rows(out, [wanted("no_lm"), wanted("full")], PARAMS, {"full": "aa"}) == [wanted("full")]
    write_json(out, {"rows": [trained("no_lm"), trained("full")], "train_tagger": PARAMS.model_dump()})
    with pytest.raises(InputError, match=r"other language models \(full\)"):
        missing_rows(out, [wanted("full")], PARAMS, {"full": "aa"})


@pytest.mark.parametrize(("data", "variant"), [("conll2000", "pruned"), ("conll2003", "full")])
def test_the_committed_files_are_read_and_not_added_to(tmp_path: Path, data: str, variant: str) -> None:
    """Copies of them: with code that is not committed, nothing is added to results/ whatever it is."""
    file = tmp_path / f"tagger_tries_{data}.json"
    shutil.copyfile(ROOT / "results" / file.name, file)
    with pytest.raises(InputError, match=rf"other language models \({variant}\) and parameters \(train_tagger\)"):
        missing_rows(file, [], PARAMS, {variant: "aa"})
    assert f"**{data}**" in tries_section(tmp_path)
