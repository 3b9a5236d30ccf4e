"""What taggers read of two language models: contextual features, computed at once or kept in a table."""
