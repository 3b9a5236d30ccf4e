"""Pretraining on a GPU at its own pace: steps of constant shapes, replayed as graphs, both directions side by side."""
