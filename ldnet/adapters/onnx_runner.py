"""Tags text with an exported ONNX graph: `python tag.py < sentences.txt`, one tokenised sentence a line.

Needs numpy and onnxruntime alone, nothing else of this project: the export copies this file beside the graph.
Shapes: B sentences, T places of the longest (the last one closes a sentence), C characters of the longest, K tags.
"""

import argparse
import json
import os
import re
import signal
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

GRAPHS = {"float32": "model.onnx", "int8": "model.int8.onnx"}
VOCABULARY = "vocabulary.json"
BATCH_SENTENCES = 32
GROUP_LINES = 10_000
WORD_CHARACTERS = 128  # of a longer word the first and the last 64 are read
# What a terminal might obey (as in ldnet/printable.py): control characters, line ends, marks of direction.
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
WORD = re.compile(r"[^ \t\n\v\f\r]+")  # real words contain U+00A0, U+3000 and other Unicode white space
MARKS = re.compile(r"\A\ufeff+(?![ \t])")  # byte order marks, but none that is a word of its own
INTERRUPTED = 128 + signal.SIGINT


class OnnxTagger:
    """The graph and the vocabulary in a folder. `threads` 0 leaves their number to onnxruntime."""

    def __init__(self, folder: Path, precision: str = "float32", threads: int = 0):
        self.vocabulary: dict[str, Any] = json.loads((folder / VOCABULARY).read_text(encoding="utf-8"))
        self.transitions = np.array(self.vocabulary["transitions"], np.float32)  # (from, to)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(
            str(folder / GRAPHS[precision]), options, providers=["CPUExecutionProvider"]
        )

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """The best IOBES tags of each sentence, in the order given. An empty sentence has none."""
        tags: list[list[str]] = [[] for _ in sentences]
        order = sorted((i for i, words in enumerate(sentences) if words), key=lambda i: (-len(sentences[i]), i))
        names, ids = self.vocabulary["tags"], self.vocabulary["ids"]
        for start in range(0, len(order), BATCH_SENTENCES):
            batch = order[start : start + BATCH_SENTENCES]
            scores, lengths = self.emissions([sentences[index] for index in batch])
            paths = viterbi(scores, lengths, self.transitions, ids["start_tag"], ids["end_tag"])
            for index, path in zip(batch, paths, strict=True):
                tags[index] = [names[tag] for tag in path]
        return tags

    def emissions(self, sentences: Sequence[Sequence[str]]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Emission scores (B, T, K) of one batch of sentences, and their lengths in places (B)."""
        inputs = self.encode(sentences)
        (scores,) = self.session.run(["emissions"], inputs)
        return scores, inputs["lengths"]

    def encode(self, sentences: Sequence[Sequence[str]]) -> dict[str, NDArray[Any]]:
        """What the graph reads of one batch of sentences."""
        ids = self.vocabulary["ids"]
        spellings = [[*map(self._spell, words), [ids["padding"]]] for words in sentences]
        sizes = [[len(spelling) for spelling in of_sentence] for of_sentence in spellings]
        inputs: dict[str, NDArray[Any]] = {
            "words": _pad([[*map(self._word, words), ids["padding"]] for words in sentences]),
            "characters": _pad([[character for spelling in s for character in spelling] for s in spellings]),
            "starts": _pad([np.cumsum(of_sentence) - of_sentence for of_sentence in sizes]),
            "ends": _pad([np.cumsum(of_sentence) - 1 for of_sentence in sizes]),
            "lengths": np.array([len(words) + 1 for words in sentences], np.int32),
            "character_lengths": np.array([sum(of_sentence) for of_sentence in sizes], np.int32),
        }
        if self.vocabulary["tokens"]:
            inputs["tokens"] = _pad([[*map(self._token, words), ids["end_of_sentence"]] for words in sentences])
        return inputs

    def _word(self, word: str) -> int:
        """The id of the first form that is known: as written, lower-cased, perhaps with 0 for digits."""
        known = self.vocabulary["words"]
        forms = [word, word.lower()]
        if self.vocabulary["digits_as_zero"]:
            forms.append(re.sub("[1-9]", "0", forms[-1]))
        return int(next((known[form] for form in forms if form in known), self.vocabulary["ids"]["unknown"]))

    def _spell(self, word: str) -> list[int]:
        """The characters of a word and the separator after it."""
        known, ids = self.vocabulary["characters"], self.vocabulary["ids"]
        if len(word) > WORD_CHARACTERS:
            word = word[: WORD_CHARACTERS // 2] + word[-WORD_CHARACTERS // 2 :]
        return [*(known.get(character, ids["unknown"]) for character in word), ids["separator"]]

    def _token(self, word: str) -> int:
        """The language models' id of the first form known to them: as written, unescaped, lower-cased, capitalised."""
        known = self.vocabulary["tokens"]
        plain = self.vocabulary["escapes"].get(word, word.replace("\\/", "/"))
        forms = (form for form in (word, plain, plain.lower(), plain.capitalize()) if form in known)
        return int(known.get(next(forms, None), self.vocabulary["ids"]["unknown_token"]))


def _pad(rows: Sequence[Sequence[int] | NDArray[Any]]) -> NDArray[np.int64]:
    """Rows of different lengths as one array, zeros at their ends."""
    padded = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for row, values in zip(padded, rows, strict=True):
        row[: len(values)] = values
    return padded


def viterbi(
    emissions: NDArray[np.float32], lengths: NDArray[Any], transitions: NDArray[np.float32], start: int, end: int
) -> list[list[int]]:
    """The best path of each sentence from tag `start` to tag `end`, which stands at its last place and is left out.

    `emissions` (B, T, K), `lengths` in places (B), `transitions` (from, to).
    """
    scores = transitions[start] + emissions[:, 0]
    came_from = []
    for place in range(1, emissions.shape[1]):
        arriving = scores[:, :, None] + transitions  # (B, from, to)
        came_from.append(arriving.argmax(1))
        scores = arriving.max(1) + emissions[:, place]
    paths = []
    for sentence, length in enumerate(lengths.tolist()):
        path = [end]
        for place in range(length - 2, -1, -1):
            path.append(int(came_from[place][sentence, path[-1]]))
        paths.append(path[:0:-1])
    return paths


def tag_lines(tagger: OnnxTagger, lines: Iterator[str]) -> Iterator[str]:
    """A JSON line for each line of text, with its words and tags."""
    numbered = enumerate(lines, 1)
    while group := [(number, WORD.findall(line)) for number, line in islice(numbered, GROUP_LINES)]:
        for (number, words), tags in zip(group, tagger.tag([words for _, words in group]), strict=True):
            yield json.dumps({"line": number, "words": words, "tags": tags}, ensure_ascii=False)


def printable(text: str) -> str:
    """The text with what a terminal might obey as \\uXXXX, which is the same JSON."""
    return UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def decoded(lines: Iterable[bytes], problems: list[str]) -> Iterator[str]:
    """The lines as text, up to one that is not UTF-8, which becomes a problem.

    A byte order mark starts a file, and each of several files that were put together; it is left out.
    """
    for number, line in enumerate(lines, 1):
        try:
            text = line.decode("utf-8")
            yield text.lstrip("\ufeff") if number == 1 else MARKS.sub("", text)
        except UnicodeDecodeError as error:
            found = f"byte 0x{line[error.start]:02x} at position {error.start + 1}"
            problems.append(f"<stdin>:{number}: not UTF-8 ({found}); convert the file to UTF-8")
            return


def discard_output() -> None:
    """Let standard output lead nowhere: what Python still holds back would fail, or wait for who reads, at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> None:
    """Tag standard input. What comes before a line that is not UTF-8 is tagged.

    Where nobody reads on, as after `| head`, that is the end, without an error. Ctrl-C ends with exit status 130, and a
    file with a whole line.
    """
    parser = argparse.ArgumentParser(description="Tag sentences from standard input: JSON lines of words and tags.")
    parser.add_argument("--precision", choices=sorted(GRAPHS), default="float32")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as onnxruntime likes")
    options = parser.parse_args()
    for name, stream in (("input", sys.stdin), ("output", sys.stdout)):
        if stream is None:
            sys.exit(f"Error: standard {name} is closed; expected python tag.py < sentences.txt > tagged.jsonl")
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    shown = printable if sys.stdout.isatty() else str
    problems: list[str] = []
    try:
        tagger = OnnxTagger(Path(__file__).parent, options.precision, options.threads)
        for line in tag_lines(tagger, decoded(sys.stdin.buffer, problems)):
            sys.stdout.write(f"{shown(line)}\n")  # at once: print may be interrupted before the end of the line
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
    except KeyboardInterrupt:
        if stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode):
            sys.stdout.flush()  # a file waits for nobody, and is to end with a whole line
        else:
            discard_output()
        sys.exit(INTERRUPTED)
    if problems:
        sys.exit(f"Error: {problems[0]}")


if __name__ == "__main__":
    main()
