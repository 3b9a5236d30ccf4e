"""The best paths of whole sentences, from scores that come in batches of windows (see `ldnet.text.windows`).

Shapes: B windows, T steps of the longest, K tags.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from ldnet.text.windows import Window
from pipeline.tagger.crf import CRF


class WholePaths:
    """Collects the scores of the windows of some sentences."""

    def __init__(self, crf: CRF, windows: Sequence[Window]):
        self.crf, self.windows = crf, windows
        self.places = {window.sentence: window.last for window in windows}  # the last window of each sentence counts
        self.found: dict[int, list[int]] = {}
        self.scores: dict[int, Tensor] = {}  # of sentences that are more than one window, (places, K)

    def add(self, numbers: Sequence[int], emissions: Tensor, lengths: Tensor) -> None:
        """Take the scores (B, T, K) of the windows with these numbers, `lengths` (B) in steps.

        Raises NotFiniteError where a score is not finite.
        """
        paths = self.crf.decode(emissions, lengths)
        for number, of_window, path in zip(numbers, emissions, paths, strict=True):
            window = self.windows[number]
            places = self.places[window.sentence]
            if (window.first, window.last) == (0, places):
                self.found[window.sentence] = path
                continue
            of_sentence = self.scores.setdefault(window.sentence, of_window.new_empty(places, of_window.shape[1]))
            of_sentence[window.first : window.last] = of_window[window.kept]

    def paths(self) -> list[list[int]]:
        """The best path of each sentence, all of whose windows were added."""
        for sentence, scores in self.scores.items():
            self.found[sentence] = self.crf.decode(scores.unsqueeze(0), torch.tensor([len(scores)]))[0]
        return [self.found[sentence] for sentence in sorted(self.found)]
