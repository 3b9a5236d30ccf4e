"""The schemas for editors are those of the models, and every parameters file that ships is right by them."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from commands.schema import COMPLETE, OVERLAY, complete, main, overlay
from tests.imports import ROOT

KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def mistakes(value: Any, rule: dict[str, Any], schema: dict[str, Any], place: str = "") -> list[str]:
    """What the schema finds wrong: as much of JSON schema as ours use."""
    if "$ref" in rule:
        return mistakes(value, schema["$defs"][rule["$ref"].split("/")[-1]], schema, place)
    if "anyOf" in rule:
        found = [mistakes(value, one, schema, place) for one in rule["anyOf"]]
        return min(found, key=len)
    kind = rule["type"]
    if not isinstance(value, KINDS[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return [f"{place}: no {kind}"]
    if kind == "object":
        known, others = rule.get("properties", {}), rule["additionalProperties"]
        wrong = [f"{place}.{key}: missing" for key in rule.get("required", []) if key not in value]
        for key, item in value.items():
            if key not in known and others is False:
                wrong.append(f"{place}.{key}: unknown")
            else:
                wrong += mistakes(item, known.get(key, others), schema, f"{place}.{key}")
        return wrong
    if kind == "array":
        return [wrong for item in value for wrong in mistakes(item, rule["items"], schema, f"{place}[]")]
    fits = value in rule.get("enum", [value])
    if kind in ("integer", "number"):
        fits = rule.get("minimum", value) <= value <= rule.get("maximum", value)
        fits = fits and rule.get("exclusiveMinimum", value - 1) < value < rule.get("exclusiveMaximum", value + 1)
    return [] if fits else [f"{place}: {value} out of bounds"]


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_the_files_are_those_that_the_command_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, [])
    assert result.exit_code == 0, result.output
    for path in (COMPLETE, OVERLAY):
        current = (ROOT / path).read_bytes()
        assert path.read_bytes() == current, f"{path} is stale: `python -m commands.schema`"
        assert json.loads(current)["properties"]


@pytest.mark.parametrize("path", ["params.yaml", "profiles/base.yaml"])
def test_complete_files_are_right(path: str) -> None:
    assert mistakes(read(path), complete(), complete()) == []


@pytest.mark.parametrize(
    "path", [*(f"profiles/{name}.yaml" for name in ("conll2000", "conll2003", "paper")), "examples/own_data/mine.yaml"]
)
def test_overlays_are_right(path: str) -> None:
    assert mistakes(read(path), overlay(), overlay()) == []
    assert mistakes(read(path), complete(), complete())


@pytest.mark.parametrize(
    ("section", "key", "value", "found"),
    [
        ("select", "strenght", 0.1, ".select.strenght: unknown"),
        ("select", "method", "lasso", ".select.method: lasso out of bounds"),
        ("pretrain_lm", "dropout", 1.0, ".pretrain_lm.dropout: 1.0 out of bounds"),
        ("pretrain_lm", "units", 0, ".pretrain_lm.units: 0 out of bounds"),
        ("pretrain_lm", "learning_rate", 0, ".pretrain_lm.learning_rate: 0 out of bounds"),
        ("soft_targets", "weight", 2, ".soft_targets.weight: 2 out of bounds"),
        ("train_tagger", "seeds", [True], ".train_tagger.seeds[]: no integer"),
        ("prepare_conll", "dev", 1, ".prepare_conll.dev: no string"),
    ],
)
def test_mistakes_are_found(section: str, key: str, value: Any, found: str) -> None:
    content = read("profiles/base.yaml")
    content[section][key] = value
    assert mistakes(content, complete(), complete()) == [found]
    assert mistakes({"profile": "x", section: {key: value}}, overlay(), overlay()) == [found]
    assert mistakes({section: {}}, overlay(), overlay()) == [".profile: missing"]


def test_null_takes_away_what_may_be_missing() -> None:
    content = {"profile": "x", "ablations": {"candidates": {"wide": None}}, "generate_data": {"demo": None}}
    assert mistakes(content, overlay(), overlay()) == []
    assert mistakes({"profile": "x", "ablations": None}, overlay(), overlay()) == []
    assert mistakes({"profile": "x", "select": None}, overlay(), overlay()) == [".select: no object"]
