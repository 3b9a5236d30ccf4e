"""Lines of many words are tagged whole and in windows."""

from pathlib import Path

from click.testing import CliRunner

from bench import window_overlap
from ldnet.files import read_json
from ldnet.text.columns import write_conll
from tests.factories import make_sentences
from tests.serving_factories import make_model


def test_tags_are_counted_for_each_overlap(tmp_path: Path) -> None:
    dev = make_sentences(120, 3)
    write_conll(tmp_path / "dev.conll", dev)
    out = tmp_path / "overlap.json"
    given = ["--model", str(make_model(tmp_path)), "--conll", str(tmp_path), "--line-words", "300", "--out", str(out)]
    done = CliRunner().invoke(window_overlap.main, given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    document = read_json(out)
    assert document["words"] == sum(len(sentence.words) for sentence in dev)
    assert [row["overlap"] for row in document["rows"]] == list(window_overlap.OVERLAPS)
    assert all(0 <= row["tags_that_differ"] <= document["words"] for row in document["rows"])
