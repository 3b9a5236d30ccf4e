"""A tagger as one small file: a model folder whose weights are rounded to few bits, compressed.

A reader needs nothing new: unpacked, it is a model folder in float32, whose weights have few different values.
"""

import io
import math
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from ldnet.errors import InputError
from ldnet.files import write_bytes
from ldnet.model_description import DESCRIPTION
from ldnet.model_folder import load_parts
from ldnet.text.columns import Sentence, read_conll
from pipeline.exporting.model_export import ModelDescription, ModelSource, export_model
from pipeline.tagger.scoring import span_scores

BITS = 6  # of a weight
KEPT = ("crf.", "softmax.")  # few numbers, or zeros
FIRST_DATE = (1980, 1, 1, 0, 0, 0)  # of zip files; with it, the same content gives the same bytes


def write_archive(
    source: ModelSource, description: ModelDescription, made_from: Mapping[str, str], archive: Path
) -> dict[str, Any]:
    """Write the tagger to the file `archive`; what its model.json says of the rounding.

    `made_from` has the checksums of what the source consists of. Raises InputError if a part of it is missing.
    """
    if source.dev is None:
        raise InputError(f"{source.tagger}: no dev sentences; expected some, to measure what rounding costs")
    with tempfile.TemporaryDirectory() as scratch:
        rounded = _rounded(source, Path(scratch) / "parts")
        plain, model = Path(scratch) / "plain", Path(scratch) / "model"
        export_model(rounded, description, plain)
        dev_f1 = _dev_f1(plain, source.lm is not None, read_conll(source.dev, 0, 1))
        rounding = {"bits": BITS, "dev_f1": dev_f1, "made_from": dict(made_from)}
        export_model(rounded, replace(description, rounded=rounding), model)
        write_bytes(archive, _zipped(model))
    return rounding


def _dev_f1(model: Path, with_lm: bool, dev: Sequence[Sentence]) -> float:
    tagged = load_parts(model, with_lm, "float32").tag([sentence.words for sentence in dev])
    return round(span_scores([sentence.tags for sentence in dev], tagged)[0], 4)


def _rounded(source: ModelSource, folder: Path) -> ModelSource:
    """A copy of the tagger and its language models in `folder`, with rounded weights."""
    tagger, lm = folder / "tagger", folder / "lm"
    shutil.copytree(source.tagger, tagger)
    if source.lm is not None:
        shutil.copytree(source.lm, lm)
    for file in folder.rglob("*.safetensors"):
        tensors = {name: _on_a_grid(name, tensor) for name, tensor in load_file(file).items()}
        file.unlink()  # it may be a link into DVC's cache, which must stay as it is
        write_bytes(file, save(tensors))
    return replace(source, tagger=tagger, lm=lm if source.lm is not None else None)


def _on_a_grid(name: str, tensor: Tensor) -> Tensor:
    """A matrix of weights on 2 ** BITS - 1 equidistant values around 0, whose distance is a power of two, so that the
    last bits of each are zeros; other tensors as they are."""
    if tensor.dim() != 2 or name.startswith(KEPT) or not tensor.any():
        return tensor
    steps = 2 ** (BITS - 1) - 1  # to the largest value
    distance = 2.0 ** math.ceil(math.log2(tensor.abs().max().item() / steps))
    return torch.round(tensor / distance) * distance


def _zipped(folder: Path) -> bytes:
    """The files of the folder as a zip file; model.json is the first."""
    content = io.BytesIO()
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(content, "w") as archive:
        for file in sorted(files, key=lambda file: file != DESCRIPTION):
            entry = zipfile.ZipInfo(file, FIRST_DATE)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, (folder / file).read_bytes(), zipfile.ZIP_LZMA)
    return content.getvalue()
