"""How much the loss leans on each language-model layer, from one pass over the training sentences.

The importance of a layer is the sum over sentences of |z dL/dz| at z = 1, where z is the layer's gate and L the
sentence's CRF loss: what closing the gate would change, to first order (Michel, Levy and Neubig, 2019, do so with
attention heads). Nothing is trained or dropped. Shapes: T steps, B sentences, 2 L gates of both directions.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from tqdm import tqdm

from pipeline.features.contextual import BidirectionalLM, pad_tokens
from pipeline.selection.selection import SelectionTask
from pipeline.tagger.batches import collate, sorted_batches
from pipeline.tagger.epochs import EpochRecord
from pipeline.tagger.model import Tagger
from pipeline.tagger.tagging_data import TaggingData
from pipeline.tagger.training import DECODING_BATCH_SENTENCES


def select(task: SelectionTask) -> Iterator[EpochRecord]:
    """Keep the layers that the loss leans on most."""
    yield task.keep_most_important(layer_importance(task.tagger, task.selection.lm, task.data))


def layer_importance(tagger: Tagger, lm: BidirectionalLM, data: TaggingData) -> Tensor:
    """The importance (2 L) of all layers, in nats."""
    layers = len(lm.forward_lm.rnn.layers) + len(lm.backward_lm.rnn.layers)
    importance = torch.zeros(layers)
    tagger.eval()
    batches = sorted_batches(data.train, DECODING_BATCH_SENTENCES)
    for indices in tqdm(batches, desc="importance of layers", unit=" batches", disable=None):
        # A gate for each sentence gives each sentence's own gradient from one pass back.
        gates = torch.ones(layers, len(indices), 1, dtype=lm.forward_lm.precision, requires_grad=True)
        tokens = pad_tokens([lm.known.encode(data.train[index].words) for index in indices])
        batch = collate([data.encoded_train[index] for index in indices])
        mean_loss = tagger(batch, lm(*tokens, gates.chunk(2)))
        (gradient,) = torch.autograd.grad(mean_loss * len(indices), [gates])
        importance += gradient.float().abs().sum((1, 2))
    return importance
