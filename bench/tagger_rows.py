"""The file of rows that trainings of the tagger are kept in, one by one, so that a benchmark resumes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.run import machine
from ldnet.command_line import echo
from ldnet.files import read_json, write_json
from pipeline.params import TaggerParams
from pipeline.report.provenance import source_version

OUTCOME = ("dev_f1", "best_epoch")
Row = Mapping[str, Any]


def missing_rows(out: Path, wanted: Iterable[Row]) -> list[Row]:
    """Those of the wanted rows, which say how to train, whose outcome is not in the file."""
    done = [{key: value for key, value in row.items() if key not in OUTCOME} for row in _rows(out)]
    return [row for row in wanted if row not in done]


def add_rows(out: Path, rows: Iterable[Row], params: TaggerParams) -> None:
    """Write each row to the file as soon as it is there."""
    known: Sequence[Row] = _rows(out)
    for row in rows:
        known = [*known, row]
        echo(json.dumps(row))
        document = {"rows": known, "train_tagger": params.model_dump()}
        write_json(out, {**document, "git_commit": source_version(Path.cwd()), "machine": machine()})


def _rows(out: Path) -> list[Row]:
    return list(read_json(out)["rows"]) if out.exists() else []
