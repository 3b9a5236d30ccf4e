"""A guest: the claims that pruning rests on, tested on small language models, with stages and a dvc.yaml of its own."""
