"""Test F1 of the taggers of an ablation."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.data.conll import read_conll
from pipeline.data.lexicon import Lexicon
from pipeline.language_model.features import live_features
from pipeline.pruning.detaching import detach
from pipeline.tagger.ablated_taggers import Ablation, Layers, all_but, load_scalar_mix_tagger, remembered
from pipeline.tagger.batches import encode_sentence
from pipeline.tagger.model import Tagger, load_tagger
from pipeline.tagger.training import TaggingData, score_dev

SCALAR_MIX = "scalar_mix"
DETACHED = ("pruned", "retrained")  # rows whose language models have only the layers kept


def score_rows(
    ablation: Ablation, taggers: Path, rows: Iterable[str], kept: Layers, seeds: Sequence[int]
) -> dict[str, list[float]]:
    """Span F1 on the test split, in percent, of each row's taggers, one number a seed."""
    lexicon = Lexicon.load(ablation.conll / "lexicon")
    sentences = read_conll(ablation.conll / "test.conll", 0, 1)
    encoded = [encode_sentence(sentence.words, (), lexicon) for sentence in sentences]
    test = TaggingData(lexicon, train=[], dev=sentences, encoded_train=[], encoded_dev=encoded)
    lm = ablation.load_lm()
    left, _ = detach(lm, all_but(kept, ablation.variant.layers))
    features = {name: remembered(live_features(model, test.words)) for name, model in (("lm", lm), ("left", left))}

    def load(row: str, seed: int) -> Tagger:
        folder = taggers / row / f"seed-{seed}"
        return load_scalar_mix_tagger(folder, ablation.variant.layers) if row == SCALAR_MIX else load_tagger(folder)

    return {
        row: [
            round(score_dev(load(row, seed), test, features["left" if row in DETACHED else "lm"]), 4) for seed in seeds
        ]
        for row in rows
    }
