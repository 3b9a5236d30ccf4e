"""List Viterbi against the sorted list of all paths."""

import pytest
import torch

from ldnet.crf import n_best
from ldnet.crf.n_best import best_paths
from tests.brute_force import END, LENGTHS, NAMES, make_crf, make_emissions, path_scores


@pytest.mark.parametrize("count", [1, 2, 5, 100, 5000])
def test_the_best_paths_are_those_of_all_paths(count: int) -> None:
    crf, emissions = make_crf(), make_emissions()
    found = best_paths(crf.finished(), emissions, torch.tensor(LENGTHS), count)
    for row, length in enumerate(LENGTHS):
        scores = path_scores(crf, emissions[row], length)
        ordered = sorted(scores, key=lambda path: -scores[path])[:count]
        assert [tuple(path) for path in found[row]] == ordered
        assert all(type(tag) is int for path in found[row] for tag in path)


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_origins_that_are_computed_again_are_the_same(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    crf, emissions, lengths = make_crf().finished(), make_emissions(), torch.tensor(LENGTHS)
    expected = best_paths(crf, emissions, lengths, 7)
    monkeypatch.setattr(n_best, "CHUNK", chunk)
    assert best_paths(crf, emissions, lengths, 7) == expected


def test_the_first_is_that_of_viterbi() -> None:
    crf, emissions, lengths = make_crf(), make_emissions(), torch.tensor(LENGTHS)
    assert [paths[0] for paths in best_paths(crf.finished(), emissions, lengths, 3)] == crf.decode(emissions, lengths)


def test_long_sentences_keep_their_order() -> None:
    """In float32 the scores of 2,000 words could not tell such paths apart."""
    crf = make_crf(0.0)
    emissions = torch.full((1, 2001, len(NAMES)), -30.0)
    emissions[0, :, 0] = 7.0
    emissions[0, 1000, 1:4] = torch.tensor([7.0 - 1e-4, 7.0 - 2e-4, 7.0 - 3e-4])
    emissions[0, -1, END] = 0.0
    paths = best_paths(crf.finished(), emissions, torch.tensor([2001]), 4)[0]
    assert [path[1000] for path in paths] == [0, 1, 2, 3]
    assert all(sum(map(bool, path)) == bool(rank) for rank, path in enumerate(paths))
