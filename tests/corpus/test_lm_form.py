"""LM text that is none: the first place of each kind, and how many lines are so."""

import gzip
from pathlib import Path

from ldnet.text.text_forms import BLANKS_AT_ENDS
from pipeline.corpus.lm_form import doubts_of_form


def test_bytes_that_are_no_text_are_left_to_those_who_read_all(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff x .\n<doc>\n")
    assert [doubt.partition(":")[2][:9] for doubt in doubts_of_form([tmp_path / "a.txt"])] == ["2: '<doc>"]


def test_blanks_at_the_ends_of_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x .\r\n \u3000y .\t\n", encoding="utf-8")
    (doubt,) = doubts_of_form([tmp_path / "a.txt"])
    assert doubt.startswith(f"{tmp_path}/a.txt:2: '\\u3000y .' is {BLANKS_AT_ENDS} (1 of the first 2 lines)")


def test_the_first_place_and_how_many(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x .\n\n<doc>\ny .\n</doc>\n")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"<doc>\n1\n00:00:01,000 --> 00:00:02,000\nz\n"))
    (tmp_path / "c.txt").write_text("x .\n")
    learnt = "and is learnt from as text; expected one tokenised sentence a line"
    assert list(doubts_of_form(sorted(tmp_path.iterdir()))) == [
        f"{tmp_path}/a.txt:3: '<doc>' is markup (2 of the first 5 lines; also in 1 more files), {learnt}",
        f"{tmp_path}/b.txt.gz:3: '00:00:01,000 --> 00:00:02,000' is the time of a subtitle (1 of the first 4 lines), "
        f"{learnt}",
    ]
    assert list(doubts_of_form([tmp_path / "c.txt"])) == []
