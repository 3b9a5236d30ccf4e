"""Two processes give what one gives, resume to the bit after a kill, and leave writing to the first one.

The processes are real ones, started by torchrun on the stage itself. The corpus is made so that the softmax's last
tail has targets in one process's streams alone, and only now and then.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors import safe_open
from safetensors.torch import load_file
from torch import distributed

from ldnet.errors import InputError
from pipeline.pretraining import data_parallel
from pipeline.pretraining.data_parallel import Workers
from tests.imports import ROOT, WITHOUT_MLFLOW
from tests.tiny_experiment import write_corpus

STREAMS, STEPS = 4, 5  # 80 steps a shard
CPU = torch.device("cpu")


class Trainings:
    """Runs of the stage in one folder, each with a folder of its own there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.corpus = write_corpus(folder / "corpus")

    def start(self, name: str, processes: int, **changes: object) -> "subprocess.Popen[str]":
        params = yaml.safe_load((ROOT / "profiles/base.yaml").read_text(encoding="utf-8"))
        params["checkpoint_steps"] = 7
        params["pretrain_lm"].update(
            layers=3, units=4, embedding=5, projection=8, cutoffs=[4, 8], streams=STREAMS, steps=STEPS
        )
        params["pretrain_lm"].update(dropout=0.1, layer_dropout=0.5, clip_norm=0.5, learning_rate=0.01, warmup_steps=5)
        params["pretrain_lm"].update(changes)
        mine = self.folder / name
        mine.mkdir(exist_ok=True)
        (mine / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
        torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
        inputs = ["--params", mine / "params.yaml", "--direction", "forward", "--corpus", self.corpus]
        outputs = ["--out", mine / "lm", "--metrics", mine / "metrics.json", "--curve", mine / "curve.csv"]
        launcher = [sys.executable, *(torchrun if processes > 1 else [])]
        return subprocess.Popen(
            [*launcher, "-m", "stages.pretrain_lm", *inputs, *outputs],
            cwd=ROOT,
            env={**os.environ, "DVC_ROOT": str(mine), "PYTHONPATH": WITHOUT_MLFLOW, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self, name: str, processes: int, **changes: object) -> str:
        process = self.start(name, processes, **changes)
        output, _ = process.communicate(timeout=600)
        assert process.returncode == 0, output
        return output

    def weights(self, name: str) -> dict[str, torch.Tensor]:
        return load_file(self.folder / name / "lm" / "weights.safetensors")

    def losses(self, name: str) -> list[float]:
        lines = (self.folder / name / "curve.csv").read_text(encoding="utf-8").splitlines()
        return [float(line.split(",")[3]) for line in lines[1:]]

    def kill(self, name: str) -> Path:
        """Start in two processes, kill -9 the second at a checkpoint, wait until both are gone; the checkpoint."""
        process, found = self.start(name, 2), None
        while process.poll() is None and found is None:
            time.sleep(0.005)
            found = next((self.folder / name / ".checkpoints").glob("*/state"), None)
        assert found, "no checkpoint was written"
        workers = children(process)
        assert len(workers) == 2
        os.kill(workers[1], signal.SIGKILL)
        process.communicate(timeout=120)  # until all that write to the pipe are gone: torchrun ends the first
        assert process.returncode != 0
        return found


@pytest.fixture(scope="module")
def trainings(tmp_path_factory: pytest.TempPathFactory) -> Trainings:
    return Trainings(tmp_path_factory.mktemp("trainings"))


def children(process: "subprocess.Popen[str]") -> list[int]:
    """The trainings' own processes, those started by torchrun."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(number) for number in listed.split()]


def test_two_processes_give_what_one_gives(trainings: Trainings) -> None:
    """Without ordinary dropout all is equal but for rounding: loss, clipped gradients, dropped layers, rare tails."""
    trainings.finish("one", 1, dropout=0.0)
    output = trainings.finish("two", 2, dropout=0.0)
    assert output.count("MLflow tracking is off") == 1, "the first process alone tracks"
    assert output.count("held-out perplexity") == 1
    one, two = trainings.weights("one"), trainings.weights("two")
    assert len(trainings.losses("one")) == 4  # 160 steps
    np.testing.assert_allclose(trainings.losses("two"), trainings.losses("one"), atol=2e-5)
    for name, weight in one.items():
        torch.testing.assert_close(two[name], weight, atol=1e-4, rtol=0, msg=lambda said, name=name: f"{name}: {said}")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the processes by Linux's /proc")
def test_killed_processes_end_the_others_and_resume_to_the_bit(trainings: Trainings) -> None:
    trainings.finish("whole", 2)
    checkpoint = trainings.kill("killed")
    with safe_open(checkpoint, "pt") as file:
        random, hidden = file.get_tensor("random"), file.get_tensor("hidden.0")
    assert hidden.shape == (1, STREAMS, 4), "the streams of both"
    assert random.shape[0] == 2 and torch.equal(random[0], random[1]), "so they go on dropping the same layers"
    trainings.finish("killed", 2)
    killed, whole = trainings.folder / "killed", trainings.folder / "whole"
    for name in ("curve.csv", "metrics.json", "lm/weights.safetensors"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name


def test_streams_are_shared_equally_or_not_at_all() -> None:
    shares = [Workers(rank, 3, CPU).share(12) for rank in range(3)]
    assert [list(range(12))[share] for share in shares] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    with pytest.raises(InputError, match=r"pretrain_lm\.streams: 12 streams cannot be shared equally by 5 processes"):
        Workers(0, 5, CPU).share(12)


def test_one_process_sets_nothing_up() -> None:
    workers, model, values = data_parallel.join(), torch.nn.Linear(2, 2), torch.arange(3.0)
    assert (workers.rank, workers.size) == (0, 1) and not distributed.is_initialized()
    assert workers.replicate(model) is model and workers.gather(values, 0) is values
    assert workers.broadcast(b"content") == b"content" and workers.mean(values[1]) == 1.0
    assert workers.share(7) == slice(0, 7)
    workers.leave()
