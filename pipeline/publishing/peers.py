"""What a user might pick instead of our taggers: results/peers.json as a table, as advice, and as a figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from ldnet.errors import naming
from ldnet.files import read_json
from pipeline.publishing.filled_pages import fill_page
from pipeline.publishing.peers_figure import peers_figure
from pipeline.report.figure_files import save_figure
from pipeline.report.measurements import pick
from pipeline.report.tables import markdown_table

PEERS_FILE = Path("results/peers.json")
MEASURED = ("test_f1", "words_per_second", "load_seconds", "peak_mb", "disk_mb")
OF_TRAINING = ("train_seconds", "train_peak_mb")  # not of ours, which were trained before
KEYS = (
    "profile",
    "peer",
    "title",
    "mode",
    "own",
    "seed",
    "threads",
    "training_threads",
    "machine",
    "settings",
    "versions",
    *MEASURED,
)
# What is best, of which measurement, by which direction, and how it is written.
BESTS = (
    ("least memory", "peak_mb", "{:,.0f} MB"),
    ("smallest on disk", "disk_mb", "{:,.1f} MB"),
    ("shortest load", "load_seconds", "{:.1f} s"),
    ("shortest training that was measured", "train_seconds", "{:,.0f} s"),
)
Row = Mapping[str, Any]


def read_peers(file: Path) -> list[dict[str, Any]]:
    """All rows; none without a file. Raises InputError if a key is missing."""
    if not file.is_file():
        return []
    with naming(file):
        rows = pick(read_json(file), "rows")
        for row in rows:
            for key in KEYS:
                pick(row, key)
    return list(rows)


def publish_peers(results: Path, docs: Path, readme: Path, check: bool = False) -> None:
    """Fill README and docs/peers.md, and draw docs/peers.svg, from results/peers.json; without it, they show nothing.

    A check writes nothing, and ends with an error if a page is stale.
    """
    taggers = seed_means(read_peers(results / PEERS_FILE.name))
    fill_page(readme, {"peers": readme_section(taggers)}, check)
    fill_page(docs / "peers.md", {"peers": page_section(taggers)}, check)
    if taggers and not check:
        save_figure(peers_figure(taggers), docs / "peers.svg")


def seed_means(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """A tagger in a mode on a profile: the means of its rows, one a seed, and the standard deviation of their F1."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["profile"], row["peer"], row["mode"]), []).append(row)
    return [_mean_row(of_one) for of_one in groups.values()]


def _mean_row(rows: Sequence[Row]) -> dict[str, Any]:
    first = rows[0]
    f1 = [row["test_f1"] for row in rows]
    return {
        **first,
        **{key: mean(row[key] for row in rows) for key in MEASURED},
        **{key: _mean_of_measured(rows, key) for key in OF_TRAINING},
        "name": f"{first['title']}{first['mode'] and ' in '}{first['mode']}",
        "test_f1_sd": stdev(f1) if len(f1) > 1 else None,
    }


def _mean_of_measured(rows: Sequence[Row], key: str) -> float | None:
    values = [row[key] for row in rows if row.get(key) is not None]
    return mean(values) if values else None


def by_profile(taggers: Sequence[Row]) -> dict[str, list[Row]]:
    """The taggers of each profile."""
    found: dict[str, list[Row]] = {}
    for tagger in taggers:
        found.setdefault(tagger["profile"], []).append(tagger)
    return found


def beaten_by(tagger: Row, others: Sequence[Row]) -> Row | None:
    """The most accurate of those that are at least as accurate and as fast, and better in one of both."""
    better = [
        other
        for other in others
        if other["test_f1"] >= tagger["test_f1"]
        and other["words_per_second"] >= tagger["words_per_second"]
        and (other["test_f1"], other["words_per_second"]) != (tagger["test_f1"], tagger["words_per_second"])
    ]
    return max(better, key=lambda other: (other["test_f1"], other["words_per_second"]), default=None)


def readme_section(taggers: Sequence[Row]) -> str:
    """The figure, and for each profile which tagger is the better choice for what; '' without taggers."""
    if not taggers:
        return ""
    advice = "".join(f"* {_advice(profile, of_one)}" for profile, of_one in by_profile(taggers).items())
    return f"![Other taggers and ours: F1 against words a second](docs/peers.svg)\n\n{advice}"


def _advice(profile: str, taggers: Sequence[Row]) -> str:
    """Which is best for what, whoever wins."""
    front = sorted(
        (tagger for tagger in taggers if beaten_by(tagger, taggers) is None), key=lambda tagger: -tagger["test_f1"]
    )
    needs = [
        f"{tagger['name']} up to {tagger['words_per_second']:,.0f} (F1 {tagger['test_f1']:.2f})" for tagger in front
    ]
    bests = []
    for what, key, form in BESTS:
        if measured := [tagger for tagger in taggers if tagger[key] is not None]:
            best = min(measured, key=lambda tagger: tagger[key])
            bests.append(f"{what}: {best['name']} ({form.format(best[key])})")
    sentences = [
        f"**{profile}**, {_threads(taggers)}: the most accurate tagger for the words a second that you need: "
        f"{'; '.join(needs)}.",
        *(
            ["Each of the others is at most as accurate and as fast as one of these."]
            if len(front) < len(taggers)
            else []
        ),
        f"Of all, {'; '.join(bests)}.",
        "[Settings, versions, all numbers](docs/peers.md) (`make peers`).",
    ]
    return " ".join(sentences) + "\n"


def page_section(taggers: Sequence[Row]) -> str:
    """A table a profile, and how its numbers were made."""
    if not taggers:
        return "None yet.\n"
    return "\n".join(_table(profile, of_one) for profile, of_one in by_profile(taggers).items())


def _table(profile: str, taggers: Sequence[Row]) -> str:
    header = [
        "tagger", "test F1", "words/s", "load (s)", "memory (MB)", "on disk (MB)", "training (s)",
        "memory of training (MB)", "at least as accurate and as fast",
    ]  # fmt: skip
    table = markdown_table(header, [[*_cells(tagger), _winner(tagger, taggers)] for tagger in taggers])
    machines = " and ".join(dict.fromkeys(tagger["machine"] for tagger in taggers))
    versions = sorted({f"{name} {version}" for tagger in taggers for name, version in tagger["versions"].items()})
    return (
        f"**{profile}** (`make peers NAME={profile}`, [all numbers](../results/peers.json))\n\n{table}\n"
        f"Tagging with {_threads(taggers)}{_training_threads(taggers)}; {machines}. F1 of whole spans in percent. "
        f"Versions: {', '.join(versions)}.\n"
    )


def _cells(tagger: Row) -> list[str]:
    spread = "" if tagger["test_f1_sd"] is None else f" ± {tagger['test_f1_sd']:.2f}"
    seconds, memory = (tagger[key] for key in OF_TRAINING)
    return [
        tagger["name"],
        f"{tagger['test_f1']:.2f}{spread}",
        f"{tagger['words_per_second']:,.0f}",
        f"{tagger['load_seconds']:.1f}",
        f"{tagger['peak_mb']:,.0f}",
        f"{tagger['disk_mb']:,.1f}",
        "" if seconds is None else f"{seconds:,.0f}",
        "" if memory is None else f"{memory:,.0f}",
    ]


def _winner(tagger: Row, taggers: Sequence[Row]) -> str:
    better = beaten_by(tagger, taggers)
    return "" if better is None else str(better["name"])


def _threads(taggers: Sequence[Row], key: str = "threads") -> str:
    counts = sorted({tagger[key] for tagger in taggers})
    return f"{' or '.join(map(str, counts))} thread{'' if counts == [1] else 's'}"


def _training_threads(taggers: Sequence[Row]) -> str:
    """Those of the peers: ours were trained before."""
    others = [tagger for tagger in taggers if not tagger["own"]]
    return f", training with {_threads(others, 'training_threads')}" if others else ""
