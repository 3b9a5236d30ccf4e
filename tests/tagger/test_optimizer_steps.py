"""One step of a tagger's optimiser, written out."""

import pytest
import torch

from pipeline.execution.finite import Watch
from pipeline.tagger.batches import collate
from pipeline.tagger.model import Tagger
from pipeline.tagger.optimizer_steps import OptimizerSteps, parameter_groups
from tests.factories import make_data, make_tagger

RATE, WORD_RATE, CLIP = 0.5, 0.1, 0.25
WORDS = "word_embedding.trainable.weight"


def moved(before: Tagger, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    """The weights after a step of plain gradient descent on the clipped gradient of the loss, shorter for words."""
    names, weights = zip(*before.named_parameters(), strict=True)
    gradients = torch.autograd.grad(loss, weights)
    norm = torch.sqrt(sum((gradient**2).sum() for gradient in gradients))
    assert norm > CLIP, "clipping counts"
    return {
        name: weight - (WORD_RATE if name == WORDS else 1) * RATE * CLIP / norm * gradient
        for name, weight, gradient in zip(names, weights, gradients, strict=True)
    }


@pytest.mark.parametrize("taught", [False, True])
def test_a_step_goes_down_the_clipped_gradient(taught: bool) -> None:
    data = make_data(train=6, dev=1)
    ours, plain = make_tagger(data.lexicon).eval(), make_tagger(data.lexicon).eval()
    batch = collate([data.encoded_train[index] for index in (4, 1)])
    teacher = make_tagger(data.lexicon).eval()
    with torch.no_grad():
        targets = teacher.crf.marginals(3 * teacher.emissions(batch, None), batch.lengths) if taught else None
    loss = plain(batch, None, targets)
    optimizer = torch.optim.SGD(parameter_groups(ours, RATE, WORD_RATE))
    steps = OptimizerSteps(ours, data, optimizer, CLIP, 4, Watch(ours, "a.rate"))
    assert steps.take([4, 1], None, "now", targets) == pytest.approx(loss.item(), rel=1e-5)
    expected = moved(plain, loss)
    for name, weight in ours.named_parameters():
        torch.testing.assert_close(weight, expected[name], rtol=1e-4, atol=1e-6)
    assert (steps.taken, steps.count, steps.schedule.get_last_lr()) == (
        1, 4, [RATE * 3 / 4, WORD_RATE * RATE * 3 / 4]
    )  # fmt: skip
