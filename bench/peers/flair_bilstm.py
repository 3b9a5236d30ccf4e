"""Flair: its BiLSTM-CRF on the same word vectors and on characters, without contextual embeddings of its own.

https://flairnlp.github.io/docs/tutorial-training/how-to-train-sequence-tagger, its "classic setup": hidden size 256,
learning rate 0.1, batches of 32, at most 150 epochs. Flair halves the rate when dev F1 stands still. The tutorial
stacks word vectors with Flair's contextual embeddings, which are downloaded and which no package ships. Here they are
stacked with Flair's character embeddings, which are trained with the tagger. The model file is Flair's own, a pickle.
"""

from pathlib import Path
from typing import Any

from bench.peers.peer import Peer, Tag, Task, Words
from bench.peers.spacy_cnn import entity_tags
from ldnet.text.columns import Sentence
from ldnet.text.tags import spans

MODEL, LABEL = "best-model.pt", "span"
TAGGING_BATCH = 32
PEERS = [
    Peer(
        name="flair",
        title="Flair BiLSTM-CRF",
        module=__name__,
        models={"": "model"},
        settings={"hidden_size": 256, "learning_rate": 0.1, "batch": 32, "epochs": 150},
        trial={"epochs": 2},
        packages=("flair", "torch"),
    )
]


def train(task: Task, folder: Path) -> dict[str, Any]:
    """Write the best epoch on dev."""
    import flair
    import torch
    from flair.data import Corpus
    from flair.datasets import FlairDatapointDataset
    from flair.models import SequenceTagger
    from flair.trainers import ModelTrainer
    from flair.trainers.plugins import MetricHistoryPlugin

    torch.set_num_threads(task.threads)
    flair.device = torch.device("cpu")
    flair.set_seed(task.seed)
    train_set, dev_set = (
        FlairDatapointDataset([_sentence(sentence) for sentence in sentences]) for sentences in (task.train, task.dev)
    )
    corpus: Any = Corpus(train=train_set, dev=dev_set, sample_missing_splits=False)
    tagger = SequenceTagger(
        hidden_size=task.settings["hidden_size"],
        embeddings=_embeddings(task),
        tag_dictionary=corpus.make_label_dictionary(label_type=LABEL, add_unk=False),
        tag_type=LABEL,
        use_crf=True,
    )
    found = ModelTrainer(tagger, corpus).train(
        folder / "trained",
        learning_rate=task.settings["learning_rate"],
        mini_batch_size=task.settings["batch"],
        max_epochs=task.settings["epochs"],
        plugins=[MetricHistoryPlugin()],
    )
    (folder / "model").mkdir()
    best = folder / "trained" / MODEL
    if not best.exists():  # no epoch has found a span of dev
        best = folder / "trained" / "final-model.pt"
    best.rename(folder / "model" / MODEL)
    scores = [float(score) for score in found["dev_score_history"]]
    return {"dev_f1": round(100 * max(scores), 4), "epochs": len(scores)}


def load(folder: Path, mode: str, threads: int) -> Tag:
    """Flair's `predict`, which sorts sentences by length and batches them."""
    import flair
    import torch
    from flair.models import SequenceTagger

    torch.set_num_threads(threads)
    flair.device = torch.device("cpu")
    tagger = SequenceTagger.load(folder / MODEL)

    def tag(sentences: Words) -> Words:
        found = [flair.data.Sentence(words) for words in sentences]
        tagger.predict(found, mini_batch_size=TAGGING_BATCH)
        return [
            entity_tags(
                len(sentence),
                ((span.tag, span.tokens[0].idx - 1, span.tokens[-1].idx) for span in sentence.get_spans(LABEL)),
            )
            for sentence in found
        ]

    return tag


def _sentence(sentence: Sentence) -> Any:
    from flair.data import Sentence as FlairSentence

    found = FlairSentence(list(sentence.words))
    for span in spans(sentence.tags):
        found[span.start : span.end].add_label(LABEL, span.type)
    return found


def _embeddings(task: Task) -> Any:
    """The word vectors, if there are any, beside embeddings of the characters in training."""
    from flair.data import Dictionary
    from flair.embeddings import CharacterEmbeddings, StackedEmbeddings

    characters = Dictionary()
    for character in sorted({character for sentence in task.train for character in "".join(sentence.words)}):
        characters.add_item(character)
    embeddings = [CharacterEmbeddings(characters)]  # Flair's own list of characters would be downloaded
    if task.vectors:
        embeddings.insert(0, _word_embeddings(task.vectors))
    return StackedEmbeddings(embeddings)


def _word_embeddings(vectors: Path) -> Any:
    """The vectors of the file, which stay as they are, and a row of zeros for unknown words, which Flair expects last.

    Flair looks a word up as it is, lower-cased, and with # or 0 for each digit.
    """
    import numpy as np
    import torch
    from flair.embeddings import WordEmbeddings

    with vectors.open(encoding="utf-8") as file:
        rows, width = map(int, next(file).split())
        table = np.zeros((rows + 1, width), np.float32)
        words = {}
        for row, line in enumerate(file):
            word, *numbers = line.rstrip("\n").split(" ")
            words[word], table[row] = row, np.array(numbers, np.float32)
    embeddings = WordEmbeddings(None, vocab=words, embedding_length=width, name="vectors")
    embeddings.embedding = torch.nn.Embedding(rows + 1, width, _weight=torch.from_numpy(table), _freeze=True)
    return embeddings
