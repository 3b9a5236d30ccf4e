"""The table of goals: which are met, which are missed, and which nothing says anything about."""

import json
from pathlib import Path
from typing import Any

import pytest

from ldnet.errors import InputError
from pipeline.publishing.goals_reached import Goal, goals_section
from pipeline.report.results import build_results
from tests.report_factories import make_metrics, make_params


def outcomes(folder: Path, *documents: Any) -> dict[str, tuple[str, str, str]]:
    lines = goals_section(folder, documents).splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {what: (asked, found, outcome) for what, asked, found, outcome in cells}


def of_conll(profile: str, **rows: dict[str, Any]) -> dict[str, Any]:
    document = build_results(make_params(profile), make_metrics())
    for row in document["rows"]:
        row.update(rows.get(f"{row['variant']}_{row['training']}", {}))
    return document


def test_a_bound_is_met_when_it_is_reached() -> None:
    assert Goal("a", 94.4, 94.4).cells() == ["a", "at least 94.40", "94.40", "met"]
    assert Goal("a", 94.4, 94.399).cells()[3] == "**missed**"
    assert Goal("a", 62, 62, at_most=True).cells() == ["a", "at most 62.00", "62.00", "met"]
    assert Goal("a", 62, 62.1, at_most=True).cells()[3] == "**missed**"
    assert Goal("a", 1, None, missing="none yet").cells() == ["a", "at least 1.00", "", "none yet"]


def test_no_goal_is_invented(tmp_path: Path) -> None:
    """A profile of one's own has those of pruning, and none for F1."""
    assert goals_section(tmp_path, []) == "No result with a goal is published yet.\n"
    assert list(outcomes(tmp_path, of_conll("mine"))) == [
        "mine: share of the gain kept by pruning, gold",
        "mine: share of the gain kept by pruning, taught",
        "mine: MACs of the LMs left by pruning",
    ]


def test_goals_of_a_profile(tmp_path: Path) -> None:
    dear = {"test_f1_mean": 95.0, "macs_per_word": 6_000_000}
    document = of_conll(
        "conll2003",
        no_lm_gold={"test_f1_mean": 90.8},
        pruned_gold={"test_f1_mean": 92.5, "macs_per_word": 5_000_000},
        pruned_taught=dear,
    )
    gold, taught = document["comparison"]["gold"], document["comparison"]["taught"]
    gold["differences"]["full_minus_no_lm"].update(test_f1=0.6, test_f1_low=0.2)
    gold["gain_kept"]["test"], gold["lm_macs_kept"] = 0.94, 0.21
    taught["differences"]["full_minus_no_lm"].update(test_f1=0.1, test_f1_low=-0.2)
    taught["gain_kept"] = None
    found = outcomes(tmp_path, document)
    assert found == {
        "conll2003: test F1, without LM, gold": ("at least 90.80", "90.80", "met"),
        "conll2003: test F1, pruned, taught": ("at least 91.50", "95.00", "met"),
        "conll2003: gain in test F1 of all LM layers, gold": ("at least +0.50", "+0.60", "met"),
        "conll2003: share of the gain kept by pruning, gold": ("at least 95.0 %", "94.0 %", "**missed**"),
        "conll2003: share of the gain kept by pruning, taught": ("at least 95.0 %", "", "not significant"),
        "conll2003: MACs of the LMs left by pruning": ("at most 20.0 %", "21.0 %", "**missed**"),
        "conll2003: test F1, pruned, with at most 5 M MACs, the better training": ("at least 92.00", "92.50", "met"),
    }


def test_goals_of_chunking(tmp_path: Path) -> None:
    """A variant each, and none for the gain alone."""
    scores = {"no_lm_gold": 94.5, "full_gold": 95.5, "pruned_taught": 95.6, "pruned_gold": 90.0}
    document = of_conll("conll2000", **{name: {"test_f1_mean": f1} for name, f1 in scores.items()})
    found = outcomes(tmp_path, document)
    assert [(what, *found[what]) for what in found if "share" not in what and "MACs of" not in what] == [
        ("conll2000: test F1, without LM, gold", "at least 94.40", "94.50", "met"),
        ("conll2000: test F1, all LM layers, gold", "at least 95.40", "95.50", "met"),
        ("conll2000: test F1, pruned, taught", "at least 95.50", "95.60", "met"),
        (
            "conll2000: test F1, pruned, with at most 5 M MACs, the better training",
            *("at least 96.00", "95.60", "**missed**"),
        ),
    ]
    for row in document["rows"]:
        row["macs_per_word"] = 6_000_000
    assert [*outcomes(tmp_path, document).values()][-1] == ("at least 96.00", "", "none as cheap")


def test_speed_and_perplexity(tmp_path: Path) -> None:
    speed = {"goal": 2, "baseline": 3.0, "product": 5.0, "ratio": 1.67, "unit": "words/s"}
    files: dict[str, Any] = {
        "speed": [
            {"what": "decoding", **speed},
            {"what": "encoding", **speed, "goal": 2e6, "baseline": None, "product": 3e6, "ratio": None},
            {"what": "something without a goal", **speed, "goal": 0},
        ],
        "former_words_perplexity_2x3": {"lm": "2 x 3, 9 words", "perplexity": {"forward": 61.9, "backward": 62.1}},
        "pretraining_since": {
            "against": "1234567",
            "rows": [
                {"units": 100, "words": 52_000, "precision": "float32", "ratio": 2.5},
                {"units": 100, "words": 153_000, "precision": "float32", "ratio": 2.5},
            ],
        },
        "tagging_since": {
            "against": "1234567",
            "loaded": [{"form": "tags", "precision": "int8", "ratio": {"words_per_cpu_second": 1.8}}],
            "served": [{"clients": 8, "ratio": {"requests_per_second": 1.2}}],
        },
    }
    for name, document in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    assert "perplexity of the worse LM (2 x 3, 9 words) on earlier held-out sentences" in outcomes(tmp_path)
    assert "decoding: words/s against a plain implementation" in outcomes(tmp_path)
    assert "served tagger, 8 clients: requests/s against 1234567" in outcomes(tmp_path)
    found = [(asked, value, outcome) for asked, value, outcome in outcomes(tmp_path).values()]
    assert found == [
        ("at most 62.00", "62.10", "**missed**"),
        ("at least 2.00 x", "1.67 x", "**missed**"),
        ("at least 2,000,000", "3,000,000", "met"),
        ("at least 2.00 x", "2.50 x", "met"),
        ("at least 3.00 x", "2.50 x", "**missed**"),
        ("at least 1.50 x", "1.80 x", "met"),
        ("at least 1.50 x", "1.20 x", "**missed**"),
    ]


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "pretraining_since.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"pretraining_since\.json:1: not JSON"):
        goals_section(tmp_path, [])
