"""Reversal within a sentence's own length, and batches of about equal length."""

import torch

from pipeline.features.sequences import batches_by_length, padded_length, reversal, take_rows


def test_each_sentence_is_reversed_and_its_padding_stays() -> None:
    lengths, values = torch.tensor([3, 1, 4]), torch.arange(12).view(4, 3, 1)
    reversed_values = take_rows(values, reversal(lengths, 4))[..., 0]
    for column, length in enumerate(lengths.tolist()):
        original = values[:, column, 0].tolist()
        assert reversed_values[:, column].tolist() == original[:length][::-1] + original[length:]


def test_reversing_twice_gives_the_original() -> None:
    rows = reversal(torch.tensor([2, 5]), 5)
    values = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(take_rows(take_rows(values, rows), rows), values)


def test_lengths_are_rounded_up() -> None:
    assert [padded_length([3, length]) for length in (1, 8, 9, 16)] == [8, 8, 16, 16]


def test_batches_are_of_about_equal_length_shortest_first() -> None:
    assert batches_by_length([3, 1, 2, 1, 5], 2) == [[1, 3], [2, 0], [4]]
    assert batches_by_length([0.5, 0.25], 5) == [[1, 0]] and batches_by_length([], 2) == []
