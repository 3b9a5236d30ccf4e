"""Data brought into data/raw/<name>/, from a folder or from its public home."""
