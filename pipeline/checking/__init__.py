"""A look at the data of an experiment, and at what it would cost, before hours of training. Nothing is written."""
