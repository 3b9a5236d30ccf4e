"""spaCy: its convolutional tok2vec and transition-based entity recogniser.

https://spacy.io/usage/training#quickstart: what `spacy init config --pipeline ner --optimize accuracy` writes, with the
same word vectors as all others, made as by `spacy init vectors --attr LOWER`. spaCy's patience on dev ends the
training, and its best model on dev is kept.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.peers.peer import Peer, Tag, Task, Words
from ldnet.text.columns import Sentence
from ldnet.text.tags import spans

PEERS = [
    Peer(
        name="spacy",
        title="spaCy CNN",
        module=__name__,
        models={"": "model"},
        settings={"optimize": "accuracy", "max_steps": 20000, "patience": 1600},
        trial={"max_steps": 100},
        packages=("spacy", "thinc"),
    )
]


def train(task: Task, folder: Path) -> dict[str, Any]:
    """Write the best model on dev."""
    import shutil

    import spacy
    from spacy.cli.init_config import init_config
    from spacy.tokens import DocBin
    from spacy.training.initialize import convert_vectors, init_nlp
    from spacy.training.loop import train as train_pipeline

    (folder / "trained").mkdir(parents=True)
    blank = spacy.blank("en")
    for name, sentences in (("train", task.train), ("dev", task.dev)):
        DocBin(docs=[_document(blank.vocab, sentence) for sentence in sentences]).to_disk(folder / f"{name}.spacy")
    config = init_config(lang="en", pipeline=["ner"], optimize=task.settings["optimize"], gpu=False)
    config["paths"] |= {"train": str(folder / "train.spacy"), "dev": str(folder / "dev.spacy"), "vectors": None}
    config["system"]["seed"] = task.seed
    config["training"] |= {key: task.settings[key] for key in ("max_steps", "patience")}
    if task.vectors:
        convert_vectors(blank, task.vectors, truncate=0, prune=-1, attr="LOWER")
        blank.to_disk(folder / "vectors")
        config["paths"]["vectors"] = str(folder / "vectors")
    else:
        config["components"]["tok2vec"]["model"]["embed"]["include_static_vectors"] = False
    train_pipeline(init_nlp(config), folder / "trained")
    best = spacy.load(folder / "trained" / "model-best")
    (folder / "trained" / "model-best").rename(folder / "model")
    for part in ("trained", "vectors"):
        shutil.rmtree(folder / part, ignore_errors=True)
    return {"dev_f1": round(100 * best.meta["performance"]["ents_f"], 4)}


def load(folder: Path, mode: str, threads: int) -> Tag:
    """`nlp.pipe` in this process, as spaCy's documentation tags many texts.

    spaCy imports torch where there is one, without a use for it here. In this environment others need it; without it,
    spaCy loads as fast as where it is alone.
    """
    sys.modules["torch"] = None  # type: ignore[assignment]  # so that its import fails
    import spacy
    from spacy.tokens import Doc

    nlp = spacy.load(folder)

    def tag(sentences: Words) -> Words:
        documents = (Doc(nlp.vocab, words=words) for words in sentences)
        return [entity_tags(len(document), _entities(document)) for document in nlp.pipe(documents)]

    return tag


def _document(vocabulary: Any, sentence: Sentence) -> Any:
    from spacy.tokens import Doc, Span

    document = Doc(vocabulary, words=list(sentence.words))
    document.set_ents([Span(document, span.start, span.end, span.type) for span in spans(sentence.tags)])
    return document


def _entities(document: Any) -> Iterable[tuple[str, int, int]]:
    return ((entity.label_, entity.start, entity.end) for entity in document.ents)


def entity_tags(words: int, entities: Iterable[tuple[str, int, int]]) -> list[str]:
    """IOB2 tags of so many words, from type, start and end (exclusive) of each entity."""
    tags = ["O"] * words
    for kind, start, end in entities:
        tags[start:end] = [f"I-{kind}"] * (end - start)
        tags[start] = f"B-{kind}"
    return tags
