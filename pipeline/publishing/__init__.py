"""What is published of experiments, trials and benchmarks: states, tables, figures, the page; and its verification."""
