"""Text files in, checked and numbered data out: tagged sentences, lexicon, LM corpus, generated data."""
