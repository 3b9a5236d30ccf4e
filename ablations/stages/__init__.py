"""One click script per stage of ablations/dvc.yaml."""
