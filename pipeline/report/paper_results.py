"""The results published with the method (Liu et al., EMNLP 2018, tables 3 and 4), to stand beside ours."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedPoint:
    """Mean and standard deviation of the test F1 (percent), and multiply-accumulates per word."""

    f1_mean: float
    f1_sd: float
    macs_per_word: float


# The LM there: 10 layers of 300 units, trained on the One Billion Word corpus.
PUBLISHED = {
    "conll2000": {
        "no_lm": PublishedPoint(94.42, 0.08, 3e6),
        "full": PublishedPoint(96.01, 0.07, 51e6),
        "pruned": PublishedPoint(95.66, 0.04, 10e6),
    },
    "conll2003": {
        "no_lm": PublishedPoint(90.78, 0.24, 3e6),
        "full": PublishedPoint(91.86, 0.15, 51e6),
        "pruned": PublishedPoint(91.84, 0.14, 5e6),
    },
}
