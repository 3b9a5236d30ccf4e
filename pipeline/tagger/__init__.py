"""The char-LSTM-CRF tagger, its training, and its soft targets."""
