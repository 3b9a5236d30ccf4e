"""Training of language models on an encoded corpus: streams, steps, checkpoints, several processes."""
