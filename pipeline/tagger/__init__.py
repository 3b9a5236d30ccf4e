"""The char-LSTM-CRF tagger, its training, and the selection of language-model layers that it needs."""
