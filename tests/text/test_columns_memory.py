"""What a process takes that reads tagged sentences, at two sizes."""

import random
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.imports import ROOT

STATUS = Path("/proc/self/status")
SCRIPT = """
    import sys
    from pathlib import Path
    from pipeline.params import ConllParams
    from pipeline.text.splits import read_splits
    params = ConllParams(
        word_column=int(sys.argv[2]), tag_column=-1, slips="repair", train="train", train_sentences=0, dev="test",
        dev_sentences=0, test="test", vectors="", vector_rows=0, digits_as_zero=False,
    )
    splits, _ = read_splits(Path(sys.argv[1]), params, 1)
    print(sum(len(sentence.words) for sentence in splits["train"]))
    print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""


def written(path: Path, sentences: int, numbered: bool) -> int:
    """Write sentences of 15 words, with ranges where words have numbers, and give the bytes of the file."""
    generator = random.Random(1)
    lines = []
    for _ in range(sentences):
        for number in range(1, 16):
            word, tag = f"w{generator.randrange(20_000)}", generator.choice(("O", "O", "B-ORG", "B-PER"))
            if numbered and number % 5 == 1:
                lines.append(f"{number}-{number + 1}\t{word}{word}\t_\n")
            lines.append(f"{number}\t{word}\t{tag}\n" if numbered else f"{word} NN {tag}\n")
        lines.append("\n")
    return path.write_bytes("".join(lines).encode())


@pytest.mark.skipif(not STATUS.is_file(), reason="only Linux says what a process had at most")
@pytest.mark.parametrize("numbered", [False, True])
def test_sentences_take_few_times_the_bytes_of_their_file(tmp_path: Path, numbered: bool) -> None:
    bytes_of_file, peaks = [], []
    for sentences in (4000, 12_000):
        written(tmp_path / "test", 20, numbered)
        bytes_of_file.append(written(tmp_path / "train", sentences, numbered))
        command = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(tmp_path), str(int(numbered))]
        words, peak = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
        assert int(words) == 15 * sentences
        peaks.append(1024 * int(peak))
    (small, large), (low, high) = bytes_of_file, peaks
    assert high - low < 12 * (large - small), (peaks, bytes_of_file)  # 8 times was measured, 46 with all lines kept
