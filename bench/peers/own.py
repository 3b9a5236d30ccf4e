"""Our taggers, exported from the workspace that trained them and tagged with by `ldnet`, as a user has them."""

from pathlib import Path
from typing import Any

from bench.peers.peer import Peer, Tag, Task

REPORT = Path("work/report/results.json")
TITLES = {
    "no_lm": "ours (without LM)",
    "full": "ours (all LM layers)",
    "pruned": "ours (pruned)",
    "pruned_taught": "ours (pruned, taught)",
}
PEERS = [
    Peer(
        name=f"ldnet-{tagger}",
        title=title,
        module=__name__,
        models={"float32": "model", "int8": "model"},
        settings={"tagger": tagger},
        packages=("torch", "numba"),
        own=True,
        seeded=False,  # the finished taggers have seeds of their own
    )
    for tagger, title in TITLES.items()
]


def train(task: Task, folder: Path) -> dict[str, Any]:
    """Export the seed that is best on dev; how long its training took, the stages do not keep.

    Raises InputError if the workspace has no such tagger, or none that params.yaml describes.
    """
    from ldnet.errors import InputError
    from pipeline.exporting.model_export import export_model
    from pipeline.exporting.workspace import best_model
    from pipeline.params import experiment_values, load_params
    from pipeline.report.results import read_results

    if read_results(REPORT)["params"] != experiment_values(load_params(Path("params.yaml"))):
        raise InputError(f"{REPORT}: made with other parameters than those in params.yaml; run `make repro` first")
    source, description = best_model(Path("work"), Path("metrics"), task.settings["tagger"])
    export_model(source, description, folder / "model")
    return {
        "train_seconds": None,
        "train_peak_mb": None,
        "dev_f1": description.dev_f1,
        "best_of_seeds": description.seeds,
        "seed_of_export": description.seed,
        "test_f1_mean": description.test_f1_mean,
    }


def load(folder: Path, mode: str, threads: int) -> Tag:
    """As `ldnet tag` loads it."""
    from ldnet.model_folder import load_model

    return load_model(folder, "int8" if mode == "int8" else "float32", threads).tag
