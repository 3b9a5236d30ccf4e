"""A selection that is stopped after any epoch ends as one that is not, whatever trains its gates."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import torch

from ldnet.errors import InputError
from pipeline.execution.snapshots import progress_of
from pipeline.selection.methods import METHODS
from pipeline.selection.selection import Selection, SelectionTask
from pipeline.tagger.epochs import EpochRecord
from tests.factories import make_bidirectional_lm, make_data, make_select_params, make_tagger, make_tagger_params

EPOCHS = 5


def begin(checkpoint: Path | None, **changes: object) -> tuple[SelectionTask, Iterator[EpochRecord]]:
    data, lm = make_data(), make_bidirectional_lm()
    tagger = make_tagger(data.lexicon, sum(lm.widths))
    params = make_select_params(epochs=EPOCHS, enforce_epoch=3, strength=0.2, batches_per_gate_step=2, **changes)
    task = SelectionTask(tagger, Selection.of(lm), data, params, make_tagger_params(), 1, checkpoint)
    return task, METHODS[params.method](task)


@pytest.mark.parametrize("changes", [{}, {"method": "hard_concrete"}, {"cost_weighted": True, "regulariser": "r1"}])
@pytest.mark.parametrize("stops", [[1], [EPOCHS], [1, 2, 3, 4]])
def test_stopped_and_resumed_to_the_bit(tmp_path: Path, changes: dict[str, object], stops: list[int]) -> None:
    whole, training = begin(None, **changes)
    path = list(training)
    assert len({tuple(record.items())[3:] for record in path}) > 2, "gates move"
    for stop in stops:
        assert list(islice(begin(tmp_path / "state", **changes)[1], stop)) == path[:stop]
        assert progress_of(tmp_path / "state") == f"epoch {stop} of {EPOCHS}"
    torch.rand(3)  # other random numbers than those of the process that was stopped
    resumed, training = begin(tmp_path / "state", **changes)
    assert list(training) == path
    assert resumed.selection.progress == whole.selection.progress
    assert torch.equal(resumed.selection.gates, whole.selection.gates)
    for name, weight in whole.tagger.state_dict().items():
        assert torch.equal(resumed.tagger.state_dict()[name], weight), name


@pytest.mark.parametrize("damage", [lambda content: content[:-9], lambda content: b"x", lambda content: b""])
def test_a_damaged_checkpoint_is_one_line(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "state"
    next(begin(path)[1])
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(
        InputError, match=rf"^{path}: no checkpoint of this training .*; delete it to start from scratch$"
    ):
        list(begin(path)[1])
