"""Changes of files, bytewise and by their structure, as strategies of hypothesis, which can make them smaller again."""

import bz2
import gzip
import io
import json
import lzma
import tokenize
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from tests.fuzz.cases import Case

Draw = Callable[[st.SearchStrategy[Any]], Any]
Edit = Callable[[Draw, bytes, Sequence[bytes]], bytes]
MOST_EDITS = 3
LENGTH_BYTES = 8  # a file of safetensors begins with the length of its header

# Marks, white space and characters that are more than one thing at once.
TOKENS = [
    *("", " ", "\t", "\n", "\r", "\r\n", "\n\n", "\0", "\x0b", "\x0c", "\x1b[31m", "\x85", "\xa0", "\u2028", "\ufeff"),
    *("-", "--", "#", "# ", "#\t", "_", ".", ",", ";", "|", "'", '"', "\\", "/", "$", "`", "%s", "{", "}", "[", "]"),
    *("e\u0301", "\U0001f600", "\u202eabc", "İ", "ß", "x" * 300, "-DOCSTART-", "-DOCSTART- -X- O O", "<unk>", "<pad>"),
    *("0", "-1", "1e400", "nan", "inf", "-inf", "1_000", "0x10", "٣", "9" * 5000, "1-2", "3.1", "<s>", "<eof>", "</s>"),
]
BAD_BYTES = [b"\xff", b"\xfe\xff", b"\xc3", b"\xed\xa0\x80", b"\x1f\x8b\x08", b"BZh9", b"PK\x03\x04", b"\xef\xbb\xbf"]
COMMON = [token.encode() for token in TOKENS] + BAD_BYTES
ODD_VALUES = [
    *(None, True, False, 0, -1, 1, 2, 3, 10**6, 10**9, 10**30, 1.5, -0.0, 1e-300, 1e308, float("nan"), float("inf")),
    *("", " ", "O", "a b", "\n", "\0", "x" * 200, "\ud800", "nan", [], [[]], [None], {}, {"": 0}, ["a"], [0], [1.0]),
]


def _place(draw: Draw, content: bytes) -> int:
    """A place in the content, often near its start, where headers are."""
    near = st.integers(0, min(150, len(content)))
    return int(draw(st.one_of(near, st.integers(0, len(content)))))


def _span(draw: Draw, content: bytes) -> tuple[int, int]:
    start = _place(draw, content)
    return start, min(len(content), start + draw(st.sampled_from([0, 1, 1, 2, 4, 8, 30, 200, 5000])))


def _cut_out(draw: Draw, content: bytes, tokens: Sequence[bytes]) -> bytes:
    start, end = _span(draw, content)
    return content[:start] + content[end:]


def _cut_off(draw: Draw, content: bytes, tokens: Sequence[bytes]) -> bytes:
    return content[: _place(draw, content)]


def _replace(draw: Draw, content: bytes, tokens: Sequence[bytes]) -> bytes:
    start, end = _span(draw, content)
    return content[:start] + draw(st.sampled_from(tokens)) + content[end:]


def _any_bytes(draw: Draw, content: bytes, tokens: Sequence[bytes]) -> bytes:
    start, end = _span(draw, content)
    return content[:start] + draw(st.binary(max_size=12)) + content[end:]


def _flip(draw: Draw, content: bytes, tokens: Sequence[bytes]) -> bytes:
    if not content:
        return content
    place = min(_place(draw, content), len(content) - 1)
    return content[:place] + bytes([content[place] ^ (1 << draw(st.integers(0, 7)))]) + content[place + 1 :]


def _repeat(draw: Draw, content: bytes, tokens: Sequence[bytes]) -> bytes:
    start, end = _span(draw, content)
    return content[:end] + content[start:end] * draw(st.integers(1, 3)) + content[end:]


def _change_line(draw: Draw, content: bytes, tokens: Sequence[bytes]) -> bytes:
    """Take a line away, double it, put another one in its place, or change one of its fields."""
    lines = content.split(b"\n")
    number = draw(st.integers(0, len(lines) - 1))
    kind = draw(st.sampled_from(["delete", "double", "swap", "join", "field", "field", "insert"]))
    if kind == "delete":
        del lines[number]
    elif kind == "double":
        lines.insert(number, lines[number])
    elif kind == "swap":
        other = draw(st.integers(0, len(lines) - 1))
        lines[number], lines[other] = lines[other], lines[number]
    elif kind == "join":
        lines[number : number + 2] = [b" ".join(lines[number : number + 2])]
    elif kind == "insert":
        lines.insert(number, draw(st.sampled_from(tokens)))
    else:
        fields = lines[number].split(b" ")
        fields[draw(st.integers(0, len(fields) - 1))] = draw(st.sampled_from(tokens))
        lines[number] = b" ".join(fields)
    return b"\n".join(lines)


def _zip(content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a", content)
    return archive.getvalue()


WHOLE: list[Callable[[bytes], bytes]] = [
    lambda content: content.replace(b"\n", b"\r\n"),
    lambda content: content.replace(b"\n", b"\r"),
    lambda content: content.replace(b" ", b"\t"),
    lambda content: content.replace(b"\n\n", b"\n"),
    lambda content: content.replace(b"\n", b"\n\n"),
    lambda content: b"\xef\xbb\xbf" + content,
    lambda content: content.decode("latin-1").encode("utf-16"),
    lambda content: content + content,
    lambda content: gzip.compress(content, mtime=0),
    lambda content: bz2.compress(content),
    lambda content: lzma.compress(content),
    lambda content: bytes(pa.compress(content, codec="zstd", asbytes=True)),
    _zip,
]


def _whole(draw: Draw, content: bytes, tokens: Sequence[bytes]) -> bytes:
    """Other line ends, another encoding, or packed."""
    return draw(st.sampled_from(WHOLE))(content) if len(content) < 1 << 20 else content


def json_edit(draw: Draw, content: bytes, tokens: Sequence[bytes]) -> bytes:
    """Another value, a key more or a key less somewhere in JSON; bytewise what is none."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return _any_bytes(draw, content, tokens)
    changed = _changed(draw, document)
    try:
        return json.dumps(changed, indent=draw(st.sampled_from([None, 1]))).encode()
    except (ValueError, RecursionError):
        return content


def _changed(draw: Draw, value: Any) -> Any:
    """The value with a change in it, often deep inside."""
    odd = st.sampled_from(ODD_VALUES)
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(value)))
        kind = draw(st.sampled_from(["inside", "inside", "inside", "delete", "rename", "add"]))
        if kind == "inside":
            return {**value, key: _changed(draw, value[key])}
        rest = {name: item for name, item in value.items() if name != key or kind == "add"}
        return rest if kind == "delete" else {**rest, draw(st.sampled_from(["", "x", key + " "])): value[key]}
    if isinstance(value, list) and value and draw(st.integers(0, 5)):
        number = draw(st.integers(0, len(value) - 1))
        kind = draw(st.sampled_from(["inside", "delete", "double", "cut", "turn"]))
        if kind == "turn":
            return value[::-1]
        items = {"inside": lambda: [_changed(draw, value[number])], "delete": list, "cut": list}
        made = items[kind]() if kind in items else [value[number]] * 2
        return [*value[:number], *made, *(() if kind == "cut" else value[number + 1 :])]
    if isinstance(value, int | float) and not isinstance(value, bool) and draw(st.booleans()):
        return draw(st.sampled_from([value + 1, value - 1, -value, value * 2, float(value), str(value), [value]]))
    return draw(odd)


def tensor_edit(draw: Draw, content: bytes, tokens: Sequence[bytes]) -> bytes:
    """Other numbers in a file of safetensors, or another header that fits its length."""
    length = int.from_bytes(content[:LENGTH_BYTES], "little")
    header, numbers = content[LENGTH_BYTES : LENGTH_BYTES + length], content[LENGTH_BYTES + length :]
    if len(numbers) >= 4 and draw(st.booleans()):
        place = 4 * draw(st.integers(0, len(numbers) // 4 - 1))
        value = draw(st.sampled_from([np.nan, np.inf, -np.inf, 1e38, -1e38, 1e-42, 0.0, -1.0]))
        numbers = numbers[:place] + np.float32(value).tobytes() + numbers[place + 4 :]
    else:
        header = json_edit(draw, header, tokens)
    return len(header).to_bytes(LENGTH_BYTES, "little") + header + numbers


ARRAYS: list[Callable[[Any], Any]] = [
    lambda array: array[:-1],
    lambda array: array[:0],
    lambda array: array[:1],
    lambda array: np.concatenate([array, array]),
    lambda array: array.astype(np.float64),
    lambda array: array.astype(np.float32),
    lambda array: array.astype(np.int32),
    lambda array: array.astype(">i4"),
    lambda array: array.astype("U3"),
    lambda array: array.astype(bool),
    lambda array: array.astype(complex),
    lambda array: array.astype([("a", "f4")]),
    lambda array: array.reshape(-1),
    lambda array: array.reshape(1, -1),
    lambda array: np.asfortranarray(array.T),
    lambda array: array + 1,
    lambda array: array - 1,
    lambda array: array * np.nan,
    lambda array: array * np.inf,
    lambda array: np.array(3),
]


def array_edit(draw: Draw, content: bytes, tokens: Sequence[bytes]) -> bytes:
    """Another array: shape, kind of numbers, or one of the numbers."""
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
        with np.errstate(all="ignore"):
            if array.size and draw(st.booleans()):
                odd = [-1, 0, 10**6, 2**31 - 1] if array.dtype.kind in "iu" else [np.nan, np.inf, -1.0, 2.0, 1e30]
                array.flat[draw(st.integers(0, array.size - 1))] = draw(st.sampled_from(odd))
            else:
                array = draw(st.sampled_from(ARRAYS))(array)
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
    except (ValueError, TypeError, OverflowError, EOFError, AttributeError, OSError, SyntaxError, tokenize.TokenError):
        return _any_bytes(draw, content, tokens)
    return buffer.getvalue()


BYTEWISE: list[Edit] = [_cut_out, _cut_off, _replace, _replace, _any_bytes, _flip, _repeat, _whole]
LINEWISE: list[Edit] = [_change_line, _change_line, _change_line, _replace, _cut_out, _cut_off, _repeat, _flip, _whole]
BY_ENDING: dict[str, list[Edit]] = {
    ".json": [json_edit, json_edit, json_edit, json_edit, *BYTEWISE],
    ".safetensors": [tensor_edit, tensor_edit, tensor_edit, *BYTEWISE],
    ".npy": [array_edit, array_edit, array_edit, *BYTEWISE],
    ".npz": BYTEWISE,
}


@st.composite
def mutated(draw: Draw, starts: Callable[[], Mapping[str, bytes]], tokens: Sequence[str] = ()) -> Case:
    """One of the files with a few changes, of a kind that its ending says; `tokens` are put in besides the odd ones."""
    file = draw(st.sampled_from(sorted(starts())))
    content = starts()[file]
    edits = next((edits for ending, edits in BY_ENDING.items() if file.endswith(ending)), LINEWISE)
    own = [token.encode() for token in tokens]
    words = [*own, *own, *COMMON]  # what the format means something by, more often
    for _ in range(draw(st.integers(1, MOST_EDITS))):
        content = draw(st.sampled_from(edits))(draw, content, words)
    return Case(file, content)
