"""What the stages measured: metrics/*.json and curves/*.csv."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ldnet.errors import ANY_STAGE, InputError, StageFileError, written_by
from ldnet.files import read_json
from ldnet.printable import MOST_REASON, reason, shortened
from pipeline.report.results_schema import METRICS
from pipeline.validation import validated

DIRECTIONS = ("forward", "backward")


def read_metrics(folder: Path) -> dict[str, Any]:
    """All metrics files, by name without suffix.

    Raises InputError where there are none, and for one that results cannot be made from.
    """
    with written_by(ANY_STAGE):
        documents = {path.stem: read_json(path) for path in sorted(folder.glob("*.json"))}
    if not documents:
        raise InputError(f"{folder}: no metrics files (*.json) here; run the stages that write them (`dvc repro`)")
    for name, model in METRICS.items():
        if name in documents:
            with written_by(ANY_STAGE):
                validated(model, documents[name], f"{folder / name}.json: ")
    return documents


def pick(document: Any, path: str) -> Any:
    """The value at a dotted path, such as evaluate.rows. Raises InputError naming the path that is missing."""
    value = document
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            raise InputError(f"{path}: missing in the metrics; expected the keys that the stages of this version write")
        value = value[key]
    return value


def read_curve(path: Path, columns: list[str]) -> pd.DataFrame:
    """A curve, one record a row. Raises InputError if file, rows or a column are missing, or a value is no number."""
    with written_by(ANY_STAGE):
        return _curve(path, columns)


def _curve(path: Path, columns: list[str]) -> pd.DataFrame:
    try:
        curve = pd.read_csv(path)
    except FileNotFoundError:
        raise StageFileError(f"{path}: no such file", "run the stage that writes it (`dvc repro`)") from None
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a table of comma-separated values: {reason(error)}") from None
    if missing := [name for name in columns if name not in curve]:
        found = shortened(", ".join(map(str, curve.columns)), MOST_REASON)
        raise InputError(f"{path}: no column {missing[0]}; found {found}")
    if curve.empty:
        raise InputError(f"{path}: no rows; expected at least one record")
    if text := [name for name in columns if not pd.api.types.is_numeric_dtype(curve[name]) or curve[name].hasnans]:
        raise InputError(f"{path}: column {text[0]}: expected numbers only")
    return curve


def read_gates(path: Path, layers: int) -> pd.DataFrame:
    """The gates over the epochs of the first selection. Raises InputError as `read_curve`."""
    gates = [f"gate_{direction}_{layer}" for direction in DIRECTIONS for layer in range(layers)]
    curve = read_curve(path, ["seed", "epoch", *gates])
    return curve.query(f"seed == {curve['seed'].iloc[0]}")


def flat_metrics(documents: Mapping[str, Any]) -> dict[str, float]:
    """All numbers by path, such as evaluate_gold/pruned/test_f1.0: rows by variant, other lists by position.

    There are slashes between the first three names alone: MLflow folds charts by what stands before the last slash,
    and the more seeds and layers there are, the more such sections there would be.
    """
    flat: dict[str, float] = {}

    def visit(value: Any, path: tuple[str, ...]) -> None:
        if isinstance(value, list):
            value = dict(enumerate(value))
        if isinstance(value, dict):
            value = {**value, **{row["variant"]: row for row in value.get("rows", [])}, "rows": None}
            for key, item in value.items():
                visit(item, (*path, str(key)))
        elif isinstance(value, int | float):
            flat["/".join([*path[:2], ".".join(path[2:])][: len(path)])] = float(value)

    visit(dict(documents), ())
    return flat
