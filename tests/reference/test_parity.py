"""Weights in the file format of the paper's released code give the numbers that that code computed."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from commands.parity import main
from ldnet.errors import InputError
from pipeline.reference.parity import TOLERANCE, Fixture, largest_difference, largest_differences, read_fixture
from pipeline.selection.regularised_gates import penalty
from tests.parity_fixture import committed_fixture, write_fixture

FULL = Path(__file__).resolve().parents[3] / "shared" / "parity"
needs_full = pytest.mark.skipif(not FULL.is_dir(), reason=f"no parity fixture at {FULL}")


@pytest.fixture
def fixture() -> Fixture:
    return committed_fixture()


def beyond(fixture: Fixture) -> dict[str, float]:
    return {name: value for name, value in largest_differences(fixture).items() if not value <= TOLERANCE}


def test_every_committed_quantity(fixture: Fixture) -> None:
    assert beyond(fixture) == {}


@needs_full
def test_every_quantity_of_the_full_fixture() -> None:
    full = read_fixture(FULL)
    assert beyond(full) == {}
    ours = [name for name in largest_differences(full) if name.startswith("our_pruning")]
    assert len(ours) == sum(name.startswith("pruned") for name in full.expected)


@needs_full
def test_the_committed_numbers_are_those_of_the_full_fixture(fixture: Fixture) -> None:
    full = read_fixture(FULL)
    for name, checkpoint in fixture.checkpoints.items():
        theirs = full.checkpoints[name].weights
        assert checkpoint.weights.keys() == theirs.keys()
        assert all(torch.equal(weight, theirs[key]) for key, weight in checkpoint.weights.items())
    assert torch.equal(fixture.lm_tokens, full.lm_tokens)
    assert all(torch.equal(value, full.expected[name]) for name, value in fixture.expected.items())
    assert fixture.special == full.special
    assert list(fixture.sentences) == list(full.sentences[: len(fixture.sentences)])


def test_budget_switches_the_second_regulariser(fixture: Fixture) -> None:
    """The files have sum z alone; R2 is that above the budget, and nothing within it."""
    for index, direction in enumerate(("forward", "backward")):
        gates, open_ = fixture.expected[f"gates_{direction}"], int(fixture.expected["nonzero"][index])
        assert float(penalty("r2", gates, open_)) == 0.0
        assert float(penalty("r2", gates, open_ - 1)) == pytest.approx(float(fixture.expected["sum_z"][index]))


def test_a_wrong_weight_is_noticed(fixture: Fixture) -> None:
    weights = fixture.checkpoints["tagger_gated"].weights
    weights["lm_seq.weight"] = weights["lm_seq.weight"] + 0.1
    found = beyond(fixture)
    assert {"gated_crf_scores_1", "our_pruning_crf_scores_1"} <= found.keys()
    assert not any(name.startswith(("all_layers", "pruned", "forward")) for name in found)


def test_an_unknown_quantity_and_an_empty_fixture_are_refused(fixture: Fixture) -> None:
    with pytest.raises(InputError, match=r"found new_number"):
        largest_differences(replace(fixture, expected={"new_number": torch.zeros(1)}))
    with pytest.raises(InputError, match="found none"):
        largest_differences(replace(fixture, expected={}))


def test_what_cannot_be_compared_is_infinitely_different() -> None:
    assert largest_difference(torch.zeros(2), torch.zeros(3)) == math.inf
    assert largest_difference(torch.tensor([1.0, math.nan]), torch.ones(2)) == math.inf
    assert largest_difference(torch.tensor([1.0, 2.5]), torch.ones(2)) == 1.5


def test_command(fixture: Fixture, tmp_path: Path) -> None:
    write_fixture(fixture, tmp_path)
    result = CliRunner().invoke(main, [str(tmp_path)])
    assert result.exit_code == 0, result.output
    printed = [line.split()[0] for line in result.output.splitlines()]
    assert set(fixture.expected) < set(printed) and printed[-1] == "largest"
    fixture.expected["sum_z"][0] += 2e-5
    write_fixture(fixture, tmp_path)
    result = CliRunner().invoke(main, [str(tmp_path)])
    assert result.exit_code == 1
    assert "above 1e-05" in result.output


def test_command_names_what_a_fixture_lacks(fixture: Fixture, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [str(tmp_path)])
    assert result.exit_code == 1 and "expected.pt: no such file" in result.output
    write_fixture(fixture, tmp_path)
    (tmp_path / "tagger_pruned.th").unlink()
    result = CliRunner().invoke(main, [str(tmp_path)])
    assert result.exit_code == 1 and "tagger_pruned.th: no such file" in result.output
    torch.save({"expected": {}}, tmp_path / "expected.pt")
    result = CliRunner().invoke(main, [str(tmp_path)])
    assert result.exit_code == 1 and "expected.pt: no 'lm_tokens'" in result.output
