"""Taggers that a user might pick instead of ours, trained and measured on the same splits: results/peers.json.

A module a kind of tagger, all of one shape: its `Peer`s, `train` and `load`. They run in processes of their own, and
import their packages there alone: the project's environment has none of them.
"""
