"""Which tagger was measured, and with which code: what a file of results keeps of it, and captions say."""

from collections.abc import Mapping
from typing import Any

from pipeline.report.measurements import DIRECTIONS
from pipeline.report.tables import kept_cells

OF_DESCRIPTION = ("data", "tagger", "seed", "layers_kept", "macs_per_word")  # kept of the model folder's


def measured_tagger(result: Mapping[str, Any]) -> str:
    """The tagger, its layers kept and its cost, and the commit, as far as the results have them."""
    model = result["model"]
    said = [f"Tagger: {model['data']}, {model['tagger']}"]
    if "layers_kept" in model:
        kept = " and ".join(map(" ".join, zip(DIRECTIONS, kept_cells(model["layers_kept"]), strict=True)))
        said.append(f"layers kept: {kept}")
    if "macs_per_word" in model:
        said.append(f"{model['macs_per_word']:,} MACs a word")
    commit = f"Commit: {shown_commit(result)}." if "git_commit" in result else "Measured before commits were noted."
    return f"{'; '.join(said)}. {commit}"


def shown_commit(result: Mapping[str, Any]) -> str:
    """The first digits of the commit; outside a repository there is none."""
    return (result["git_commit"] or "unknown")[:7]
