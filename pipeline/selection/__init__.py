"""Layer selection (paper, section 4): gates with their regularisers and other methods, all within one budget."""
