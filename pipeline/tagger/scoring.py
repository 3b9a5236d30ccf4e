"""Span F1 by the conlleval rules."""

import warnings
from collections.abc import Sequence
from typing import Any

from seqeval.metrics import classification_report

from ldnet.text.tags import to_iob2

Tags = Sequence[Sequence[str]]


def span_scores(gold: Tags, predicted: Tags) -> tuple[float, dict[str, float]]:
    """F1 in percent over all spans, and per type. Tags may be of any scheme.

    seqeval's default mode follows conlleval; both sides go through IOB2, where impossible sequences have one meaning.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # undefined scores of types that were never predicted are 0
        report: dict[str, Any] = classification_report(
            [list(to_iob2(tags)) for tags in gold], [list(to_iob2(tags)) for tags in predicted], output_dict=True
        )
    types = {kind: 100 * float(scores["f1-score"]) for kind, scores in report.items() if not kind.endswith(" avg")}
    return 100 * float(report["micro avg"]["f1-score"]), types
