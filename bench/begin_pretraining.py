"""The first steps of pretraining on an encoded corpus: python -m bench.begin_pretraining <params.yaml> <corpus>."""

import sys
from itertools import islice
from pathlib import Path

from pipeline.execution.reproducible import set_up
from pipeline.language_model.model import LanguageModel
from pipeline.params import load_params
from pipeline.pretraining.encoded_corpus import load
from pipeline.pretraining.lm_training import RECORD_STEPS, configure, pretrain

CURVE_POINTS = 2  # of RECORD_STEPS steps each


def main(params_path: Path, folder: Path) -> None:
    """Train as the stage does, without a checkpoint, and print the points of the curve."""
    params = load_params(params_path)
    set_up(params.seed, params.threads)
    corpus = load(folder)
    model = LanguageModel(configure(params.pretrain_lm, len(corpus.vocabulary)))
    never = CURVE_POINTS * RECORD_STEPS + 1
    records = pretrain(model, corpus, params.pretrain_lm, params.seed, None, reverse=False, checkpoint_steps=never)
    for record in islice(records, CURVE_POINTS):
        print(record)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
