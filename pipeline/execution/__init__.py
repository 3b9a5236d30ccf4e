"""How work is carried out: seeds, threads and processes."""
