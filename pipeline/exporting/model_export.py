"""A finished tagger of the workspace written as a model folder (see `ldnet.model_folder`)."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from ldnet.decoding.calibration import calibrate
from ldnet.errors import InputError
from ldnet.files import sha256_of_file, write_bytes, write_json
from ldnet.model_description import CARD, DESCRIPTION, FORMAT, VERSION, WITHOUT_LM_NORM
from ldnet.model_folder import load_parts
from ldnet.text.columns import Sentence, read_conll
from ldnet.text.lexicon import END_TAG, START_TAG, Lexicon
from ldnet.text.tags import OUTSIDE, parse_tag
from pipeline.exporting.model_card import model_card
from pipeline.features.contextual import load_bidirectional_lm
from pipeline.language_model.model import LanguageModel, save_language_model
from pipeline.tagger.model import load_tagger, read_config, save_tagger


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """Where the parts of a model lie in the workspace that trained it. `lm` is None for a tagger without any.

    `dev` has sentences with their tags, to calibrate confidences on; None leaves these as they are.
    """

    lexicon: Path
    tagger: Path
    lm: Path | None
    dev: Path | None


@dataclass(frozen=True, kw_only=True)
class ModelDescription:
    """What model.json says of a model besides what its files tell. F1 in percent; layers count from 0, the lowest."""

    data: str
    profile: str
    tagger: str  # one of the six: no_lm, full or pruned, or the same with _taught
    seed: int
    seeds: list[int]  # of all its trainings; the one exported is the best on dev
    dev_f1: float
    dev_f1_of_seeds: list[float]
    test_f1: float
    test_f1_of_seeds: list[float]
    test_f1_mean: float
    lm_layers: int  # before pruning
    layers_kept: dict[str, list[int]]
    macs_per_word: int
    parameters: int
    generated: bool  # the data is this project's own
    data_and_licence: str
    export_commit: str | None  # of the code that exported; that of the training is in the published results
    rounded: Mapping[str, Any] | None = None  # bits of a weight, dev F1 after that, what it was made from


def export_model(
    source: ModelSource, description: ModelDescription, folder: Path, onnx_dev: Sequence[Sentence] | None = None
) -> None:
    """Write the model folder, whole or not at all. A model folder that is there already is replaced.

    With the sentences `onnx_dev`, it also has the tagger as an ONNX graph, whose F1 is measured on them.
    Raises InputError if parts are missing, or if something else is at `folder`.
    """
    if folder.exists() and not (folder / DESCRIPTION).is_file():
        raise InputError(f"{folder}: exists and is not an exported model; expected a new folder, or one to replace")
    new = folder.with_name(folder.name + ".part")
    old = folder.with_name(folder.name + ".old")
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    types = _write_parts(source, new)
    onnx = None
    if onnx_dev is not None:
        from pipeline.exporting.onnx_export import export_onnx  # those who load a model need no onnx

        onnx = export_onnx(new, onnx_dev)
    files = sorted(path.relative_to(new).as_posix() for path in new.rglob("*") if path.is_file())
    for file in files:
        (new / file).chmod(0o644)  # safetensors keeps its files to their owner, and workers may be somebody else
    content = {
        "format": FORMAT,
        "version": VERSION if read_config(new / "tagger" / "config.json").lm_norm else WITHOUT_LM_NORM,
        "tag_scheme": "IOBES",
        "types": types,
        "onnx": onnx,
        **asdict(description),
        **_confidence(new, source),
        "files": {file: sha256_of_file(new / file) for file in files},
    }
    write_json(new / DESCRIPTION, content)
    write_bytes(new / CARD, model_card(content).encode())
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _write_parts(source: ModelSource, folder: Path) -> list[str]:
    """Write lexicon, tagger and language models; the types of the spans that the tagger knows."""
    lexicon = Lexicon.load(source.lexicon)
    no_vectors = np.zeros((len(lexicon.words), 0), np.float32)
    replace(lexicon, vectors=no_vectors, has_vector=np.zeros_like(lexicon.has_vector)).save(folder / "lexicon")
    save_tagger(load_tagger(source.tagger), folder / "tagger")
    if source.lm is not None:
        lm = load_bidirectional_lm(source.lm)
        for direction, model in (("forward", lm.forward_lm), ("backward", lm.backward_lm)):
            save_language_model(_without_softmax(model), lm.vocabulary, folder / "lm" / direction)
    tags = (parse_tag(tag) for tag in lexicon.tags if tag not in (START_TAG, END_TAG))
    return sorted({tag.type for tag in tags if tag != OUTSIDE})


def _confidence(folder: Path, source: ModelSource) -> dict[str, Any]:
    """What model.json says of the confidences of the model whose parts are in `folder`."""
    if source.dev is None:
        return {}
    found = calibrate(load_parts(folder, source.lm is not None, "float32"), read_conll(source.dev, 0, 1))
    return {
        "confidence": {
            "temperature": round(found.temperature, 4),
            "dev_spans": found.spans,
            "dev_error": round(found.error_after if found.temperature != 1.0 else found.error_before, 6),
            "dev_error_uncalibrated": round(found.error_before, 6),
        }
    }


def _without_softmax(model: LanguageModel) -> LanguageModel:
    """The same representations; projection and softmax have one column, of zeros, and predict nothing."""
    bare = LanguageModel(replace(model.config, projection=1, cutoffs=[model.config.vocabulary_size - 1]))
    bare.embedding, bare.rnn = model.embedding, model.rnn
    for part in (bare.projection, bare.softmax):
        for parameter in part.parameters():
            nn.init.zeros_(parameter)
    return bare.eval()
