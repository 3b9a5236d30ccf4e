"""How the product tags many sentences."""

from collections.abc import Sequence

import torch

from pipeline.data.conll import Sentence
from pipeline.data.lexicon import Lexicon
from pipeline.language_model.features import BidirectionalLM, live_features
from pipeline.tagger.batches import collate, encode_sentence, sorted_batches
from pipeline.tagger.model import Tagger
from pipeline.tagger.training import DECODING_BATCH_SENTENCES, tag_names


class BulkTagger:
    """Tags sentences in batches of about equal length."""

    def __init__(self, tagger: Tagger, lm: BidirectionalLM | None, lexicon: Lexicon):
        self.tagger, self.lm, self.lexicon = tagger, lm, lexicon

    @torch.no_grad()
    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """The tags of all sentences, in their order."""
        features = live_features(self.lm, sentences) if self.lm else None
        tagged: list[list[str]] = [[] for _ in sentences]
        ordered = [Sentence(tuple(words), (), 1) for words in sentences]
        for indices in sorted_batches(ordered, DECODING_BATCH_SENTENCES):
            batch = collate([encode_sentence(sentences[index], (), self.lexicon) for index in indices])
            paths = self.tagger.decode(batch, features(indices) if features else None)
            for index, path in zip(indices, paths, strict=True):
                tagged[index] = tag_names(path, self.lexicon)
        return tagged
