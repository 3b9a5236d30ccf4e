"""Multiply-accumulates as they are run: every matrix product that torch computes, by the part whose weight it reads."""

import re
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from pipeline.features.contextual import BidirectionalLM, pad_tokens
from pipeline.tagger.batches import EncodedSentence, collate
from pipeline.tagger.model import Tagger

PRODUCT = re.compile(r"mm|mv|dot|bilinear|conv|rnn|lstm|linear|matmul|einsum")


class ProductCounter(TorchDispatchMode):
    """Counts products with the weights of the parts; any other product is an error."""

    def __init__(self, parts: Mapping[str, Sequence[nn.Module]]):
        super().__init__()
        self.macs: Counter[str] = Counter()
        self.part_of = {
            weight.untyped_storage().data_ptr(): part
            for part, modules in parts.items()
            for module in modules
            for weight in module.parameters()
            if weight.numel()
        }

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = func.overloadpacket.__name__
        if name in ("mm", "addmm"):
            left, right = args[-2:]
            self.macs[self.part_of[right.untyped_storage().data_ptr()]] += left.numel() * right.shape[1]
        else:
            assert not PRODUCT.search(name), f"a product that is not counted: {func}"
        return func(*args, **(kwargs or {}))


def parts_of(tagger: Tagger, lm: BidirectionalLM | None) -> dict[str, list[nn.Module]]:
    """The modules with weights, under the names of `macs_by_part`."""
    return {
        "characters": [tagger.character_rnn, tagger.character_projection],
        "language_models": [lm.forward_lm.rnn, lm.backward_lm.rnn] if lm else [],
        "lm_projection": [tagger.lm_projection] if lm else [],
        "word_lstm": [tagger.word_rnn],
        "emissions": [tagger.crf.hidden2tag],
    }


def products_per_word(tagger: Tagger, lm: BidirectionalLM | None, characters: int) -> dict[str, int]:
    """Multiply-accumulates that one more word of so many characters (its separator included) takes, by part.

    What a sentence of 15 words takes more than one of 7, so closing steps and padding, the same in both, cancel out.
    """
    counts = [_run(tagger, lm, words, characters) for words in (7, 15)]
    more = {part: counts[1][part] - counts[0][part] for part in parts_of(tagger, lm)}
    assert all(macs % 8 == 0 for macs in more.values())
    return {part: macs // 8 for part, macs in more.items()}


@torch.no_grad()
def _run(tagger: Tagger, lm: BidirectionalLM | None, words: int, characters: int) -> Counter[str]:
    """Count one sentence's products, and let torch's own counter check their sum."""
    starts = [word * characters for word in range(words + 1)]
    sentence = EncodedSentence(
        words=[0] * (words + 1),
        tags=[],
        characters=[0] * (words * characters + 1),
        starts=starts,
        ends=[*(start - 1 for start in starts[1:]), starts[-1]],
    )

    def run() -> None:
        features = lm(*pad_tokens([[0] * (words + 1)])) if lm else None
        tagger.decode(collate([sentence]), features)

    counter, torch_counter = ProductCounter(parts_of(tagger, lm)), FlopCounterMode(display=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # flags() sets all of them, also one that is for other processors
        with torch.backends.mkldnn.flags(enabled=False):  # it would run a whole LSTM as one operation
            with counter:
                run()
            with torch_counter:
                run()
    assert 2 * counter.macs.total() == torch_counter.get_total_flops()
    return counter.macs
