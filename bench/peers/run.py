"""Train and measure what a user might pick instead of our taggers: results/peers.json, README, docs/peers.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from bench.made_by import made_by
from bench.peers import crfsuite, flair_bilstm, minilm, own, spacy_cnn
from bench.peers.peer import Peer
from bench.peers.rows import IDENTITY, Bench, measure, prepared_splits, write_vectors
from ldnet.command_line import FILE, FOLDER, Command, echo
from ldnet.errors import InputError
from ldnet.files import read_json, write_json
from pipeline.experiments.points import numbers
from pipeline.params import load_params
from pipeline.publishing.peers import PEERS_FILE, publish_peers

PEERS: list[Peer] = [
    peer for module in (own, crfsuite, spacy_cnn, minilm, flair_bilstm) for peer in module.PEERS
]  # in the order in which they run: the quick ones first
TRIAL_FILE = "trial.json"


@click.command(cls=Command, examples=["make peers NAME=conll2003", "python -m bench.peers.run --only crfsuite --trial"])
@click.option(
    "--only", multiple=True, type=click.Choice([peer.name for peer in PEERS]), help="Single ones; repeatable."
)
@click.option("--seeds", default="1", show_default=True, help="Of the peers' trainings; ours have been trained.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="That tag; training has all.")
@click.option("--runs", type=click.IntRange(1), default=3, show_default=True, help="Times the test split is tagged.")
@click.option("--trial", is_flag=True, help="Few sentences and steps, to see that all work; nothing is published.")
@click.option("--python", type=FILE, default=".venv-peers/bin/python", show_default=True, help="Of the peers.")
@click.option("--work", type=FOLDER, default="work/peers", show_default=True, help="Where their models and logs go.")
def main(only: Sequence[str], seeds: str, threads: int, runs: int, trial: bool, python: Path, work: Path) -> None:
    """Measure every peer that results/peers.json does not have yet, on the data that params.yaml describes.

    If a peer fails, the others continue; the command then ends with an error.
    """
    params = load_params(Path("params.yaml"))
    conll = Path("work/conll")
    splits = prepared_splits(conll, Path("dvc.lock"), params)
    folder = work / params.profile / ("trial" if trial else "full")
    results = folder / TRIAL_FILE if trial else PEERS_FILE
    bench = Bench(
        profile=params.profile,
        splits=splits,
        conll=conll,
        vectors=write_vectors(params, folder / "vectors.txt"),
        work=folder,
        python=python,
        threads=threads,
        runs=runs,
        trial=trial,
        maker=made_by(results),
    )
    peers = [peer for peer in PEERS if not only or peer.name in only]
    failed = collect(bench, peers, numbers(seeds, int, "seeds"), results)
    if not trial and results.is_file():
        publish_peers(results.parent, Path("docs"), Path("README.md"))
    if failed:
        raise InputError(f"{len(failed)} of {len(peers)} peers failed: {', '.join(failed)}; their errors are above")


def collect(bench: Bench, peers: Sequence[Peer], seeds: Sequence[int], results: Path) -> list[str]:
    """Measure what the file of results lacks, and write each row to it; the names of the peers that failed.

    A row takes the place of an older one of the same peer, which was trained or measured in another way.
    """
    failed: list[str] = []
    for peer in peers:
        for seed in seeds if peer.seeded else seeds[:1]:
            for mode in peer.models:
                identity = bench.identity(peer, mode, seed)
                rows = read_json(results)["rows"] if results.is_file() else []
                name = " ".join(filter(None, (peer.name, mode, f"seed {seed}" if peer.seeded else "")))
                if any({key: row[key] for key in IDENTITY if key in row} == identity for row in rows):
                    echo(f"{name}: measured before")
                    continue
                try:
                    row = measure(bench, peer, mode, seed)
                except InputError as error:
                    echo(f"{name}: {error}", err=True)
                    failed.append(peer.name)
                    break
                write_json(results, {"rows": in_order([*others(rows, identity), row])})
                speed, seconds = f"{row['words_per_second']:,.0f} words/s", f"took {row['row_seconds']:,.0f} s"
                echo(f"{name}: test F1 {row['test_f1']:.2f}, {speed}, {seconds}")
    return list(dict.fromkeys(failed))


def others(rows: Sequence[Mapping[str, Any]], identity: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of other peers, modes, seeds and profiles; rows of this profile on other splits are left out, too."""
    place = ("profile", "peer", "mode", "seed")
    return [
        row
        for row in rows
        if any(row[key] != identity[key] for key in place)
        and (row["profile"] != identity["profile"] or row["splits"] == identity["splits"])
    ]


def in_order(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """By profile, then as the peers run."""
    order = {peer.name: number for number, peer in enumerate(PEERS)}
    return sorted(rows, key=lambda row: (row["profile"], order.get(row["peer"], len(order))))


if __name__ == "__main__":
    main()
