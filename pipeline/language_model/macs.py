"""Multiply-accumulates of LSTM layers, matrix products only."""


def lstm_macs(input_size: int, units: int) -> int:
    """Multiply-accumulates of one LSTM step: four gates, each reading the input and the hidden state."""
    return 4 * units * (input_size + units)
