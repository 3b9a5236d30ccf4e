"""The text of the language models: read in parts, numbered, shuffled into shards; and a sample of its sentences."""
