"""The densely connected LSTM language model: layers, softmax, pretraining, features for the tagger."""
