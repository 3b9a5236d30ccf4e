"""The table of what more text for the language model is worth."""

import json
from pathlib import Path

from pipeline.publishing.tokens_table import tokens_section


def test_a_row_each_state_and_its_gain(tmp_path: Path) -> None:
    assert tokens_section(tmp_path) == "None yet.\n"
    rows = [
        {"lm": lm, "sentences": sentences, "epochs": epochs, "seed": seed, "dev_f1": f1}
        for lm, sentences, epochs, seed, f1 in [
            ("none", 1000, 20, 1, 80.0),
            ("none", 1000, 20, 2, 82.0),
            ("none", 14041, 12, 1, 94.0),
            ("9.6 M tokens", 1000, 20, 1, 83.5),
            ("9.6 M tokens", 14041, 12, 1, 93.75),
            ("99 M tokens", 14041, 12, 1, 95.0),
        ]
    ]
    (tmp_path / "tokens_read_mine.json").write_text(json.dumps({"rows": rows}), encoding="utf-8")
    assert tokens_section(tmp_path).splitlines() == [
        "**mine** ([all numbers](../results/tokens_read_mine.json))",
        "",
        "| language model | 1,000 sentences, 20 epochs | gain | 14,041 sentences, 12 epochs | gain |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| without LM | 81.00 ± 1.41 (2) |  | 94.00 |  |",
        "| 9.6 M tokens | 83.50 | +2.50 | 93.75 | -0.25 |",
        "| 99 M tokens |  |  | 95.00 | +1.00 |",
    ]
