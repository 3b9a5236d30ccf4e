"""Speed: the product against a plain implementation of the published way of computing, on the same machine and data."""
