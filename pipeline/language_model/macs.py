"""Multiply-accumulates of LSTM layers, matrix products only."""

from pipeline.language_model.dense_lstm import DenseLSTM


def lstm_macs(input_size: int, units: int) -> int:
    """Multiply-accumulates of one LSTM step: four gates, each reading the input and the hidden state."""
    return 4 * units * (input_size + units)


def layer_macs(rnn: DenseLSTM) -> list[int]:
    """Multiply-accumulates of one step of each layer of a dense stack, in which later layers read more."""
    return [lstm_macs(rnn.input_size + layer * rnn.units, rnn.units) for layer in range(len(rnn.layers))]


def dense_lstm_macs(rnn: DenseLSTM) -> int:
    """Multiply-accumulates of one step of a dense stack."""
    return sum(layer_macs(rnn))
