"""What every peer gives, and what it gets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ldnet.text.columns import Sentence, read_conll

Words = list[list[str]]
Tag = Callable[[Words], Words]  # sentences as words, to their tags in any scheme
TRIAL_SENTENCES = 500


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A tagger, trained once for each seed, and tagged with in one mode or several.

    `module` has `train(task, folder) -> facts` and `load(folder, mode, threads) -> Tag`. Training writes the model of
    each mode to `folder / models[mode]`. Its facts go into the rows; a `train_seconds` among them replaces what was
    measured.
    """

    name: str
    title: str
    module: str
    models: Mapping[str, str]  # mode: folder; modes may share one
    settings: Mapping[str, Any]
    trial: Mapping[str, Any] = field(default_factory=dict)  # settings that differ when one only looks whether it works
    packages: tuple[str, ...]  # whose versions decide about the results
    own: bool = False  # runs in the project's environment, on its finished taggers
    seeded: bool = True  # another seed gives another model

    def settings_for(self, trial: bool) -> dict[str, Any]:
        """What it is trained with."""
        return {**self.settings, **self.trial, "train_sentences": TRIAL_SENTENCES} if trial else dict(self.settings)


@dataclass(frozen=True)
class Task:
    """What a training has: tagged sentences, word vectors in the word2vec text format if there are any, and a seed."""

    train: list[Sentence]
    dev: list[Sentence]
    vectors: Path | None
    seed: int
    threads: int
    settings: Mapping[str, Any]

    @classmethod
    def read(cls, request: Mapping[str, Any]) -> "Task":
        """The task that the measuring process asks for."""
        settings = dict(request["settings"])
        train, dev = (read_conll(Path(request["conll"]) / f"{split}.conll", 0, 1) for split in ("train", "dev"))
        if (count := settings.pop("train_sentences", 0)) > 0:
            train, dev = train[:count], dev[:count]
        vectors = Path(request["vectors"]) if request["vectors"] else None
        return cls(train, dev, vectors, request["seed"], request["threads"], settings)

    @property
    def labels(self) -> list[str]:
        """The tags of the training sentences, sorted."""
        return sorted({tag for sentence in self.train for tag in sentence.tags})
