"""The table of tries, by hand."""

import json
from pathlib import Path
from typing import Any

from pipeline.publishing.tries_table import tries_section


def tried(variant: str, sentences: int, seed: int, dev_f1: float, **way: Any) -> dict[str, Any]:
    row = {"variant": variant, "sentences": sentences, "epochs": 3, "seed": seed, "dev_f1": dev_f1, "best_epoch": 2}
    return {**row, "optimizer": "adam", "learning_rate": 0.003, **way}


def test_a_way_is_a_row_and_its_seeds_are_one_cell(tmp_path: Path) -> None:
    rows = [
        tried("full", 1400, 1, 95.0),
        tried("full", 500, 1, 86.0),
        tried("full", 500, 2, 88.0),
        tried("no_lm", 500, 1, 84.127),
        tried("full", 500, 1, 87.0, norm=True),
        tried("full", 500, 1, 85.0, optimizer="sgd", dropout=0.3),
    ]
    (tmp_path / "tagger_tries_news.json").write_text(json.dumps({"rows": rows}), encoding="utf-8")
    assert tries_section(tmp_path).splitlines() == [
        "**news** ([all numbers](../results/tagger_tries_news.json))",
        "",
        "| way | 500 sentences, 3 epochs, without LM | 500 sentences, 3 epochs, all LM layers "
        "| 1,400 sentences, 3 epochs, all LM layers |",
        "| --- | ---: | ---: | ---: |",
        "| adam, learning rate 0.003 | 84.13 | 87.00 ± 1.41 (2) | 95.00 |",
        "| adam, learning rate 0.003, norm |  | 87.00 |  |",
        "| sgd, learning rate 0.003, dropout 0.3 |  | 85.00 |  |",
    ]


def test_without_tries_it_says_so(tmp_path: Path) -> None:
    assert tries_section(tmp_path) == "None yet.\n"
