"""`ldnet info`: what a model is, without loading it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from ldnet.command_line import MODEL, Command, echo
from ldnet.printable import one_line


@click.command(
    "info",
    cls=Command,
    short_help="Say what a model is.",
    examples=["ldnet info latest", "ldnet info models:/chunker@champion --json | jq .test_f1"],
)
@click.argument("model", type=MODEL)
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object: all of model.json, its SHA-256, sizes in bytes."
)
def main(model: str, as_json: bool) -> None:
    """Say what MODEL is: its data, scores, cost, size and files, which are compared with those that were exported.

    MODEL is what `ldnet tag` takes. Scores are F1 of whole spans in percent.
    """
    from ldnet.locate_model import located
    from ldnet.model_description import check_files, model_digest, read_description

    with located(model) as folder:
        description = read_description(folder)
        check_files(folder, description)
        sizes = {name: (folder / name).stat().st_size for name in sorted(description["files"])}
        digest = model_digest(folder)
    if as_json:
        content = {**description, "model_sha256": digest, "bytes": sizes, "total_bytes": sum(sizes.values())}
        echo(json.dumps(content, indent=1, ensure_ascii=False))
        return
    echo("\n".join(f"{name:<16}{one_line(value)}" for name, value in _lines(description, sizes, digest)))


def _lines(description: Mapping[str, Any], sizes: Mapping[str, int], digest: str) -> Iterator[tuple[str, str]]:
    """Names and values, of what the description has; parts of other kinds than exports write are left out."""
    known = description.get
    yield "format", f"{description['format']}, version {description['version']}"
    for key in ("data", "profile", "tagger", "seed"):
        if key in description:
            yield key, str(description[key])
    if isinstance(types := known("types"), list):
        yield "spans", _joined(types)
    for name, key in (("dev F1", "dev_f1"), ("test F1", "test_f1")):
        if _are_numbers([known(key)]):
            yield name, f"{description[key]:.2f}{_of_seeds(known(f'{key}_of_seeds'))}"
    if isinstance(rounded := known("rounded"), dict) and _are_numbers([rounded.get("dev_f1")]):
        yield "rounded", f"weights to {rounded.get('bits', '?')} bits; with them dev F1 {rounded['dev_f1']:.2f}"
    if isinstance(layers := known("layers_kept"), dict) and not str(known("tagger")).startswith("no_lm"):
        kept = ", ".join(f"{direction} {_joined(numbers)}" for direction, numbers in sorted(layers.items()))
        yield "layers kept", f"{kept} (of {known('lm_layers', '?')} a direction, counted from 0)"
    for name, key in (("MACs a word", "macs_per_word"), ("parameters", "parameters")):
        if _are_numbers([known(key)]):
            yield name, f"{description[key]:,}"
    yield "confidences", _confidences(known("confidence", {}))
    yield "ONNX", "yes" if known("onnx") else "no"
    if known("export_commit"):
        yield "exported by", f"commit {description['export_commit']}"
    yield "SHA-256", digest
    yield "size", f"{sum(sizes.values()) / 1e6:.2f} MB in {len(sizes)} files, all as exported"
    for name, size in sizes.items():
        yield "", f"{size:>12,}  {name}"


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float) for value in values)


def _of_seeds(scores: Any) -> str:
    """The scores of all taggers that were trained, if they are given."""
    if not isinstance(scores, list) or len(scores) < 2 or not _are_numbers(scores):
        return ""
    return f" (all seeds: {', '.join(f'{score:.2f}' for score in scores)})"


def _joined(items: Any) -> str:
    return ", ".join(map(str, items)) or "none" if isinstance(items, list) else str(items)


def _confidences(measured: Mapping[str, Any]) -> str:
    if "temperature" not in measured:
        return "not calibrated"
    return f"temperature {measured['temperature']}{_calibration(measured) if 'dev_error' in measured else ''}"


def _calibration(measured: Mapping[str, Any]) -> str:
    without = f" ({measured['dev_error_uncalibrated']} without it)" if "dev_error_uncalibrated" in measured else ""
    spans = f" of {measured['dev_spans']} spans" if "dev_spans" in measured else ""
    return f", calibration error {measured['dev_error']}{without} on dev{spans}"
