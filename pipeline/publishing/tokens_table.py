"""The rows of `bench.tokens_read` as a table: a row a state of the language model, two columns a size of training."""

from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import Any

from pipeline.publishing.tries_table import score, tables_of_files
from pipeline.report.tables import NAMES, markdown_table, signed

NO_LM = "none"


def tokens_section(results: Path) -> str:
    """The tables of all such files in the folder. Raises InputError if one of them is not JSON."""
    return tables_of_files(results, "tokens_read_", _table)


def _table(document: Mapping[str, Any]) -> str:
    """Dev F1, mean ± standard deviation over the seeds, whose number is in brackets, and what the LM adds to it."""
    scores: dict[str, dict[tuple[int, int], list[float]]] = {}
    for row in document["rows"]:
        scores.setdefault(row["lm"], {}).setdefault((row["sentences"], row["epochs"]), []).append(row["dev_f1"])
    columns = sorted({column for of_lm in scores.values() for column in of_lm})
    header = ["language model"]
    for sentences, epochs in columns:
        header += [f"{sentences:,} sentences, {epochs} epochs", "gain"]
    rows = []
    for lm, of_lm in scores.items():
        cells = [NAMES["no_lm"] if lm == NO_LM else lm]
        for column in columns:
            found, without = of_lm.get(column, []), scores.get(NO_LM, {}).get(column, [])
            known = found and without and lm != NO_LM
            cells += [score(found), signed(mean(found) - mean(without)) if known else ""]
        rows.append(cells)
    return markdown_table(header, rows)
