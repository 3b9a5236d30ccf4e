"""Layer selection: one gate per layer and direction, pushed towards zero by a regulariser (paper, section 4)."""
