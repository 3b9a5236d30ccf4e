"""Evaluation of the taggers on the test split: the only place that reads it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from pipeline.data.conll import Sentence, read_conll
from pipeline.data.lexicon import Lexicon
from pipeline.evaluation.cost import characters_per_word, macs_by_part, parameters_by_part
from pipeline.files import write_bytes
from pipeline.language_model.features import load_bidirectional_lm
from pipeline.tagger.decoding import BulkTagger
from pipeline.tagger.model import load_tagger
from pipeline.tagger.scoring import span_scores


def evaluate_variant(
    variant: str, taggers: Path, lm_folder: Path | None, conll: Path, dev: Mapping[str, Any], predictions: Path
) -> dict[str, Any]:
    """Score all seeds of a variant on the test split; write their predictions; return its row of the results.

    `dev` are the metrics of the variant's training: its seeds and dev F1.
    """
    lexicon = Lexicon.load(conll / "lexicon")
    test = read_conll(conll / "test.conll", 0, 1)
    lm = load_bidirectional_lm(lm_folder) if lm_folder else None
    scores, scores_int8 = [], []
    for seed in dev["seeds"]:
        tagger = load_tagger(taggers / f"seed-{seed}")
        words, tags = [sentence.words for sentence in test], [sentence.tags for sentence in test]
        predicted = BulkTagger(tagger, lm, lexicon).tag(words)
        write_predictions(predictions / f"{variant}-seed-{seed}.conll", test, predicted)
        scores.append(span_scores(tags, predicted))
        scores_int8.append(round(span_scores(tags, BulkTagger(tagger, lm, lexicon, "int8").tag(words))[0], 4))
    train = read_conll(conll / "train.conll", 0, 1)
    macs = macs_by_part(tagger.config, lm, characters_per_word(train))
    parameters = parameters_by_part(tagger, lm)
    overall = [round(f1, 4) for f1, _ in scores]
    types = sorted({kind for _, by_type in scores for kind in by_type})
    return {
        "variant": variant,
        "seeds": list(dev["seeds"]),
        "test_f1": overall,
        "test_f1_mean": round(mean(overall), 4),
        "test_f1_sd": round(stdev(overall), 4) if len(overall) > 1 else 0.0,
        "test_f1_int8": scores_int8,
        "test_f1_per_type": {kind: round(mean(by_type.get(kind, 0.0) for _, by_type in scores), 4) for kind in types},
        "dev_f1_mean": dev["dev_f1_mean"],
        "macs_per_word": sum(macs.values()),
        "macs_per_word_by_part": macs,
        "parameters": sum(parameters.values()),
        "parameters_by_part": parameters,
    }


def write_predictions(path: Path, sentences: Sequence[Sentence], predicted: Sequence[Sequence[str]]) -> None:
    """Write lines of `word gold predicted`, a blank line after each sentence: what conlleval reads."""
    blocks = [
        "".join(f"{word} {gold} {tag}\n" for word, gold, tag in zip(sentence.words, sentence.tags, tags, strict=True))
        for sentence, tags in zip(sentences, predicted, strict=True)
    ]
    write_bytes(path, "\n".join([*blocks, ""]).encode())
