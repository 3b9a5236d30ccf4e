"""Finished taggers leave the workspace: model folders, ONNX graphs, MLflow's registry."""
