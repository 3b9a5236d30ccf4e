"""How stages work: seeds, threads, processes, memory, files between stages, checkpoints' files, finite numbers."""
