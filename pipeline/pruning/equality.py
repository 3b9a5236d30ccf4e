"""Check that a pruned tagger scores exactly what the gated one scored."""

import torch

from pipeline.tagger.batches import collate, sorted_batches
from pipeline.tagger.model import Tagger
from pipeline.tagger.training import DECODING_BATCH_SENTENCES, Features, TaggingData


@torch.no_grad()
def largest_score_difference(
    gated: Tagger, gated_features: Features, pruned: Tagger, pruned_features: Features, data: TaggingData
) -> float:
    """The largest absolute difference of an emission score over the dev sentences."""
    largest = 0.0
    for indices in sorted_batches(data.dev, DECODING_BATCH_SENTENCES):
        batch = collate([data.encoded_dev[index] for index in indices])
        rows = [len(data.train) + index for index in indices]
        inside = (torch.arange(len(batch.words)) < batch.lengths.unsqueeze(1)).unsqueeze(2)
        difference = gated.emissions(batch, gated_features(rows)) - pruned.emissions(batch, pruned_features(rows))
        largest = max(largest, float((difference * inside).abs().max()))
    return largest
