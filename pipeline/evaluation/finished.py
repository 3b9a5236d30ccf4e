"""Taggers as they come out of training, handed over to the decoding that ships."""

from ldnet.decoding.bulk_tagger import BulkTagger
from ldnet.decoding.precision import DecodingPrecision
from ldnet.decoding.weights import LanguageModelWeights, TaggerWeights
from ldnet.text.lexicon import Lexicon
from pipeline.features.contextual import BidirectionalLM
from pipeline.language_model.dense_lstm import DenseLSTM
from pipeline.tagger.model import Tagger


def finished_weights(tagger: Tagger, lm: BidirectionalLM | None) -> TaggerWeights:
    """The weights of a tagger and of the language models that it was trained on, which decoding takes to be dense."""
    models = None
    if lm:
        assert all(isinstance(model.rnn, DenseLSTM) for model in (lm.forward_lm, lm.backward_lm)), "no dense stack"
        models = (
            LanguageModelWeights.of(lm.forward_lm.state_dict()),
            LanguageModelWeights.of(lm.backward_lm.state_dict()),
        )
    return TaggerWeights(
        tensors={name: tensor.clone() for name, tensor in tagger.state_dict().items()},
        start_tag=tagger.config.start_tag,
        end_tag=tagger.config.end_tag,
        language_models=models,
        vocabulary=lm.vocabulary if lm else [],
    )


def bulk_tagger(
    tagger: Tagger,
    lm: BidirectionalLM | None,
    lexicon: Lexicon,
    precision: DecodingPrecision = "float32",
    threads: int | None = None,
) -> BulkTagger:
    """The tagger as `ldnet` would run it."""
    return BulkTagger(finished_weights(tagger, lm), lexicon, precision, threads)
