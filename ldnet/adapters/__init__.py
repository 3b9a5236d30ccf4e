"""A model folder in other programs: MLflow, Spark, ONNX."""
