"""The published way of computing, written plainly: what the product's speed is measured against.

Nothing here is tuned, and nothing is slowed down: ordinary torch modules, float32, two threads. Weights come from the
product's models, so that the outputs of both can be compared. It shares no computation with `pipeline`.
"""
