"""Words and tags as data: columns, tag schemes, the lexicon, what a language model knows of a word, tokenisation."""
