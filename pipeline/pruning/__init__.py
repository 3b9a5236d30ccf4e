"""Physical pruning: closed layers are deleted, open gates are folded into the weights (paper, section 4)."""
