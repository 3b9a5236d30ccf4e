"""Random models of the published sizes, the same in every process: weights depend on the seed alone."""

import torch

from bench.data import BenchData, paper_params
from ldnet.text.lexicon import Lexicon
from pipeline.features.contextual import BidirectionalLM
from pipeline.language_model.model import LanguageModel, LMConfig
from pipeline.pruning.pruning import prune_bidirectional_lm, prune_tagger
from pipeline.tagger.model import Tagger, configure, initialise

SEED = 1
KEPT_LAYERS, KEPT_GATE = (3, 5), 0.8  # what the pruned tagger has: one layer of each direction
NEVER = -30.0  # the score of the CRF's own tags, which an untrained tagger would choose inside of sentences


def make_language_model(vocabulary_size: int, width: int, projection: int, seed: int = SEED) -> LanguageModel:
    """10 layers of `width` units over embeddings of `width`, with the paper's cut-offs that the vocabulary reaches."""
    torch.manual_seed(seed)
    params = paper_params().pretrain_lm
    config = LMConfig(
        vocabulary_size=vocabulary_size,
        embedding=width,
        units=width,
        layers=params.layers,
        projection=projection,
        cutoffs=[cutoff for cutoff in params.cutoffs if cutoff < vocabulary_size] or [vocabulary_size // 2],
        dropout=params.dropout,
        layer_dropout=params.layer_dropout,
    )
    return LanguageModel(config)


def make_bidirectional_lm(data: BenchData) -> BidirectionalLM:
    """Both directions at the published size."""
    params = paper_params().pretrain_lm
    size = len(data.vocabulary)
    forward_lm, backward_lm = (
        make_language_model(size, params.units, params.projection, seed) for seed in (SEED, SEED + 1)
    )
    return BidirectionalLM(forward_lm, backward_lm, data.vocabulary)


def make_tagger(lexicon: Lexicon, lm_features: int) -> Tagger:
    """A tagger that has learnt nothing, but has random transitions and avoids the CRF's own tags."""
    torch.manual_seed(SEED)
    tagger = Tagger(configure(paper_params().train_tagger, lexicon, lm_features))
    initialise(tagger, lexicon)
    torch.nn.init.normal_(tagger.crf.transitions)
    with torch.no_grad():
        tagger.crf.hidden2tag.bias[[tagger.config.start_tag, tagger.config.end_tag]] = NEVER
    return tagger.eval()


def pruned_gates() -> torch.Tensor:
    """The gates (2 L) of which one in each direction is open."""
    layers = paper_params().pretrain_lm.layers
    gates = torch.zeros(2, layers)
    for direction, layer in enumerate(KEPT_LAYERS):
        gates[direction, layer] = KEPT_GATE
    return gates.flatten()


def prune(tagger: Tagger, lm: BidirectionalLM) -> tuple[Tagger, BidirectionalLM]:
    """The product's pruned tagger and language models."""
    forward_gates, backward_gates = pruned_gates().chunk(2)
    pruned, kept = prune_bidirectional_lm(lm, {"forward": forward_gates, "backward": backward_gates})
    return prune_tagger(tagger, kept), pruned


def make_models(kind: str, data: BenchData) -> tuple[Tagger, BidirectionalLM | None]:
    """The tagger of this `kind` (no_lm, full or pruned) and its language models."""
    lm = None if kind == "no_lm" else make_bidirectional_lm(data)
    tagger = make_tagger(data.tagging.lexicon, sum(lm.widths) if lm else 0)
    return prune(tagger, lm) if lm and kind == "pruned" else (tagger, lm)
