"""Tagging shards: each output is whole or absent, and what is there is not done again."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ldnet import tagged_shards as shards
from ldnet.commands.tag_shards import main
from ldnet.errors import InputError
from ldnet.model_folder import load_model
from ldnet.tagged_shards import Line, find_shards, output_folder, read_groups, write_shard
from ldnet.text.tokenisation import split_words
from tests.imports import ROOT
from tests.serving_factories import make_lines, make_model, outputs, rename_tag
from tests.serving_factories import write_shard as write_text


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return make_model(tmp_path)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def tags_of(model: Path, lines: list[str]) -> list[list[str]]:
    return load_model(model).tag([split_words(line) for line in lines])


def test_every_line_has_its_words_and_tags(model: Path, tmp_path: Path) -> None:
    text = {"a.txt": make_lines(40, 1), "a.txt.gz": make_lines(25, 2), "empty.txt": []}
    for name, lines in text.items():
        write_text(tmp_path / "in" / name, lines)
    result = run(model, tmp_path / "in", tmp_path / "out")
    words = sum(len(line.split()) for lines in text.values() for line in lines)
    assert result.exit_code == 0 and f"3 shards tagged (65 lines, {words:,} words)" in result.output
    tagger = load_model(model)
    for name, lines in text.items():
        records = [json.loads(line) for line in (tmp_path / "out" / f"{name}.jsonl").read_text("utf-8").splitlines()]
        sentences = [line.split() for line in lines]
        expected = [
            {"line": number, "words": sentence, "tags": tags}
            for number, (sentence, tags) in enumerate(zip(sentences, tagger.tag(sentences), strict=True), 1)
        ]
        assert records == expected


def test_a_type_with_a_blank_stays_one_tag(model: Path, tmp_path: Path) -> None:
    lines = make_lines(40, 1)
    write_text(tmp_path / "in" / "a.txt", lines)
    expected = [["S-work of art" if tag == "S-LOC" else tag for tag in tags] for tags in tags_of(model, lines)]
    rename_tag(model, "S-LOC", "S-work of art")
    assert run(model, tmp_path / "in", tmp_path / "out").exit_code == 0
    records = (tmp_path / "out" / "a.txt.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line)["tags"] for line in records]
    assert found == expected and "S-work of art" in {tag for tags in found for tag in tags}


def test_shards_are_tagged_in_groups_of_a_fixed_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "GROUP_LINES", 4)
    write_text(tmp_path / "a.txt", [str(number) for number in range(1, 11)])
    groups = list(read_groups(tmp_path / "a.txt"))
    assert [len(group) for group in groups] == [4, 4, 2]
    assert [line for group in groups for line in group] == [(number, str(number)) for number in range(1, 11)]


def test_groups_are_bounded_in_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "GROUP_LINES", 4)
    monkeypatch.setattr(shards, "GROUP_CHARACTERS", 10)
    write_text(tmp_path / "a.txt", ["12345", "12345", "1", "2", "3", "123456789012", "4", "5", "6"])
    groups = [[number for number, _ in group] for group in read_groups(tmp_path / "a.txt")]
    assert groups == [[1, 2], [3, 4], [5, 6], [7, 8], [9]]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (['{"text": "the cat"}'], "1: JSON; expected text, one tokenised sentence a line"),
        (["", "id,text", "1,the cat"], "2: CSV with a header .*; expected text, one tokenised sentence a line"),
        (["version https://git-lfs.github.com/spec/v1", "oid sha256:0"], "1: a pointer of Git LFS"),
        (["Ada\tO", "left\tO", "", "Ben\tO", "came\tO", ""], "1: CoNLL columns; expected text, one .* --input conll"),
        (["-DOCSTART- O", "", "Ada O"], "1: CoNLL columns; expected text, one tokenised sentence a line; `ldnet tag` "),
        (["sep=;", "id;text", "1;Ada left"], "1: CSV that begins with Excel's sep= line; expected text, one tok"),
    ],
)
def test_a_shard_that_is_no_text(tmp_path: Path, lines: list[str], found: str) -> None:
    write_text(tmp_path / "a.txt", lines)
    with pytest.raises(InputError, match=rf"a\.txt:{found}"):
        list(read_groups(tmp_path / "a.txt"))


def test_a_shard_that_may_be_no_text_is_tagged_with_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "GROUP_LINES", 4)
    write_text(tmp_path / "a.txt", ["Ada O", "left O", "home O", ". O"] * 2)
    assert sum(map(len, read_groups(tmp_path / "a.txt"))) == 8
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith(f"note: {tmp_path / 'a.txt'}:1: these may be columns, but are")
    assert error.endswith("; `ldnet tag` with --input conll reads columns\n")


@pytest.mark.parametrize(("name", "found"), [("none", "no such folder"), ("file", "is no folder")])
def test_shards_that_are_in_no_folder(tmp_path: Path, name: str, found: str) -> None:
    (tmp_path / "file").write_text("the cat\n")
    with pytest.raises(InputError, match=rf"{name}: {found}; expected \*\.txt or \*\.txt\.gz"):
        find_shards(tmp_path / name)


def test_only_ascii_white_space_separates_words() -> None:
    assert split_words(" a\u00a0b\tc\u2028d \x0b\x1ce\r") == ["a\u00a0b", "c\u2028d", "\x1ce"]


def test_a_shard_that_is_not_utf8_is_named_and_stops_no_other(model: Path, tmp_path: Path) -> None:
    write_text(tmp_path / "in" / "a.txt", make_lines(5))
    (tmp_path / "in" / "b.txt").write_bytes(b"the cat\nsaw \xff\n")
    (tmp_path / "in" / "c.txt.gz").write_bytes(b"not compressed")
    write_text(tmp_path / "in" / "d.txt", make_lines(5))
    result = run(model, tmp_path / "in", tmp_path / "out")
    assert result.exit_code == 1
    assert f"{tmp_path / 'in' / 'b.txt'}:2: not UTF-8 (byte 0xff at position 5)" in result.output
    assert "c.txt.gz: cannot be read" in result.output and "2 refused" in result.output
    assert sorted(outputs(tmp_path / "out")) == ["a.txt.jsonl", "d.txt.jsonl", "tagging.json"]
    write_text(tmp_path / "in" / "b.txt", ["the cat", "saw"])
    (tmp_path / "in" / "c.txt.gz").unlink()
    result = run(model, tmp_path / "in", tmp_path / "out")
    assert result.exit_code == 0 and "1 shards tagged (2 lines, 3 words), 2 done before" in result.output


def test_a_killed_run_is_taken_up_without_loss_or_duplicates(model: Path, tmp_path: Path) -> None:
    for number in range(60):
        write_text(tmp_path / "in" / f"{number:02d}.txt", make_lines(400, number))
    command = [sys.executable, "-m", "ldnet", "tag-shards", model, tmp_path / "in"]
    killed = subprocess.Popen([*command, tmp_path / "out"], cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"})
    while not (done := list((tmp_path / "out").glob("*.jsonl"))):
        assert killed.poll() is None
        time.sleep(0.002)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    done = list((tmp_path / "out").glob("*.jsonl"))
    assert 0 < len(done) < 60
    written = {path: path.stat().st_mtime_ns for path in done}
    (tmp_path / "out" / "59.txt.jsonl.0.part").write_text('{"line": 1', encoding="utf-8")
    result = run(model, tmp_path / "in", tmp_path / "out")
    assert result.exit_code == 0 and f"{60 - len(done)} shards tagged" in result.output
    assert f"{len(done)} done before" in result.output
    assert {path: path.stat().st_mtime_ns for path in done} == written
    assert run(model, tmp_path / "in", tmp_path / "anew").exit_code == 0
    assert outputs(tmp_path / "out") == outputs(tmp_path / "anew") and len(outputs(tmp_path / "out")) == 61
    assert not list((tmp_path / "out").glob("*.part"))


def test_other_unfinished_files_in_the_folder_are_left_alone(model: Path, tmp_path: Path) -> None:
    write_text(tmp_path / "in" / "a.txt", ["the cat"])
    write_text(tmp_path / "out" / "film.mkv.part", ["mine"])
    assert run(model, tmp_path / "in", tmp_path / "out").exit_code == 0
    assert (tmp_path / "out" / "film.mkv.part").exists()


def test_an_output_that_is_none_of_its_shard_is_not_taken_for_done(model: Path, tmp_path: Path) -> None:
    write_text(tmp_path / "in" / "a.txt.gz", ["the cat", "Rome"])
    write_text(tmp_path / "in" / "empty.txt.gz", [])
    output = tmp_path / "out" / "a.txt.gz.jsonl"
    assert run(model, tmp_path / "in", tmp_path / "out").exit_code == 0
    whole, of_nothing = output.read_bytes(), tmp_path / "out" / "empty.txt.gz.jsonl"
    assert "0 shards tagged (0 lines, 0 words), 2 done before" in run(model, tmp_path / "in", tmp_path / "out").output
    for cut in (whole[:-1], whole[:20], b""):
        output.write_bytes(cut)
        result = run(model, tmp_path / "in", tmp_path / "out")
        assert result.exit_code == 1 and f"Error: {output}: cut short; expected a record for each" in result.stderr
        assert result.stderr.endswith("; remove it, then run the same command again\n")
    output.write_bytes(whole)
    of_nothing.write_bytes(whole[:20])
    assert f"{of_nothing}: cut short" in run(model, tmp_path / "in", tmp_path / "out").stderr
    output.unlink()
    output.mkdir()
    assert f"{output}: is a folder; expected a file of tags" in run(model, tmp_path / "in", tmp_path / "out").stderr


def test_a_full_disk_names_the_output(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_text(tmp_path / "in" / "a.txt", ["the cat"])
    assert run(model, tmp_path / "in", tmp_path / "out").exit_code == 0
    (tmp_path / "out" / "a.txt.jsonl").unlink()

    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    result = run(model, tmp_path / "in", tmp_path / "out")
    assert result.exit_code == 1
    assert f"Error: {tmp_path / 'out' / 'a.txt.jsonl'}: No space left on device; expected more space" in result.stderr
    assert sorted(outputs(tmp_path / "out")) == ["tagging.json"] and not list((tmp_path / "out").glob("*.part"))


def test_an_output_folder_belongs_to_one_model_precision_and_process(model: Path, tmp_path: Path) -> None:
    write_text(tmp_path / "in" / "a.txt", ["the cat"])
    assert run(model, tmp_path / "in", tmp_path / "out").exit_code == 0
    result = run(model, tmp_path / "in", tmp_path / "out", "--precision", "int8")
    assert result.exit_code == 1 and "tagged by another model or precision" in result.output
    with output_folder(tmp_path / "other", "digest", "float32"):
        result = run(model, tmp_path / "in", tmp_path / "other")
    assert result.exit_code == 1 and "another process is tagging into this folder" in result.output


def test_a_folder_without_shards_and_one_without_model_are_refused(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert "no shards; expected *.txt or *.txt.gz" in run(model, tmp_path / "in", tmp_path / "out").output
    assert "expected a model folder" in run(tmp_path / "in", tmp_path / "in", tmp_path / "out").output


def test_what_is_not_taken_is_named_and_hidden_files_are_not(model: Path, tmp_path: Path) -> None:
    names = ["a.txt", "._a.txt", "b.txt.bz2", "c.TXT", "sub/f.txt", "e.jsonl", "g\nError: h"]
    for name in [*names, "a.txt.jsonl", "tagging.json"]:
        write_text(tmp_path / "in" / name, ["the cat"])
    result = run(model, tmp_path / "in", tmp_path / "out")
    assert result.exit_code == 0 and "1 shards tagged" in result.stdout
    expected = r"not taken, as *.txt and *.txt.gz are: b.txt.bz2, c.TXT, e.jsonl, g\nError: h, sub"
    assert result.stderr.splitlines()[0] == f"note: {tmp_path / 'in'}: {expected}"
    for number in range(8):
        (tmp_path / "in" / f"x{number}").touch()
    assert "x4 and 3 more\n" in run(model, tmp_path / "in", tmp_path / "out").stderr


def test_a_shard_whose_name_has_a_line_end_is_named_on_one_line(tmp_path: Path) -> None:
    def lines() -> Iterator[Line]:
        raise InputError(f"{tmp_path}/b\nError: c.txt:1: bad")
        yield

    problem = write_shard(tmp_path / "b\nError: c.txt", tmp_path, lines()).problem
    assert problem == rf"{tmp_path}/b\nError: c.txt:1: bad"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([Line(1, "a", ["O"]), Line(3, "b", ["O"])], "line 3 where line 2 was expected"),
        ([Line(1, "a", ["O"]), Line(1, "a", ["O"])], "line 1 where line 2 was expected"),
        ([Line(1, "a b", ["O"])], "1 tags for 2 words"),
    ],
)
def test_lost_and_repeated_lines_are_never_written(lines: list[Line], message: str, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=message):
        write_shard(tmp_path / "a.txt", tmp_path, lines)
    assert list(tmp_path.iterdir()) == []


def test_a_shard_whose_lines_cannot_be_read_has_no_output(tmp_path: Path) -> None:
    def lines() -> list[Line]:
        raise InputError("a.txt:1: bad")

    result = write_shard(tmp_path / "a.txt", tmp_path, (line for _ in [0] for line in lines()))
    assert result.problem == "a.txt:1: bad" and list(tmp_path.iterdir()) == []
