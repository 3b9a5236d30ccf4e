"""One click script per stage of dvc.yaml: parameters and paths in, a library call, outputs and metrics out."""
