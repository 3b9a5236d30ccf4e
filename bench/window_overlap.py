"""How many tags of long lines differ when they are read in windows that overlap by more or fewer words.

`python -m bench.window_overlap --model work/model/pruned_taught --out results/window_overlap.json` strings the dev
sentences of the run experiment together into lines of so many words, and tags them whole and in windows of 256 words.
"""

from itertools import chain
from pathlib import Path
from unittest.mock import patch

import click

from bench.made_by import made_by
from ldnet.command_line import FILE, FOLDER, Command, echo
from ldnet.decoding import bulk_tagger
from ldnet.files import write_json
from ldnet.model_folder import load_model
from ldnet.text import windows
from ldnet.text.columns import read_conll
from pipeline.tagger.scoring import span_scores

OVERLAPS = (8, 16, 32, 64)


@click.command(
    cls=Command,
    examples=["python -m bench.window_overlap --model work/model/pruned_taught --out results/window_overlap.json"],
)
@click.option("--model", type=FOLDER, required=True, help="An exported tagger.")
@click.option("--conll", type=FOLDER, default="work/conll", show_default=True, help="Output of prepare_conll.")
@click.option("--line-words", type=click.IntRange(1), default=2000, show_default=True, help="Of a line.")
@click.option("--out", type=FILE, required=True, help="Where the counts are (JSON).")
def main(model: Path, conll: Path, line_words: int, out: Path) -> None:
    """Count tags that differ, and score both."""
    maker = made_by(out)
    dev = read_conll(conll / "dev.conll", 0, -1)
    words = _lines([word for sentence in dev for word in sentence.words], line_words)
    gold = _lines([tag for sentence in dev for tag in sentence.tags], line_words)
    tagger = load_model(model)
    with patch.object(bulk_tagger, "LONGEST_WHOLE", line_words):
        whole = tagger.tag(words)
    rows = []
    best = list(chain.from_iterable(whole))
    for overlap in OVERLAPS:
        with patch.object(windows, "OVERLAP", overlap):
            tags = tagger.tag(words)
        rows.append(
            {
                "overlap": overlap,
                "tags_that_differ": sum(map(str.__ne__, chain.from_iterable(tags), best)),
                "dev_f1": round(span_scores(gold, tags)[0], 4),
            }
        )
        echo(str(rows[-1]))
    document = {
        "longest_whole": windows.LONGEST_WHOLE,
        "line_words": line_words,
        "words": sum(map(len, words)),
        "dev_f1_of_whole_lines": round(span_scores(gold, whole)[0], 4),
        "rows": rows,
    }
    write_json(out, {**document, **maker})


def _lines(items: list[str], length: int) -> list[list[str]]:
    return [items[first : first + length] for first in range(0, len(items), length)]


if __name__ == "__main__":
    main()
