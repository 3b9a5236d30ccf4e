"""Newswire-like sentences from a seeded grammar: the default data."""
