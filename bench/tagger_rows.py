"""The file of rows that trainings of the tagger are kept in, one by one, so that a benchmark resumes.

All rows of a file share its `train_tagger`. Each names the commit and the machine that made it. The file's
`language_models` are digests of the weights that rows read, by the name that a row gives them: its `lm`, or else its
variant.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.made_by import made_by
from ldnet.command_line import echo
from ldnet.errors import InputError
from ldnet.files import read_json, write_json
from pipeline.params import TaggerParams
from pipeline.publishing.profile_changes import in_full
from pipeline.publishing.tries_table import OUTCOME

Row = Mapping[str, Any]
Digests = Mapping[str, str]


def digest(lm: Path) -> str:
    """16 hex digits of SHA-256 over the weights of both directions. Raises InputError if the folder lacks one."""
    found = hashlib.sha256()
    for direction in ("forward", "backward"):
        weights = lm / direction / "weights.safetensors"
        if not weights.is_file():
            raise InputError(f"{weights.parent}: no language model there")
        found.update(weights.read_bytes())
    return found.hexdigest()[:16]


def missing_rows(out: Path, wanted: Iterable[Row], params: TaggerParams, language_models: Digests) -> list[Row]:
    """Those of the wanted rows, which say how to train, whose outcome is not in the file.

    Raises InputError if the file's rows were made with other `params`, or with others of these language models, and
    for code that is not committed.
    """
    made_by(out)  # fails now rather than at the end
    rows, _ = _read(out, params, language_models)
    done = [{key: value for key, value in row.items() if key not in OUTCOME} for row in rows]
    return [row for row in wanted if row not in done]


def add_rows(out: Path, rows: Iterable[Row], params: TaggerParams, language_models: Digests) -> None:
    """Write each row to the file as soon as it is there. Raises InputError as `missing_rows`."""
    maker = made_by(out)
    known, digests = _read(out, params, language_models)
    for row in rows:
        known = [*known, {**row, **maker}]
        echo(json.dumps(row))
        write_json(out, {"rows": known, "train_tagger": params.model_dump(), "language_models": digests})


def _read(out: Path, params: TaggerParams, language_models: Digests) -> tuple[Sequence[Row], Digests]:
    """The rows of the file, and its digests with these. Rows without a digest count as of other language models."""
    if not out.exists():
        return [], language_models
    document = read_json(out)
    of_all = {key: document[key] for key in OUTCOME if key in document}  # earlier files name one commit and machine
    rows, digests = [{**of_all, **row} for row in document["rows"]], document.get("language_models", {})
    names = {row.get("lm", row["variant"]) for row in rows} & set(language_models)
    differing = [f"language models ({name})" for name in sorted(names) if digests.get(name) != language_models[name]]
    if "train_tagger" not in document or in_full(document) != params.model_dump():
        differing.append("parameters (train_tagger)")
    if differing:
        others = " and ".join(differing)
        raise InputError(f"{out}: its rows were made with other {others}; give another --out, or delete it")
    return rows, {**digests, **language_models}
