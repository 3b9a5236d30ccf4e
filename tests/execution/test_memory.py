"""A model that cannot fit is refused before memory is asked for."""

import pytest
import torch
from torch import nn

from ldnet.errors import InputError
from pipeline.execution.memory import machine_bytes, require_memory, weight_bytes
from pipeline.pretraining import lm_training
from pipeline.tagger.model import configure
from tests.factories import make_data, make_language_model, make_lm_params, make_tagger_params


def test_weights_are_counted_without_being_made_and_no_random_number_is_drawn() -> None:
    state = torch.get_rng_state()
    assert weight_bytes(lambda: nn.Linear(10**6, 10**6)) == 4 * (10**12 + 10**6)
    assert torch.equal(torch.get_rng_state(), state)
    model = make_language_model()
    assert weight_bytes(make_language_model) == sum(tensor.nbytes for tensor in model.state_dict().values())


def test_what_is_too_large_is_one_line_that_names_the_keys() -> None:
    require_memory(machine_bytes(), "a model", "section.key")
    with pytest.raises(InputError, match=r"^section\.key: a model would take at least [\d,.]+ GB of memory, but the"):
        require_memory(machine_bytes() + 1, "a model", "section.key")


@pytest.mark.parametrize("changes", [{"layers": 100, "units": 16_384}, {"streams": 10**12}])
def test_a_language_model_that_cannot_fit_is_refused(changes: dict[str, int]) -> None:
    with pytest.raises(InputError, match=r"^pretrain_lm\.layers, units, .*: a language model of 11 words would take"):
        lm_training.configure(make_lm_params(**changes), 11)


def test_a_tagger_that_cannot_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.execution.memory.machine_bytes", lambda: 10**9)
    with pytest.raises(InputError, match=r"^train_tagger\.word_dimension, .*: a tagger would take at least [\d.]+ GB"):
        configure(make_tagger_params(word_units=16_384, word_dimension=16_384), make_data().lexicon, 0)
