"""The ONNX graph scores as the tagger does, whatever else is in a batch, and one file runs it without torch."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import IO

import numpy as np
import onnx
import pytest

from ldnet.adapters.onnx_runner import GRAPHS, GROUP_LINES, UNSAFE, OnnxTagger, viterbi
from ldnet.errors import InputError
from ldnet.model_folder import load_model
from ldnet.printable import _UNSAFE, printable
from ldnet.text.columns import Sentence
from ldnet.text.lines import split_lines
from ldnet.text.tokenisation import split_words
from pipeline.evaluation.finished import bulk_tagger
from pipeline.exporting import onnx_export
from pipeline.exporting.onnx_export import export_onnx, largest_difference
from pipeline.exporting.onnx_graph import EMISSIONS, tagger_graph
from pipeline.tagger.model import load_tagger, save_tagger
from pipeline.text.lexicon_building import build_lexicon
from pipeline.text.word_vectors import no_vectors
from tests.factories import make_bidirectional_lm, make_lexicon, make_sentences, make_tagger
from tests.serving_factories import make_model

DEV = make_sentences(20, 9)
SENTENCES = [list(sentence.words) for sentence in make_sentences(12, 5)]
# Other cases, treebank escapes, and what no vocabulary has.
ODD = [["PARIS", "The", "-LRB-", "``", "a\\/b"], ["\u00a0", "\U0001f600x"], ["the"]]

RUN_WITHOUT_THE_PROJECT = """
import runpy, sys
sys.argv = ["tag.py"]
runpy.run_path(sys.argv[0], run_name="__main__")
assert not {"torch", "pipeline", "onnx"} & set(sys.modules)
"""


@pytest.fixture(scope="module", params=["no_lm", "pruned"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp(request.param), request.param, DEV)


def test_scores_are_those_of_the_tagger(model: Path) -> None:
    graph, bulk = OnnxTagger(model / "onnx"), load_model(model).bulk
    assert largest_difference(graph, bulk, SENTENCES + ODD) < 1e-5
    assert graph.tag([*SENTENCES, [], *ODD]) == bulk.tag([*SENTENCES, [], *ODD])


@pytest.mark.parametrize("digits_as_zero", [True, False])
def test_numbers_are_looked_up_as_the_tagger_does(digits_as_zero: bool, tmp_path: Path) -> None:
    dates = Sentence(("1996-08-22", "1996-08-23", "May", "7", "7"), ("O", "O", "O", "O", "O"), 1)
    lexicon = build_lexicon([*DEV, dates], no_vectors(), digits_as_zero)
    lexicon.save(tmp_path / "lexicon")
    save_tagger(make_tagger(lexicon), tmp_path / "tagger")
    export_onnx(tmp_path, DEV)
    bulk, graph = bulk_tagger(load_tagger(tmp_path / "tagger"), None, lexicon), OnnxTagger(tmp_path / "onnx")
    assert largest_difference(graph, bulk, [["2031-12-31", "MAY", "8", "7", "\u0667"]]) < 1e-5


@pytest.mark.parametrize("layers", [0, 1])
def test_language_models_with_few_or_no_layers_left(layers: int, tmp_path: Path) -> None:
    lexicon, lm = make_lexicon(DEV), make_bidirectional_lm(layers)
    tagger = make_tagger(lexicon, sum(lm.widths))
    graph = tagger_graph(tagger, lm)
    assert sum(node.op_type == "LSTM" for node in graph.graph.node) == 2 + 2 * layers


def test_scores_of_a_sentence_do_not_depend_on_the_others(model: Path) -> None:
    graph = OnnxTagger(model / "onnx")
    together, lengths = graph.emissions(SENTENCES)
    for sentence, scores, length in zip(SENTENCES, together, lengths, strict=True):
        alone, _ = graph.emissions([sentence])
        np.testing.assert_allclose(scores[:length], alone[0], atol=1e-6)


def test_the_graph_has_standard_operators_and_no_fixed_sizes(model: Path) -> None:
    graph = onnx.load(model / "onnx" / GRAPHS["float32"])
    assert [opset.domain for opset in graph.opset_import] == [""]
    for value in graph.graph.input:
        assert all(size.dim_param for size in value.type.tensor_type.shape.dim), value.name
    sizes = [size.dim_param for size in graph.graph.output[0].type.tensor_type.shape.dim]
    assert sizes[:2] == ["sentences", "places"]


def test_recurrent_layers_and_products_but_the_crf_have_8_bit_weights(model: Path) -> None:
    whole, small = (onnx.load(model / "onnx" / GRAPHS[name]) for name in ("float32", "int8"))
    layers = sum(node.op_type == "LSTM" for node in whole.graph.node)
    operators = [node.op_type for node in small.graph.node]
    assert operators.count("DynamicQuantizeLSTM") == layers > 0 and "LSTM" not in operators
    assert "MatMulInteger" in operators
    assert [node.name for node in small.graph.node if node.op_type == "MatMul"] == [f"{EMISSIONS}_product"]


def test_scores_in_8_bit_integers_are_close(model: Path) -> None:
    exact, lengths = OnnxTagger(model / "onnx").emissions(SENTENCES)
    rounded, _ = OnnxTagger(model / "onnx", "int8").emissions(SENTENCES)
    inside = np.arange(exact.shape[1]) < lengths[:, None]
    assert 0 < np.abs(exact - rounded)[inside].max() < 0.1 * np.abs(exact[inside]).max()


def test_viterbi_finds_the_best_of_all_paths() -> None:
    rng = np.random.default_rng(1)
    tags, start, end, lengths = 4, 2, 3, [1, 2, 5]
    emissions = rng.normal(size=(len(lengths), max(lengths), tags)).astype(np.float32)
    transitions = rng.normal(size=(tags, tags)).astype(np.float32)

    def score(sentence: int, path: tuple[int, ...]) -> float:
        steps = zip((start, *path), (*path, end), emissions[sentence], strict=False)
        return sum(float(transitions[before, tag] + scores[tag]) for before, tag, scores in steps)

    best = [
        list(max(product(range(tags), repeat=length - 1), key=lambda path: score(sentence, path)))
        for sentence, length in enumerate(lengths)
    ]
    assert viterbi(emissions, np.array(lengths), transitions, start, end) == best


def test_one_file_tags_without_the_project(model: Path, tmp_path: Path) -> None:
    shutil.copytree(model / "onnx", tmp_path / "onnx")
    lines = [" ".join(SENTENCES[0]), "", " \t", "the  a\u00a0b cat"]
    done = subprocess.run(
        [sys.executable, "-I", "-c", RUN_WITHOUT_THE_PROJECT],
        input="\n".join(lines).encode(),
        cwd=tmp_path / "onnx",
        capture_output=True,
        check=True,
    )
    words = [SENTENCES[0], [], [], ["the", "a\u00a0b", "cat"]]
    expected = zip(words, load_model(model).tag(words), strict=True)
    assert [json.loads(line) for line in done.stdout.decode().splitlines()] == [
        {"line": number, "words": of_line, "tags": tags} for number, (of_line, tags) in enumerate(expected, 1)
    ]


def test_bytes_that_are_no_utf8_are_one_line_after_what_comes_before(model: Path) -> None:
    command = [sys.executable, str(model / "onnx" / "tag.py")]
    done = subprocess.run(command, input=b"the cat\nthe \xff\nx\n", capture_output=True)
    assert done.returncode == 1 and [json.loads(line)["line"] for line in done.stdout.splitlines()] == [1]
    message = "Error: <stdin>:2: not UTF-8 (byte 0xff at position 5); convert the file to UTF-8\n"
    assert done.stderr.decode() == message


def test_byte_order_marks_are_no_part_of_words(model: Path) -> None:
    """As in `ldnet.text.lines`: they start files, of which several may have been put together."""
    command = [sys.executable, str(model / "onnx" / "tag.py")]
    text = "\ufeff the cat\n\ufeff\ufeffthe\n\ufeff\r\n\ufeff the\nthe\ufeff\n"
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    words = [json.loads(line)["words"] for line in done.stdout.splitlines()]
    assert words == [["the", "cat"], ["the"], [], ["\ufeff", "the"], ["the\ufeff"]]
    assert [split_words((line or b"").decode()) for line in split_lines([text.encode()], "x")] == words


def test_the_end_of_who_reads_is_the_end(model: Path) -> None:
    """With more lines than Python holds back, and with fewer: then it is seen when all is written."""
    for lines in (1000, 10):
        command = (
            f"yes 'the cat' | head -{lines} | ({sys.executable} {model / 'onnx' / 'tag.py'}; echo $? >&2) | exec 0<&-"
        )
        done = subprocess.run(command, shell=True, capture_output=True, text=True)
        assert done.stderr == "0\n", done.stderr


@contextmanager
def running(model: Path, stdout: int | IO[bytes]) -> Iterator["subprocess.Popen[bytes]"]:
    """tag.py, which Ctrl-C ends, also where this runs in the background of a script: there it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [sys.executable, str(model / "onnx" / "tag.py")]
    try:
        started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGINT, before)
    with started:
        yield started


def test_ctrl_c_ends_with_its_status_alone(model: Path) -> None:
    """While it waits for who reads: a pipe holds less than what is written here."""
    with running(model, subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        process.stdin.write(b"the cat\n" * 3000)
        process.stdin.close()
        assert json.loads(process.stdout.readline())["line"] == 1
        process.send_signal(signal.SIGINT)
        assert (process.wait(30), process.stderr and process.stderr.read()) == (130, b"")


def test_ctrl_c_leaves_whole_lines_in_a_file(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "tagged.jsonl"
    with out.open("wb") as file, running(model, file) as process:
        assert process.stdin and process.stderr
        process.stdin.write(b"the cat\n" * GROUP_LINES)
        process.stdin.flush()  # and left open: it waits for the next group, with its last lines held back
        deadline = time.monotonic() + 60
        while not out.stat().st_size and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert (process.wait(30), process.stderr.read()) == (130, b"")
    text = out.read_text()
    lines = [json.loads(line)["line"] for line in text.splitlines()]
    assert text.endswith("\n") and lines == [*range(1, len(lines) + 1)]


@pytest.mark.parametrize("stream", ["<&-", ">&-"])
def test_closed_streams_are_one_line(stream: str, model: Path) -> None:
    command = f"{sys.executable} {model / 'onnx' / 'tag.py'} {stream}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("Error: standard ") and done.stderr.count("\n") == 1


def test_a_terminal_is_shown_no_control_characters(model: Path) -> None:
    text = "\x9b31m \u202ex \x7f caf\u00e9"
    controller, terminal = os.openpty()
    command = [sys.executable, str(model / "onnx" / "tag.py")]
    subprocess.run(command, input=f"{text}\n".encode(), stdout=terminal, check=True)
    os.close(terminal)
    shown = os.read(controller, 1 << 16).decode()
    os.close(controller)
    assert printable(shown.rstrip()) == shown.rstrip() and "caf\u00e9" in shown
    assert json.loads(shown)["words"] == text.split(" ")
    assert _UNSAFE.pattern == UNSAFE.pattern


def test_what_was_measured_is_in_the_description_and_on_the_card(model: Path) -> None:
    content = json.loads((model / "model.json").read_text(encoding="utf-8"))
    assert content["onnx"]["dev_sentences"] == len(DEV) and content["onnx"]["largest_score_difference"] < 1e-5
    assert set(content["onnx"]["dev_f1"]) == set(GRAPHS)
    assert {f"onnx/{name}" for name in (*GRAPHS.values(), "vocabulary.json", "tag.py")} <= set(content["files"])
    card = (model / "README.md").read_text(encoding="utf-8")
    assert "in 8-bit integers (difference " in card and "python onnx/tag.py" in card


def test_a_graph_that_scores_otherwise_is_refused(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_export, "DIFFERENCE_LIMIT", -1.0)
    with pytest.raises(InputError, match="scores of the ONNX graph differ"):
        export_onnx(model, DEV)
