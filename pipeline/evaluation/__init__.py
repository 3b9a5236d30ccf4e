"""Cost of a model in multiply-accumulates and parameters, and the one evaluation on the test split."""
