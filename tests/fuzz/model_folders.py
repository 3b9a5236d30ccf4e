"""Exported model folders: each of their files damaged, with the checksums that belong to the damage."""

import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path

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
TEXTS = ["the cat saw Paris .", "", "Rome", "zzz 99 the the the"]


@cache
def starts() -> Mapping[str, bytes]:
    """All files that are read."""
    files = [DESCRIPTION, *read_json(MODEL / DESCRIPTION)["files"]]
    return {file: (MODEL / file).read_bytes() for file in files}


def _description() -> Mapping[str, bytes]:
    return {DESCRIPTION: starts()[DESCRIPTION]}


def cases() -> st.SearchStrategy[Case]:
    """Changed files; the description more often."""
    return st.one_of(mutated(starts), mutated(_description))


def read(case: Case, folder: Path) -> None:
    """Load the model and tag with it; tags are those of its lexicon, and probabilities are some."""
    model = folder / "model"
    if not model.exists():
        shutil.copytree(MODEL, model)
    with put(model, case, starts()[case.file]):
        if case.file != DESCRIPTION:
            describe_anew(model)
        try:
            check_model(model)
        finally:
            if case.file != DESCRIPTION:
                (model / DESCRIPTION).write_bytes(starts()[DESCRIPTION])


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
