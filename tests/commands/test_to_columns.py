"""CSV tables and JSON records become columns that prepare_conll reads."""

import gzip
import importlib.util
import io
import json
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ldnet.text.tokenisation import split_at_blanks, tokenise
from pipeline.text.raw_columns import read_columns
from tests.imports import ROOT

SCRIPT = ROOT / "examples" / "own_data" / "to_columns.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("to_columns", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def converted(script: ModuleType, text: str) -> tuple[list[str], list[str]]:
    """Sentences as `word/tag word/tag`, and the problems."""
    sentences, problems = script.convert(text, tokenise)
    return [" ".join(f"{word}/{tag}" for word, tag in sentence) for sentence in sentences], problems


@pytest.mark.parametrize(
    "text",
    [
        'Sentence #,Word,POS,Tag\nSentence: 1,Ada,NNP,B-PER\n,left,VBD,O\n,",",PUN,O\nSentence: 2,Bye,UH,O\n',
        "sentence_id;token;label\n1;Ada;B-PER\n1;left;O\n1;,;O\n2;Bye;O\n",
        'tag\tword\nB-PER\tAda\nO\tleft\nO\t","\n\nO\tBye\n',
    ],
)
def test_tables(script: ModuleType, text: str) -> None:
    assert converted(script, text) == (["Ada/B-PER left/O ,/O", "Bye/O"], [])


@pytest.mark.parametrize(
    "text",
    [
        "doc_id,sent_id,token,tag\nd1,0,Ada,B-PER\nd1,0,left,O\nd1,1,Bye,O\nd2,1,Ada,B-PER\n",
        "sent_id\tdoc_id\ttoken\ttag\n0\td1\tAda\tB-PER\n0\td1\tleft\tO\n1\td1\tBye\tO\n1\td2\tAda\tB-PER\n",
        "sentiment;Sentence #;document;word;tag\n+;1;d1;Ada;B-PER\n-;;;left;O\n+;2;;Bye;O\n+;;d2;Ada;B-PER\n",
        "file,doc_title,sentence_text,word,tag\nf,d1,a,Ada,B-PER\nf,d1,a,left,O\nf,d1,b,Bye,O\ng,d1,b,Ada,B-PER\n",
    ],
)
def test_tables_of_documents_and_sentences(script: ModuleType, text: str) -> None:
    assert converted(script, text) == (["Ada/B-PER left/O", "Bye/O", "Ada/B-PER"], [])


def test_tables_of_documents_alone(script: ModuleType) -> None:
    sentences, problems = converted(script, "doc_id,token,tag\nd1,Ada,B-PER\nd1,left,O\nd2,Bye,O\n")
    assert sentences == ["Ada/B-PER left/O", "Bye/O"]
    assert problems == ["no column of sentences; a new doc_id or an empty line starts one"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ('"\tO\nHello\tO\n,\tO\n"\tO\nhe\tO', ['"', "Hello", ",", '"', "he"]),
        ('"a\tO\nb"\tO', ['"a', 'b"']),
        ('""""\tO\n"a""b"\tO\n"c"\tO', ['"', 'a"b', "c"]),
        ('"\tO\n""""\tO', ['"', '""""']),
        ('5"\tO\nb\tO', ['5"', "b"]),
        ('"\t"\nb\tO', ['"', "b"]),
    ],
)
def test_quotation_marks_in_tables_with_tabs(script: ModuleType, rows: str, words: list[str]) -> None:
    sentences, _ = script.convert(f"word\ttag\n{rows}\n", tokenise)
    assert [word for word, _ in sentences[0]] == words


@pytest.mark.parametrize(
    "record",
    [
        {
            "tokens": [
                {"text": "Ada", "start": 0, "end": 3, "id": 0, "ws": True},
                {"text": "Lovelace", "start": 4, "end": 12, "id": 1, "ws": False},
                {"text": "'s", "start": 12, "end": 14, "id": 2, "ws": False},
                {"text": "\n", "start": 14, "end": 15, "id": 3, "ws": False},
                {"text": "Oslo", "start": 15, "end": 19, "id": 4, "ws": False},
            ],
            "spans": [
                {"start": 0, "end": 12, "token_start": 0, "token_end": 1, "label": "PER"},
                {"token_start": 4, "token_end": 4, "label": "LOC"},
            ],
            "label": "text category",
            "answer": "accept",
        },
        {
            "tokens": [{"start": 0, "end": 3}, {"start": 4, "end": 12}, {"start": 12, "end": 14},
                       {"start": 14, "end": 15}, {"start": 15, "end": 19}],
            "ents": [{"start": 0, "end": 12, "label": "PER"}, {"start": 15, "end": 19, "label": "LOC"}],
        },
        {
            "tokens": ["Ada", "Lovelace", "'s", "\n", "Oslo"],
            "spans": [{"start": 0, "end": 12, "token_start": 0, "token_end": 1, "label": "PER"},
                      {"start": 15, "end": 19, "token_start": 4, "token_end": 4, "label": "LOC"}],
        },
        {"label": [{"start": 0, "end": 12, "text": "Ada Lovelace", "labels": ["PER"]},
                   {"start": 15, "end": 19, "text": "Oslo", "labels": ["LOC"]}], "annotator": 1},
        {"label": [[0, 12, "PER"], [15, 19, "LOC"]], "entities": []},
        {"entities": [{"id": 7, "start_offset": 0, "end_offset": 12, "label": "PER"},
                      {"id": 8, "start_offset": 15, "end_offset": 19, "label": "LOC"}], "relations": []},
    ],
)  # fmt: skip
def test_exports_of_annotation_tools(script: ModuleType, record: dict[str, Any]) -> None:
    record = {"id": 1, "text": "Ada Lovelace's\nOslo", **record}
    expected = ["Ada/B-PER Lovelace/I-PER 's/O", "Oslo/B-LOC"]
    assert converted(script, json.dumps(record)) == (expected, [])
    assert converted(script, json.dumps([record, record])) == (expected * 2, [])


def test_tasks_of_label_studio(script: ModuleType) -> None:
    def task(*annotations: dict[str, Any]) -> dict[str, Any]:
        return {"id": 1, "data": {"text": "Ada left"}, "annotations": list(annotations), "predictions": []}

    span = {"value": {"start": 0, "end": 3, "text": "Ada", "labels": ["PER"]}, "type": "labels", "from_name": "label"}
    choice = {"value": {"choices": ["a"]}, "type": "choices"}
    done, cancelled = {"result": [choice, span]}, {"result": [], "was_cancelled": True}
    assert converted(script, json.dumps([task(cancelled, done)])) == (["Ada/B-PER left/O"], [])
    sentences, problems = converted(script, json.dumps([task(), task(done, {"result": []}), task(cancelled)]))
    assert sentences == ["Ada/B-PER left/O"]
    assert problems == [
        "2 records are not annotated, or not accepted, and were left out (records 1, 3)",
        "1 records have several annotations; the first of each was taken (record 2)",
    ]


def test_regions_of_label_studio_without_a_label(script: ModuleType) -> None:
    def converted_task(**label: Any) -> tuple[list[str], list[str]]:
        values: list[dict[str, Any]] = [{"start": 0, "end": 3, "labels": ["PER"]}, {"start": 4, "end": 8, **label}]
        result = [{"value": value, "type": "labels"} for value in values]
        return converted(script, json.dumps([{"data": {"text": "Ada left"}, "annotations": [{"result": result}]}]))

    left_out = ["1 regions have no label, and were left out (record 1)"]
    assert converted_task() == converted_task(text="left", labels=[]) == (["Ada/B-PER left/O"], left_out)
    with pytest.raises(ValueError, match="expected a span of start, end and type"):  # a label that is not known here
        converted_task(hypertextlabels=["PER"])


@pytest.mark.parametrize("nothing", [{"label": None}, {"spans": None, "entities": None}])
def test_records_whose_spans_are_null_are_not_annotated(script: ModuleType, nothing: dict[str, None]) -> None:
    records = [{"text": "Ada left", "label": [[0, 3, "PER"]]}, {"text": "Ines slept", **nothing}]
    left_out = ["1 records are not annotated, or not accepted, and were left out (record 2)"]
    assert converted(script, json.dumps(records)) == (["Ada/B-PER left/O"], left_out)
    filled = {"text": "Ada left", "label": None, "entities": [[0, 3, "PER"]]}
    assert converted(script, json.dumps(filled)) == (["Ada/B-PER left/O"], [])
    of_texts = [records[0], {"text": "Ines slept", "tags": ["news"], **nothing}]
    assert converted(script, json.dumps(of_texts)) == (["Ada/B-PER left/O"], left_out), "tags of the text, not of words"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"tokens": ["Ada", " ", "left"], "tags": ["B-PER", "O", "O"]}', "record 1"),
        ("word,tag\nAda,B-PER\n ,O\nleft,O\n", "line 3"),
    ],
)
def test_words_that_are_white_space_are_counted(script: ModuleType, text: str, place: str) -> None:
    counted = f"1 words have nothing that can be seen, and were written as _ ({place})"
    assert converted(script, text) == (["Ada/B-PER _/O left/O"], [counted])


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=; ", "sep="])
def test_the_line_with_which_excel_says_what_separates_values(script: ModuleType, first: str) -> None:
    assert converted(script, f"{first}\nword;tag\n1,5,,,;O\n") == (["1,5,,,/O"], [])
    assert converted(script, "sep=\t\nword\ttag\nAda\tB-PER\n") == (["Ada/B-PER"], [])
    with pytest.raises(ValueError, match="line 3: a row with 3 of 2 values"):
        script.convert(f"{first}\nword;tag\na;O;b\n", split_at_blanks)


PAIR = ["Uber blew", {"entities": [[0, 4, "ORG"]]}]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([PAIR]),
        json.dumps(PAIR),
        json.dumps([PAIR], indent=1),
        json.dumps(PAIR) + "\n\n",
        json.dumps({"classes": ["ORG"], "annotations": [None, PAIR]}),
    ],
)
def test_the_training_format_of_spacy(script: ModuleType, text: str) -> None:
    assert converted(script, text) == (["Uber/B-ORG blew/O"], [])
    assert converted(script, f"{json.dumps(PAIR)}\n{json.dumps(PAIR)}") == (["Uber/B-ORG blew/O"] * 2, [])


def test_records_that_were_rejected(script: ModuleType) -> None:
    records = [{"text": "Ada", "spans": [[0, 3, "PER"]], "answer": answer} for answer in ("reject", "ignore", "accept")]
    sentences, problems = converted(script, json.dumps(records))
    assert sentences == ["Ada/B-PER"]
    assert problems == ["2 records are not annotated, or not accepted, and were left out (records 1, 2)"]


@pytest.mark.parametrize(
    ("span", "tags", "problem"),
    [
        ([10, 14, "PER"], "O O O", "1 spans have no word of the text, and were left out"),
        ([4, 0, "PER"], "O O O", "1 spans have no word of the text, and were left out"),
        ([2, 2, "PER"], "O O O", "1 spans have no word of the text, and were left out"),
        ([4, 5, "PER"], "O O O", "1 spans have no word of the text, and were left out"),  # the line end
        ([-4, 0, "PER"], "O O O", "1 spans have no word of the text, and were left out"),
        ([5, 40, "PER"], "O B-PER I-PER", "1 spans reach beyond the text; they were given what of it they have"),
        ([0, 6, "PER"], "B-PER B-PER O", "1 spans go over the end of a line; each line has its part as a span"),
        ({"start": 0, "end": 4, "label": "PER", "text": "ohn "}, "O O O", "1 spans say that their text is another"),
        ({"start": 0, "end": 4, "label": "PER", "text": "John "}, "B-PER O O", ""),
    ],
)
def test_spans_that_do_not_fit_the_text(script: ModuleType, span: Any, tags: str, problem: str) -> None:
    good = {"text": "John", "label": []}
    sentences, problems = script.convert(json.dumps([good, {"text": "John\na b", "label": [span]}]), tokenise)
    assert [tag for sentence in sentences[1:] for _, tag in sentence] == tags.split()
    assert len(problems) == bool(problem)
    assert all(line.startswith(problem) and line.endswith("(record 2)") for line in problems)


def test_records_without_spans_are_named(script: ModuleType) -> None:
    sentences, problems = converted(script, "\n".join(json.dumps({"text": "a"}) for _ in range(7)))
    assert len(sentences) == 7 and problems[0].startswith("7 records have none of entities, spans, label, labels, ents")
    assert problems[0].endswith("(records 1, 2, 3, 4, 5, ...)")


def test_lines_of_json_end_at_line_feeds_alone(script: ModuleType) -> None:
    lines = [json.dumps({"text": f"a{end}b", "label": []}, ensure_ascii=False) for end in "\u2028\u2029\x85"]
    assert len(converted(script, "\n".join(lines) + "\n")[0]) == 3


def slow_tags(tokens: list[Any], spans: list[tuple[int, int, str]]) -> list[str]:
    """Tags by comparing every span with every character of every word."""
    tags = ["O"] * len(tokens)
    for start, end, kind in sorted(spans):
        touched = [i for i, t in enumerate(tokens) if set(range(t.start, t.end)) & set(range(start, end))]
        if all(tags[i] == "O" for i in touched):
            for i in touched:
                tags[i] = ("B-" if i == touched[0] else "I-") + kind
    return tags


def test_words_of_spans_are_those_that_share_a_character(script: ModuleType) -> None:
    rng = random.Random(1)
    for _ in range(300):
        ends = sorted(rng.sample(range(30), 10))
        tokens = [script.Token("w", a, b, 0) for a, b in zip(ends[::2], ends[1::2], strict=True)]
        spans = [(rng.randrange(-2, 32), rng.randrange(-2, 32), rng.choice("XY")) for _ in range(3)]
        rows, _ = script.tag_words(tokens, spans, 30)
        assert [tag for row in rows for _, tag in row] == slow_tags(tokens, spans)


@pytest.mark.parametrize(
    "spans",
    [
        {"label": [[0, 12, "PER"], [18, 22, "LOC"]]},
        {"labels": [[18, 22, "LOC"], [0, 12, "PER"]]},
        {"entities": [{"start_offset": 0, "end_offset": 12, "label": "PER"}, {"start": 18, "end": 22, "type": "LOC"}]},
        {"spans": [{"start": 0, "end": 12, "label": "PER"}, {"start": 18, "end": 22, "label": "LOC"}]},
    ],
)
def test_records_with_spans(script: ModuleType, spans: dict[str, Any]) -> None:
    record = {"text": "Ada Lovelace left Oslo.\nBye.", **spans}
    expected = ["Ada/B-PER Lovelace/I-PER left/O Oslo/B-LOC ./O", "Bye/O ./O"]
    assert converted(script, json.dumps(record) + "\n") == (expected, [])
    assert converted(script, json.dumps([record], indent=1)) == (expected, [])


def test_records_with_tags(script: ModuleType) -> None:
    record = {"tokens": ["Ada", "left"], "ner_tags": ["B-PER", "O"]}
    assert converted(script, json.dumps(record)) == (["Ada/B-PER left/O"], [])


def test_spans_that_fit_no_words_are_counted(script: ModuleType) -> None:
    record = {"text": "Ada-Lovelace left", "label": [[0, 3, "PER"], [4, 12, "PER"], [13, 17, "X Y"]]}
    sentences, problems = converted(script, json.dumps(record))
    assert sentences == ["Ada-Lovelace/B-PER left/B-X_Y"]
    assert problems == [
        "1 spans begin or end inside of a word; they were given all of it (record 1)",
        "1 spans overlap others, and were left out (record 1)",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "no column of words"),
        ("word,tag\nx\n", "a row with 1 of 2 values"),
        ('{"a": 1}', "record 1: expected text and spans, or tokens and tags; found a"),
        (
            '{"tokens": ["a"], "tags": [3]}',
            "record 1: expected a tag, as text, for each of its 1 words; write the names",
        ),
        ('{"tokens": ["a"], "tags": ["O", "O"]}', "record 1: expected a tag, as text, for each of its 1 words"),
        (
            '{"tokens": ["EU", "won"], "ner_tags": [3, 0], "label": null}',
            "as text, for each of its 2 words; write the na",
        ),
        (
            '{"tokens": ["a", "b", "."], "tags": ["B-X", "O"], "entities": null}',
            "a tag, as text, for each of its 3 words$",
        ),
        ('{"text": "a", "label": [[0, 1]]}', "expected a span of start, end and type"),
        ('{"text": "a"}\n{', "line 2: not JSON"),
        ('[{"text": "a"},\n {"text": b}]', "line 2: not JSON: Expecting value"),
        ("[1, 2]", "record 1: expected an object, found 1"),
        ('[["a"]]', "record 1: expected an object"),
        ('{"text": "a", "label": "PER"}', 'record 1: expected a list of spans, found "PER"'),
        ('{"text": "a", "label": 3}', "record 1: expected a list of spans, found 3"),
        ('{"text": "a", "label": ["PER"]}', "record 1: expected a span of start, end and type"),
        ('{"text": "a", "label": [[0, 1, ""]]}', "record 1: expected a span of start, end and type"),
        ('{"text": "a", "label": [{"start": 0, "end": 1, "labels": []}]}', "of start.*; give it a type, or delete it$"),
        ('{"text": "a", "label": [[0, true, "X"]]}', "record 1: expected a span of start, end and type"),
        ('{"tokens": ["a", "b"], "entities": [{"start": 0, "end": 1, "type": "X"}]}', "record 1: expected a tag, as"),
        ('{"tokens": ["a"], "spans": [{"token_start": 0, "token_end": 1, "label": "X"}]}', "some of the 1 tokens"),
        ('{"tokens": [{"text": "a"}], "spans": []}', "record 1: expected tokens with text, start and end"),
        ('{"tokens": [3], "tags": ["O"]}', "record 1: expected tokens with text, start and end"),
        ('{"tokens": ["a\\nb"], "tags": ["O"]}', "record 1: a word or a tag: 'a.nb' has a tab, a line end"),
        ('{"tokens": ["a\\tb"], "tags": ["O"]}', "record 1: a word or a tag: 'a.tb' has a tab, a line end"),
        ('{"tokens": ["\\ud800"], "tags": ["O"]}', "half a character"),
        ("[" * 100_000, "nested too deeply"),
        ('{"data": {}, "annotations": [{"result": []}]}', "record 1: expected text and spans"),
        ("word,tag\na,O\n,,O\n", "line 3: a row with 3 of 2 values"),
        ('word,tag\n",O\na,O\n",O\n', "line 4: .* has a line end in a value; is a quot"),
        ('word,lemma,tag\na,",O\nb,b,O\nc,",O\n', "line 4: .* has a line end in a value"),
        ("word,tag\na,O\nb,\n", "line 3: the word 'b' has no tag"),
        ('{"tokens": ["a"], "tags": [" "]}', "record 1: a word or a tag: the word 'a' has no tag"),
        ("tokens,ner_tags\n['EU' 'x'],[3 0]\n", r"line 2: lists, '\[3 0\]', where a row is to have a word and its tag"),
        (
            "tokens,tags\nEU won,B-ORG O\n",
            "line 2: 2 words with as many tags, where a row is to have a word and its tag",
        ),
        ("word,tag\n", "no words in it"),
        (
            '[{"text": "Ada", "spans": [], "answer": "reject"}]',
            "no words in it; 1 records are not annotated, or not accep",
        ),
        ('word,tag\na,O\n"' + "b,O\n" * 40_000, "field larger than field limit .*; is a quotation mark not closed"),
    ],
)
def test_what_cannot_be_converted(script: ModuleType, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        script.convert(text, split_at_blanks)


def test_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("word,tag\nJosé,B-PER\n,\nleft,O\n".encode("cp1252"))
    command = [sys.executable, str(SCRIPT), str(tmp_path / "a.csv")]
    failed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert failed.returncode == 1 and failed.stderr.startswith("Error: ") and failed.stderr.count("\n") == 1
    assert failed.stderr.endswith("; say how it is encoded: --encoding cp1252, or utf-16\n")
    unknown = subprocess.run([*command, "--encoding", "cp1252x"], capture_output=True, text=True, check=False)
    assert unknown.returncode == 1 and unknown.stderr.endswith(": unknown encoding: cp1252x\n")
    run = subprocess.run([*command, "--encoding", "cp1252"], capture_output=True, check=True)
    (tmp_path / "train.txt").write_bytes(run.stdout)
    assert [sentence.words for sentence in read_columns(tmp_path / "train.txt", 0, 1).sentences] == [
        ("José",),
        ("left",),
    ]


def test_what_a_terminal_would_obey_is_not_printed(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"\x1b]0;x\x07\n\u202e": 1}))
    monkeypatch.setattr(sys, "argv", ["to_columns.py", str(path)])
    with pytest.raises(SystemExit) as ended:
        script.main()
    assert str(ended.value.code).isprintable() and "\\u001b]0;x" in str(ended.value.code)
    path.write_text(json.dumps({"tokens": ["\x1b[31mAda"], "tags": ["O"]}))
    for on_terminal, expected in ((True, b"\\u001b[31mAda\tO\n\n"), (False, b"\x1b[31mAda\tO\n\n")):
        output = io.TextIOWrapper(written := io.BytesIO())
        monkeypatch.setattr(output, "isatty", lambda is_one=on_terminal: is_one)
        monkeypatch.setattr(sys, "stdout", output)
        script.main()
        output.flush()
        assert written.getvalue() == expected


def test_a_byte_order_mark_is_no_part_of_the_header(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    for encoding in ("utf-8-sig", "utf-16"):
        path.write_text("word,tag\na,O\n", encoding=encoding)
        for name in {encoding, encoding.removesuffix("-sig"), encoding.removesuffix("-sig").replace("-", "").upper()}:
            monkeypatch.setattr(sys, "argv", ["to_columns.py", str(path), "--encoding", name])
            monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written := io.BytesIO()))
            script.main()
            sys.stdout.flush()
            assert written.getvalue() == b"a\tO\n\n"


def test_of_several_columns_or_keys_the_one_with_tags_is_taken(script: ModuleType) -> None:
    table = "sentence_id,word,tag,ner\n1,Ada,NNP,B-PER\n1,left,VBD,O\n"
    assert converted(script, table) == (["Ada/B-PER left/O"], [])
    record = {"tokens": ["Ada", "left"], "tags": ["NNP", "VBD"], "ner_tags": ["B-PER", "O"]}
    assert converted(script, json.dumps(record)) == (["Ada/B-PER left/O"], [])
    neither = {"tokens": ["Ada", "left"], "tags": ["NNP", "VBD"], "labels": ["noun", "verb"]}
    assert converted(script, json.dumps(neither)) == (["Ada/NNP left/VBD"], [])


def test_a_text_with_a_tag_for_each_word(script: ModuleType) -> None:
    assert converted(script, '{"text": "Ada left .", "tags": ["B-PER", "O", "O"]}') == (["Ada/B-PER left/O ./O"], [])
    with pytest.raises(ValueError, match="record 1: 3 tags, but blanks separate 2 words in the text"):
        converted(script, '{"text": "Ada left.", "tags": ["B-PER", "O", "O"]}')


def test_types_of_spans_with_prefixes(script: ModuleType) -> None:
    sentences, problems = converted(script, '{"text": "Ada left", "label": [[0, 3, "B-PER"]]}')
    assert sentences == ["Ada/B-PER left/O"]
    assert problems == [f"1 {script.PREFIXES} (record 1)"]
    assert converted(script, '{"text": "Ada left", "label": [[0, 3, "B-52"]]}') == (["Ada/B-B-52 left/O"], [])


def test_the_only_text_of_a_task_has_any_name(script: ModuleType) -> None:
    value = {"start": 0, "end": 3, "labels": ["PER"]}
    task = {"data": {"review": "Ada left", "id": 3}, "annotations": [{"result": [{"value": value}]}]}
    assert converted(script, json.dumps(task)) == (["Ada/B-PER left/O"], [])


def test_a_compressed_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"text": "Ada"}'))
    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path / "a.jsonl.gz"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, f"Error: {tmp_path / 'a.jsonl.gz'}: is compressed (gzip); unpack it\n")
