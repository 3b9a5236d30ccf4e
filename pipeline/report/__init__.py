"""From the metrics of all stages to the results: document, tables and figures."""
