"""Language-model features of a sentence: the same alone, in a batch, live and from the table; and what they read."""

from pathlib import Path

import pytest
import torch

from ldnet.errors import InputError
from pipeline.features.contextual import live_features, open_feature_table, pad_tokens, write_feature_table
from pipeline.params import Precision
from tests.factories import make_bidirectional_lm, make_sentences

SENTENCES = [sentence.words for sentence in make_sentences(9)]


def test_features_are_those_of_the_two_models_run_by_hand() -> None:
    lm, words = make_bidirectional_lm(), ("the", "cat", "unseen", ".")
    assert lm.known.encode(words) == [2, 4, 0, 10, 1]
    tokens = torch.tensor(lm.known.encode(words)).unsqueeze(1)
    features = lm(tokens, torch.tensor([5]))
    from_left, _ = lm.forward_lm.represent(tokens)
    from_right, _ = lm.backward_lm.represent(tokens.flip(0))
    torch.testing.assert_close(features, torch.cat([from_left, from_right.flip(0)], -1))


def test_words_are_looked_up_in_the_form_the_models_know() -> None:
    assert make_bidirectional_lm().known.encode(("THE", "paris", "Cat")) == [2, 6, 4, 1]


def test_features_do_not_depend_on_the_batch() -> None:
    lm = make_bidirectional_lm()
    together = live_features(lm, SENTENCES)(range(len(SENTENCES)))
    for index, words in enumerate(SENTENCES):
        alone = live_features(lm, SENTENCES)([index])
        length = len(words) + 1
        torch.testing.assert_close(together[:length, index], alone[:length, 0], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-6), ("bfloat16", 0.01)])
def test_the_table_holds_the_live_features(tmp_path: Path, precision: Precision, tolerance: float) -> None:
    lm = make_bidirectional_lm()
    write_feature_table(lm, SENTENCES, tmp_path / "features", precision, batch_sentences=4)
    table = open_feature_table(tmp_path / "features", SENTENCES, sum(lm.widths), precision)
    order = [3, 0, 7, 5]
    live, stored = live_features(lm, SENTENCES)(order), table.batch(order)
    assert live.dtype == stored.dtype == getattr(torch, precision)
    for column, index in enumerate(order):
        length = len(SENTENCES[index]) + 1
        torch.testing.assert_close(stored[:length, column], live[:length, column], atol=tolerance, rtol=tolerance)
        assert not stored[length:, column].any(), "padding must be zero"


def test_the_table_takes_its_disk_space_before_the_models_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int, start: int, size: int) -> None:
        raise OSError(28, "No space left on device")

    lm = make_bidirectional_lm()
    monkeypatch.setattr("os.posix_fallocate", fail)
    monkeypatch.setattr(lm, "forward", None)
    with pytest.raises(InputError, match=rf"^{tmp_path / 'features.part'}: [\d.]+ MB of disk space cannot be reserved"):
        write_feature_table(lm, SENTENCES, tmp_path / "features")
    assert not list(tmp_path.iterdir())


def test_lower_precision_is_close() -> None:
    lm = make_bidirectional_lm()
    exact = live_features(lm, SENTENCES)([0, 1])
    lm.compute_in("bfloat16")
    rounded = live_features(lm, SENTENCES)([0, 1])
    assert not torch.equal(rounded.float(), exact)
    torch.testing.assert_close(rounded.float(), exact, atol=0.05, rtol=0.02)


def test_gates_reach_both_directions() -> None:
    lm = make_bidirectional_lm(layers=2)
    gates = torch.tensor([0.0, 1.0, 1.0, 0.0])
    features = live_features(lm, SENTENCES, gates)([0])
    width, units = lm.widths[0], 4
    assert not features[..., 5 : 5 + units].any() and features[..., 5 + units : width].any()
    assert features[..., width + 5 : width + 5 + units].any() and not features[..., width + 5 + units :].any()


def test_pad_tokens_pads_at_the_end() -> None:
    tokens, lengths = pad_tokens([[5, 1], [6, 7, 1]])
    assert tokens.shape == (8, 2) and lengths.tolist() == [2, 3]
    assert tokens[:3].T.tolist() == [[5, 1, 1], [6, 7, 1]] and (tokens[3:] == 1).all()
