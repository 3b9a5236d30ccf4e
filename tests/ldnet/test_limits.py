"""What is too large is refused with one line, before memory is asked for; what is long takes little memory."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from ldnet import files, sentence_input
from ldnet.annotation import annotate
from ldnet.errors import InputError
from ldnet.files import read_json
from ldnet.limits import MOST_LINE_BYTES
from ldnet.sentence_input import conll_reader, read_groups, text_reader
from ldnet.tagged_shards import read_groups as read_shard
from ldnet.text.lexicon import WORD_CHARACTERS
from ldnet.text.lines import read_lines, split_lines
from ldnet.text.tokenisation import split_at_blanks
from pipeline.evaluation.finished import bulk_tagger
from tests.factories import make_lexicon, make_sentences, make_tagger
from tests.imports import ROOT
from tests.serving_factories import make_model

LEXICON = make_lexicon(make_sentences(30))


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_a_line_without_an_end_is_refused_before_it_is_all_read(end: bytes) -> None:
    taken = 0

    def blocks() -> Iterator[bytes]:
        nonlocal taken
        yield (b"a" + end) * (1 << 16)
        while taken < 1000:
            taken += 1
            yield b"x" * 100

    lines = split_lines(blocks(), "in", most_bytes=1000)
    with pytest.raises(InputError, match=r"in:65537: a line of more than 1,000 bytes; expected a sentence a line"):
        list(lines)
    assert taken == 11


def test_lines_up_to_the_bound_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 1000 + b"\n" + b"y" * 1000)
    assert [len(line) for line in read_lines(tmp_path / "a", most_bytes=2001)] == [1000, 1000]


@pytest.mark.parametrize("blocks", [[b"a\n\r\nxxxxx\nb"], [b"a\n\nxx", b"xxx\n"], [b"a\n\nxxxxx"]])
def test_every_line_is_bounded(blocks: list[bytes]) -> None:
    read: list[bytes | None] = []
    with pytest.raises(InputError, match="in:3: a line of more than 4 bytes; expected a sentence a line"):
        read.extend(split_lines(blocks, "in", most_bytes=4))
    assert read == [b"a", b""]
    assert list(split_lines([b"xxxx\r\n\xef\xbb\xbfxxxx"], "in", most_bytes=4)) == [b"xxxx", b"xxxx"]


def test_tagging_reads_bounded_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"the\n" + b"x" * (2 * MOST_LINE_BYTES) + b"\n")
    message = r"a\.txt:2: a line of more than 4,194,304 bytes"
    for groups in (
        read_groups(str(tmp_path / "a.txt"), text_reader(split_at_blanks, print)),
        read_shard(tmp_path / "a.txt"),
    ):
        with pytest.raises(InputError, match=message):
            list(groups)


def test_sentences_have_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentence_input, "MOST_SENTENCE_WORDS", 5)
    monkeypatch.setattr(sentence_input, "MOST_SENTENCE_CHARACTERS", 100)
    (tmp_path / "a.txt").write_text("a b c d e\n" + "a b c d e f\n")
    with pytest.raises(InputError, match=r"a.txt:2: a sentence of 6 words; at most 5 are allowed"):
        list(read_groups(str(tmp_path / "a.txt"), text_reader(split_at_blanks, print)))
    for name, content in {"a": "a O\n\n" + "a O\n" * 6, "b": "a O\n\n" + f"{'a' * 60} O\n" * 2}.items():
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match=rf"{name}:3: .* at least \d lines, .* characters; at most 5 and 100"):
            list(read_groups(str(tmp_path / name), conll_reader(0, print)))


def test_json_files_have_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_JSON_BYTES", 10)
    (tmp_path / "a.json").write_text(json.dumps(list(range(10))))
    with pytest.raises(InputError, match=r"a.json: 30 bytes; a JSON file may have at most 10"):
        read_json(tmp_path / "a.json")


def test_the_number_of_paths_has_a_bound() -> None:
    with pytest.raises(InputError, match=r"n_best: 101; at most 100 taggings"):
        annotate(bulk_tagger(make_tagger(LEXICON), None, LEXICON), [], n_best=101)


def test_long_words_are_read_by_their_ends() -> None:
    bulk = bulk_tagger(make_tagger(LEXICON), None, LEXICON)
    half = WORD_CHARACTERS // 2
    left, right = "the" * half, "cat" * half
    whole = [[left[:half] + "x" * size + right[-half:], "cat"] for size in (0, 1, 1_000_000)]
    assert LEXICON.character_ids(whole[2][0]) == LEXICON.character_ids(whole[0][0])
    scores = [bulk.emissions([words])[0] for words in whole]
    assert scores[0].equal(scores[1]) and scores[0].equal(scores[2])
    assert not scores[0].equal(bulk.emissions([[whole[0][0][1:], "cat"]])[0])
    assert bulk.encoder._remembered.cache_info().currsize < 5


def test_memory_hardly_grows_with_a_sentence(tmp_path: Path) -> None:
    """100,000 words in one line, with confidences and three taggings, against as many in short lines."""
    model = make_model(tmp_path)
    words = [word for sentence in make_sentences(20_000, 3) for word in sentence.words][:100_000]
    assert len(words) > 90_000
    (tmp_path / "long.txt").write_text(" ".join(words) + "\n")
    lines = [" ".join(words[start : start + 20]) for start in range(0, len(words), 20)]
    (tmp_path / "short.txt").write_text("\n".join(lines) + "\n")
    long, short = (peak_megabytes(model, tmp_path / f"{name}.txt") for name in ("long", "short"))
    assert long < short + 250, (long, short)


def peak_megabytes(model: Path, text: Path) -> float:
    """What the process that tags the text had at most."""
    script = """
        import resource, sys
        from ldnet.commands.main import main
        arguments = ["tag", *sys.argv[1:], "--tokenised", "--format", "jsonl", "--n-best", "3", "--threads", "2"]
        try:
            main(arguments, standalone_mode=False)
        finally:
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(model), str(text)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.count('"tags"') > 0
    return float(run.stderr.split()[-1])
