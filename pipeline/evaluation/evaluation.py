"""Evaluation of the taggers on the test split, which nothing before it scores."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnet.errors import written_by
from ldnet.files import write_bytes
from ldnet.text.columns import Sentence, column_line, read_conll
from ldnet.text.lexicon import Lexicon
from pipeline.evaluation.conlleval import count_file, f1
from pipeline.evaluation.cost import characters_per_word, macs_by_part, parameters_by_part
from pipeline.evaluation.finished import bulk_tagger
from pipeline.features.contextual import load_bidirectional_lm
from pipeline.six_taggers import lm_stage_of
from pipeline.tagger.model import load_tagger
from pipeline.tagger.scoring import span_scores

ROUNDING = 1e-4  # F1 in the rows is in percent, to four places


def evaluate_variant(
    variant: str,
    *,
    taggers: Path,
    stage: str,
    lms: Sequence[Path],
    conll: Path,
    dev: Mapping[str, Any],
    predictions: Path,
) -> dict[str, Any]:
    """Score all seeds of a variant on the test split; write their predictions; return its row of the results.

    `stage` has trained the taggers; `dev` are its metrics: seeds and dev F1. `lms` are the folders of the language
    models, one for each seed, or none at all. Multiply-accumulates and parameters are means over the seeds, whole
    numbers.
    """
    with written_by("prepare_conll"):
        lexicon = Lexicon.load(conll / "lexicon")
        train, test = (read_conll(conll / f"{split}.conll", 0, 1) for split in ("train", "test"))
    models = {folder: load_bidirectional_lm(folder, lm_stage_of(variant)) for folder in dict.fromkeys(lms)}
    words, tags = [sentence.words for sentence in test], [sentence.tags for sentence in test]
    scores, scores_int8, all_macs, all_parameters = [], [], [], []
    for number, seed in enumerate(dev["seeds"]):
        lm = models[lms[number]] if lms else None
        tagger = load_tagger(taggers / f"seed-{seed}", stage, lexicon, sum(lm.widths) if lm else 0)
        predicted = bulk_tagger(tagger, lm, lexicon).tag(words)
        write_predictions(predictions_file(predictions, variant, seed), test, predicted)
        scores.append(span_scores(tags, predicted))
        scores_int8.append(round(span_scores(tags, bulk_tagger(tagger, lm, lexicon, "int8").tag(words))[0], 4))
        all_macs.append(macs_by_part(tagger.config, lm, characters_per_word(train)))
        all_parameters.append(parameters_by_part(tagger, lm))
    macs, parameters = _means(all_macs), _means(all_parameters)
    overall = [round(score, 4) for score, _ in scores]
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
        "macs_per_word_of_seeds": [sum(of.values()) for of in all_macs],
        "macs_per_word_by_part": macs,
        "parameters": sum(parameters.values()),
        "parameters_by_part": parameters,
    }


def _means(of_seeds: Sequence[Mapping[str, int]]) -> dict[str, int]:
    return {part: round(mean(of[part] for of in of_seeds)) for part in of_seeds[0]}


def predictions_file(predictions: Path, variant: str, seed: int) -> Path:
    """Where the predictions of one tagger are."""
    return predictions / f"{variant}-seed-{seed}.conll"


def count_predictions(row: Mapping[str, Any], predictions: Path) -> NDArray[np.int64]:
    """Correct, predicted and gold spans (seeds, sentences, 3) of a variant, read from the files it wrote.

    `row` is that of `evaluate_variant`. Raises RuntimeError if the F1 of a file is another one than the row says: the
    two scorers share no code, so one of them is wrong, or the file is not what was scored.
    """
    files = [predictions_file(predictions, row["variant"], seed) for seed in row["seeds"]]
    counts = [count_file(file) for file in files]
    for file, score, of_file in zip(files, row["test_f1"], counts, strict=True):
        counted = float(f1(of_file.sum(0)))
        if abs(counted - score) > ROUNDING:
            raise RuntimeError(f"{file}: F1 is {counted:.4f} by conlleval's rules, but was scored {score:.4f}")
    return np.stack(counts)


def write_predictions(path: Path, sentences: Sequence[Sentence], predicted: Sequence[Sequence[str]]) -> None:
    """Write lines of `word gold predicted`, a blank line after each sentence: what conlleval reads."""
    blocks = [
        "".join(itertools.starmap(column_line, zip(sentence.words, sentence.tags, tags, strict=True)))
        for sentence, tags in zip(sentences, predicted, strict=True)
    ]
    write_bytes(path, "\n".join([*blocks, ""]).encode())
