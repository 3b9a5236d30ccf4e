"""JSON, CSV and web pages are named; columns and text are not taken for them."""

import json

import pytest

from ldnet.text.foreign_formats import csv_delimiter, csv_in_words, foreign_format, in_columns

RECORD = {"text": "Ada left", "label": [[0, 3, "PER"]]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps(RECORD), "JSON"),
        (json.dumps([RECORD]), "JSON"),
        (json.dumps([RECORD], indent=2), "JSON"),
        (json.dumps(RECORD, indent=1), "JSON"),
        ("\n[\n" + json.dumps(RECORD), "JSON"),
        (json.dumps(["Ada left.", "Bo came."], indent=2), "JSON"),
        ('[\n"Ada \\"Bo\\" left."\n]', "JSON"),
        ('["Ada left.",\n"Bo came."]', "JSON"),
        (
            "EU|NNP|B-ORG rejects|VBZ|O a|DT|O\n\nIt|PRP|O is|VBZ|O .|.|O\n",
            "words joined to their tags by | (write a word ",
        ),
        ("a|B-X b|O c|O\nd|O e|O\nf|O g|O|\n", ""),
        ("a|b c|d e|f g|h i|j\n", ""),  # too few words to tell
        ("a|b\n" * 5 + "a|b c|d\n", ""),  # not even two words a line
        ('"Ada"\t"B-PER"\n"New York"\t"B-LOC"\n""\t""\n', "values in quotation marks (write them without; "),
        ("Sentence #,Word,POS,Tag\nSentence: 1,Ada,NNP,B-PER", "CSV with a header (Sentence #, Word, POS, Tag), its "),
        ("word;label\nAda;B-PER", "CSV with a header (word, label), its columns separated by semicolons"),
        ("sep=;\nid;text\n1;Ada left", "CSV that begins with Excel's sep= line"),
        ('"sep=,"\nid,text', "CSV that begins with Excel's sep= line"),
        ("Sep=\t\nword\ttag", "CSV that begins with Excel's sep= line"),
        ("sep=;", ""),
        ("sep=; O\na O", ""),
        ("sep=;\tO\na\tO", ""),
        ('"Ines" "B-PER"\n"left" "O"\n\n"""" "O"', "values in quotation marks (write them without; "),
        ('"1"  "Ines"\t"B-PER"\n"2" "left" "O" ', "values in quotation marks (write them without; "),
        ('"Ines" "B-PER"', ""),
        ('"Come" "here"\n"Go" "O"', ""),
        ('"Ines" "B-PER"\n" O', ""),
        ("<!DOCTYPE html>\n<p>", "a web page or XML"),
        ('<?xml version="1.0"?>', "a web page or XML"),
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1",
            "a pointer of Git LFS (`git lfs pull` brings",
        ),
        ("{\\rtf1\\ansi\\deff0\nHello", "RTF"),
        (
            "T1\tORG 0 5\tGoogle\nT2\tPER 9 12;14 17\tAda Bo\nR1\tat Arg1:T2 Arg2:T1",
            "brat standoff, spans without their text",
        ),
        ("#1\tAnnotatorNotes T1\tsure\n*\tEquiv T1 T2\nT1\tORG 0 5\tGoogle", "brat standoff, spans without their text"),
        (
            "12|t|A title.\n12|a|An abstract.\n12\t2\t7\ttitle\tChemical\tD0",
            "PubTator, spans apart from words (make JSON",
        ),
        ('<doc id="1">\n<s>\nAda\tB-X\n<g/>\n.\tO\n</s>\n</doc>', "vertical text of corpus tools (columns, if </s> is"),
        ("<s>\nAda\tB-X\nleft O\n</s>", ""),
        ("<s>\n</s>", ""),
        ("<s>\tO\nAda\tB-X", ""),
        ("T1\tO\nE1\tB-X\n#\tO", ""),
        ("T1\tORG 0 5\tGoogle\nGoogle\tO", ""),
        ("12|t|A title.\n13|a|An abstract.", ""),
        ("12|t|A title.", ""),
        ("version https://a.b/c\n{\\rtf O", ""),
        ("[ O\n{ O", ""),
        ('{ O\n" O', ""),
        ('[\n"a" b\n]', ""),
        ('"Ada"\t"B-PER"\nleft\tO', ""),
        ('"\t"\n""\t\'\'', ""),
        ('"Come."\n"Go."', ""),
        ("[\nword\n]", ""),
        ("{\nword\n}", ""),
        ("< O\nhtml O", ""),
        (", O\n; O", ""),
        ("Yes , Ada left .\nBye .", ""),
        ('"word","tag"', "CSV with a header (word, tag)"),
        ("", ""),
    ],
)
def test_what_is_certain(text: str, expected: str) -> None:
    found = foreign_format(text.split("\n"))
    assert found.startswith(expected) and bool(found) == bool(expected)


def test_many_blanks_in_a_line_take_no_time() -> None:
    assert foreign_format(["{", f'"a"{" " * 1_000_000}b']) == ""
    assert foreign_format(["{", f'"a"{" " * 1_000_000},{" " * 1_000_000}']) == "JSON"


def test_csv_without_a_header_is_seen_where_columns_fail() -> None:
    assert csv_delimiter(["Ada,B-PER", '",",O', "left,O"]) == ","
    assert csv_delimiter(["a;O", "b;O"]) == ";" and csv_in_words(";") == "CSV, its columns separated by semicolons"
    for lines in (["a O", "b O"], ["a, O", "b O"], [], ['"a,O']):
        assert csv_delimiter(lines) == ""


def test_columns_among_text() -> None:
    assert in_columns(["Ada B-PER", "left O", "", ". O"])
    assert in_columns(["# x = 1", "1\tAda\tNNP\tS-PER", "2\tleft\tVBD\tO", "3\t.\t.\tO"])
    assert in_columns(["1\tAda left .", "2\tBye .", "3\tThe house , too ."])  # numbered sentences
    assert not in_columns(["Ada\tleft\t.", "Bye\t.", "The\thouse\t,\ttoo\t."])
    assert not in_columns(["Ada left .", "Bye , O"])
    assert not in_columns(["Vitamin B-12", "Vitamin O", "Vitamin C"])
    assert not in_columns(["O", "O", "O", "O"])
