"""Benchmarks: what is measured by hand, not asserted by tests."""
