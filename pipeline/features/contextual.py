"""What the tagger reads from the two language models: contextual features of whole sentences (paper, section 5).

The forward model reads the words, then the end-of-sentence token; the backward model that token first, then the words
from the end. So both read the same n + 1 tokens, one of them reversed. Shapes: T steps, B sentences, F feature width;
in each language model, D embedding width, L layers, H units of a layer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from ldnet.errors import ANY_STAGE
from ldnet.text.lm_words import END_OF_SENTENCE_ID, LMVocabulary
from pipeline.execution.stored import damaged, reserve
from pipeline.features.frozen_lstm import FrozenLSTM
from pipeline.features.sequences import batches_by_length, padded_length, reversal, take_rows
from pipeline.language_model.model import LanguageModel, LMConfig, load_language_model, parameter_count
from pipeline.params import Precision


class BidirectionalLM(nn.Module):
    """The two frozen language models and the vocabulary they share."""

    def __init__(self, forward_lm: LanguageModel, backward_lm: LanguageModel, vocabulary: list[str]):
        super().__init__()
        self.forward_lm, self.backward_lm = forward_lm, backward_lm
        self.vocabulary, self.known = vocabulary, LMVocabulary(vocabulary)
        for model in (forward_lm, backward_lm):
            model.rnn.run_frozen_layer = FrozenLSTM.apply
        self.requires_grad_(False)
        self.eval()

    @property
    def widths(self) -> tuple[int, int]:
        """Feature width of the forward and of the backward model."""
        return self.forward_lm.rnn.output_size, self.backward_lm.rnn.output_size

    def macs(self) -> int:
        """Multiply-accumulates of all layers a word."""
        return int(self.forward_lm.rnn.macs() + self.backward_lm.rnn.macs())

    def layer_parameters(self) -> int:
        """Weights of all layers."""
        return parameter_count(self.forward_lm.rnn, self.backward_lm.rnn)

    def compute_in(self, precision: Precision) -> None:
        """Compute features in this precision from now on; the weights keep theirs."""
        for model in (self.forward_lm, self.backward_lm):
            model.compute_in(precision)

    def forward(self, tokens: Tensor, lengths: Tensor, gates: Sequence[Tensor] | None = None) -> Tensor:
        """Features (T, B, F) of padded sentences (T, B) of `lengths` (B); `gates` are the directions' (L)."""
        forward_gates, backward_gates = gates or (None, None)
        rows = reversal(lengths, len(tokens))  # (T, B)
        from_left, _ = self.forward_lm.represent(tokens, gates=forward_gates)  # (T, B, D + L H)
        from_right, _ = self.backward_lm.represent(tokens.gather(0, rows), gates=backward_gates)  # (T, B, D + L H)
        return torch.cat([from_left, take_rows(from_right, rows)], -1)  # (T, B, F)


def load_bidirectional_lm(
    folder: Path, stage: str = ANY_STAGE, build: Callable[[LMConfig], LanguageModel] = LanguageModel
) -> BidirectionalLM:
    """Load `folder`/forward and `folder`/backward, which `stage` wrote. Raises InputError as `load_language_model`, and
    if they have different words."""
    forward_lm, vocabulary = load_language_model(folder / "forward", stage, build)
    backward_lm, words = load_language_model(folder / "backward", stage, build)
    if words != vocabulary:
        raise damaged(folder / "backward" / "vocabulary.json", "the words of forward/", "other words", stage)
    return BidirectionalLM(forward_lm, backward_lm, vocabulary)


@dataclass(frozen=True)
class FeatureTable:
    """The features of many sentences, one row per step, on disk and memory-mapped: the LM is frozen, so run it once."""

    rows: NDArray[Any]  # memory-mapped, (steps of all sentences, F); bfloat16 as the integers of the same bits
    offsets: list[int]  # where each sentence's rows start, and the end

    def batch(self, sentences: Sequence[int]) -> Tensor:
        """Features (T, B, F) of the sentences with these indices, zeros as padding, in the table's precision."""
        lengths = [self.offsets[index + 1] - self.offsets[index] for index in sentences]
        features = np.zeros((padded_length(lengths), len(sentences), self.rows.shape[1]), self.rows.dtype)
        for column, (index, length) in enumerate(zip(sentences, lengths, strict=True)):
            start = self.offsets[index]
            features[:length, column] = self.rows[start : start + length]
        tensor = torch.from_numpy(features)
        return tensor if tensor.is_floating_point() else tensor.view(torch.bfloat16)


def pad_tokens(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Token rows as one tensor (T, B), padded at the end, and their lengths (B)."""
    lengths = torch.tensor([len(row) for row in rows])
    tokens = torch.full((padded_length(map(len, rows)), len(rows)), END_OF_SENTENCE_ID)
    for column, row in enumerate(rows):
        tokens[: len(row), column] = torch.tensor(row)
    return tokens, lengths


def open_feature_table(
    path: Path, sentences: Sequence[Sequence[str]], width: int, precision: Precision, mode: str = "r"
) -> FeatureTable:
    """The table at `path` for sentences given as words; each has one row more than it has words."""
    offsets = np.cumsum([0, *(len(words) + 1 for words in sentences)]).tolist()
    stored = np.float32 if precision == "float32" else np.int16
    return FeatureTable(np.memmap(path, stored, mode, shape=(offsets[-1], width)), offsets)  # type: ignore[call-overload]


def live_features(
    lm: BidirectionalLM, sentences: Sequence[Sequence[str]], gates: Tensor | None = None
) -> Callable[[Sequence[int]], Tensor]:
    """Features computed for each batch of indices into `sentences`, every time; `gates` (2 L) are both directions'."""
    tokens = [lm.known.encode(words) for words in sentences]

    def features(indices: Sequence[int]) -> Tensor:
        both = None if gates is None else gates.chunk(2)
        computed: Tensor = lm(*pad_tokens([tokens[index] for index in indices]), both)
        return computed

    return features


@torch.no_grad()
def write_feature_table(
    lm: BidirectionalLM,
    sentences: Sequence[Sequence[str]],
    path: Path,
    precision: Precision = "float32",
    batch_sentences: int = 64,
) -> None:
    """Run the language models over all sentences, in batches of about equal length, and write the table to `path`.

    Features are computed and stored in `precision`. The table is there once it is whole. Raises InputError where the
    disk has no space for it.
    """
    lm.compute_in(precision)
    part = path.with_name(f"{path.name}.part")
    table = open_feature_table(part, sentences, sum(lm.widths), precision, "w+")
    reserve(part)
    batches = batches_by_length([len(words) for words in sentences], batch_sentences)
    for batch in tqdm(batches, desc="language-model features", unit=" batches", disable=None):
        tokens, lengths = pad_tokens([lm.known.encode(sentences[index]) for index in batch])
        features = lm(tokens, lengths)
        stored = (features if precision == "float32" else features.view(torch.int16)).numpy()
        for column, index in enumerate(batch):
            table.rows[table.offsets[index] : table.offsets[index + 1]] = stored[: lengths[column], column]
    table.rows.flush()  # type: ignore[attr-defined]  # memory-mapped
    part.replace(path)
