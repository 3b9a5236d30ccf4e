"""The densely connected LSTM language model: its layers and its adaptive softmax."""
