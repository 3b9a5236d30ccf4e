"""Exported model folders: each of their files damaged, with the checksums and the sizes that belong to the damage."""

import json
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import safetensors.numpy
from click.testing import CliRunner
from hypothesis import strategies as st

from ldnet.commands.main import main
from ldnet.errors import InputError
from ldnet.files import read_json, sha256_of_file, write_json
from ldnet.model_description import DESCRIPTION
from ldnet.model_folder import load_model
from tests.fuzz.cases import Case, InputClass, put
from tests.fuzz.mutations import mutated
from tests.imports import ROOT

MODEL = ROOT / "tests" / "fixtures" / "model_version_2"
LEXICON, VOCABULARY = "lexicon/lexicon.json", "lm/forward/vocabulary.json"
MOST_ITEMS = 1000  # of a list that is made to fit
TEXTS = ["the cat saw Paris .", "", "Rome", "zzz 99 the the the"]


@cache
def starts() -> Mapping[str, bytes]:
    """All files that are read."""
    files = [DESCRIPTION, *read_json(MODEL / DESCRIPTION)["files"]]
    return {file: (MODEL / file).read_bytes() for file in files}


def _description() -> Mapping[str, bytes]:
    return {DESCRIPTION: starts()[DESCRIPTION]}


def _lists() -> Mapping[str, bytes]:
    return {file: starts()[file] for file in (LEXICON, VOCABULARY)}


def cases() -> st.SearchStrategy[Case]:
    """Changed files; the description, and lists with special items at their start, more often."""
    return st.one_of(mutated(starts), mutated(_description), mutated(_lists))


def read(case: Case, folder: Path) -> None:
    """Load the model and tag with it; tags are those of its lexicon, and probabilities are some."""
    model = folder / "model"
    if not model.exists():
        shutil.copytree(MODEL, model)
    with put(model, case, starts()[case.file]):
        if case.file in _lists():
            fit_sizes(model, case)
        if case.file != DESCRIPTION:
            describe_anew(model)
        try:
            check_model(model)
        finally:
            for file, content in starts().items():
                (model / file).write_bytes(content)


def fit_sizes(model: Path, case: Case) -> None:
    """Give all that has a row for each item of a changed list as many rows, as who forges a model would."""
    try:
        content = json.loads(case.content)
    except (ValueError, RecursionError):
        return
    if case.file == VOCABULARY and _is_short(content):
        for direction in ("lm/forward", "lm/backward"):
            _set_sizes(model / direction / "config.json", {"vocabulary_size": len(content)})
            _set_rows(model / direction / "weights.safetensors", {"embedding.weight": (len(content),)})
    lists = [content.get(key) for key in ("words", "characters", "tags")] if isinstance(content, dict) else [None]
    if case.file == LEXICON and all(map(_is_short, lists)):
        words, characters, tags = map(len, lists)
        trained = content.get("trainable_words")
        trained = trained if type(trained) is int and 0 <= trained <= words else words
        sizes = {"words": words, "trainable_words": trained, "characters": characters, "tags": tags}
        rows = {
            "character_embedding.weight": (characters,),
            "word_embedding.trainable.weight": (trained,),
            "word_embedding.fixed": (words - trained,),
            "crf.hidden2tag.weight": (tags,),
            "crf.hidden2tag.bias": (tags,),
            "crf.transitions": (tags, tags),
        }
        _set_sizes(model / "tagger" / "config.json", sizes)
        _set_rows(model / "tagger" / "weights.safetensors", rows)
        _set_rows(model / "lexicon" / "vectors.safetensors", dict.fromkeys(["vectors", "has_vector"], (words,)))


def _is_short(items: object) -> bool:
    return isinstance(items, list) and len(items) <= MOST_ITEMS


def _set_sizes(config: Path, sizes: Mapping[str, int]) -> None:
    write_json(config, {**read_json(config), **sizes})


def _set_rows(file: Path, sizes: Mapping[str, tuple[int, ...]]) -> None:
    """These tensors with other first sizes, their numbers again and again."""
    tensors = safetensors.numpy.load_file(file)
    for name, size in sizes.items():
        shape = (*size, *tensors[name].shape[len(size) :])
        tensors[name] = np.resize(tensors[name], shape) if tensors[name].size else np.zeros(shape, tensors[name].dtype)
    safetensors.numpy.save_file(tensors, file)


def describe_anew(model: Path) -> None:
    """Make the listed checksums those of the files."""
    description = read_json(MODEL / DESCRIPTION)
    digests = {file: sha256_of_file(model / file) for file in description["files"]}
    write_json(model / DESCRIPTION, {**description, "files": digests})


def check_model(model: Path) -> None:
    """Tag with a model, and ask what it is."""
    loaded = load_model(model, threads=1)
    allowed = {*loaded.bulk.lexicon.tags, "O"}
    for annotated in loaded.annotate(TEXTS, tokenised=True, n_best=2):
        assert set(annotated.tags) <= allowed and len(annotated.tags) == len(annotated.tokens)
        assert all(0 <= span.confidence <= 1 for span in annotated.spans)
        assert all(0 <= path.probability <= 1 for path in annotated.paths)
        annotated.to_json()
    told = CliRunner().invoke(main, ["info", str(model)])
    if told.exception is not None and not isinstance(told.exception, SystemExit):
        raise told.exception
    if told.exit_code:
        raise InputError(told.stderr.strip())


CLASS = InputClass(name="model folders", starts=starts, cases=cases, read=read)
