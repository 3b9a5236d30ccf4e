"""The finished tagger at work: exported, packed for MLflow, tagging text in bulk in one process or on Spark."""
