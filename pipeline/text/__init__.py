"""Labelled sentences and word vectors, made ready for the taggers: splits, tag schemes, the lexicon's making."""
