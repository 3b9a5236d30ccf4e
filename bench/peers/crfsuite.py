"""CRFsuite: a linear-chain CRF on features of words, as the tutorial of sklearn-crfsuite has them.

https://sklearn-crfsuite.readthedocs.io/en/latest/tutorial.html: its features less those of part-of-speech tags, which
raw tokens do not have, and its parameters.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.peers.peer import Peer, Tag, Task, Words
from ldnet.text.tags import to_iob2

MODEL = "crf.crfsuite"
Features = dict[str, str | bool | float]
PEERS = [
    Peer(
        name="crfsuite",
        title="CRFsuite",
        module=__name__,
        models={"": "model"},
        settings={
            "algorithm": "lbfgs", "c1": 0.1, "c2": 0.1, "max_iterations": 100, "all_possible_transitions": True
        },
        packages=("sklearn-crfsuite", "python-crfsuite"),
        seeded=False,
    )
]  # fmt: skip


def train(task: Task, folder: Path) -> dict[str, Any]:
    """Write the model; dev sentences are not needed."""
    from sklearn_crfsuite import CRF

    (folder / "model").mkdir(parents=True)
    crf = CRF(model_filename=str(folder / "model" / MODEL), **task.settings)
    crf.fit(
        [features(sentence.words) for sentence in task.train], [list(to_iob2(sentence.tags)) for sentence in task.train]
    )
    return {}


def load(folder: Path, mode: str, threads: int) -> Tag:
    """CRFsuite tags in one thread."""
    from pycrfsuite import Tagger

    tagger = Tagger()
    tagger.open(str(folder / MODEL))

    def tag(sentences: Words) -> Words:
        return [tagger.tag(features(words)) for words in sentences]

    return tag


def features(words: Sequence[str]) -> list[Features]:
    """The tutorial's features of each word and its neighbours."""
    found = []
    for position, word in enumerate(words):
        of_word: Features = {
            "bias": 1.0,
            "word[-3:]": word[-3:],
            "word[-2:]": word[-2:],
            "word.isdigit()": word.isdigit(),
        }
        of_word |= _shape("", word)
        if position > 0:
            of_word |= _shape("-1:", words[position - 1])
        else:
            of_word["BOS"] = True
        if position < len(words) - 1:
            of_word |= _shape("+1:", words[position + 1])
        else:
            of_word["EOS"] = True
        found.append(of_word)
    return found


def _shape(place: str, word: str) -> Features:
    return {
        f"{place}word.lower()": word.lower(),
        f"{place}word.istitle()": word.istitle(),
        f"{place}word.isupper()": word.isupper(),
    }
