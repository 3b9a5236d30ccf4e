"""One tagger in one folder: all that tagging needs, and nothing that refers to the place where it was trained.

The folder has model.json (what the model is, and the SHA-256 of the files that it consists of), README.md (the same for
people, free to be edited), lexicon/, tagger/ and, for taggers with language models, lm/forward and lm/backward; on
request onnx/. Word vectors are in the tagger's weights; the language models come without their softmax, which only
training needs. model.json also says how far the confidences of spans can be trusted on the dev split, and which
temperature they are to be computed with.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from ldnet.annotation import AnnotatedText, annotate
from ldnet.decoding.bulk_tagger import BulkTagger
from ldnet.decoding.packed_lstm import DecodingPrecision
from ldnet.decoding.weights import LanguageModelWeights, TaggerWeights
from ldnet.errors import InputError
from ldnet.files import read_json, sha256_of_files
from ldnet.text.lexicon import Lexicon
from ldnet.text.tokenisation import split_at_blanks, tokenise

FORMAT, VERSION = "ldnet-tagger", 1
DESCRIPTION = "model.json"


@dataclass(frozen=True)
class TaggingModel:
    """A loaded model folder. `digest` is the SHA-256 of model.json, and so stands for all of the model's files."""

    description: Mapping[str, Any]
    digest: str
    bulk: BulkTagger

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """The IOBES tags of sentences given as words."""
        return self.bulk.tag(sentences)

    @property
    def temperature(self) -> float:
        """That of confidences: 1 for a model that was exported without calibration."""
        return float(self.description.get("confidence", {}).get("temperature", 1.0))

    def annotate(self, texts: Sequence[str], *, tokenised: bool = False, n_best: int = 1) -> list[AnnotatedText]:
        """Tokens, tags and spans with confidences of raw text, a sentence a string.

        With `tokenised`, blanks separate the words. `n_best` above 1 adds so many taggings with their probabilities.
        """
        lines = [split_at_blanks(text) if tokenised else tokenise(text) for text in texts]
        return annotate(self.bulk, lines, self.temperature, n_best)


def read_description(folder: Path) -> dict[str, Any]:
    """What model.json says. Raises InputError if `folder` is not a model of this format and version."""
    path = folder / DESCRIPTION
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected a model folder, as `make export` writes it")
    content = read_json(path)
    found = (content.get("format"), content.get("version")) if isinstance(content, dict) else None
    if found != (FORMAT, VERSION):
        raise InputError(f"{path}: expected format {FORMAT!r}, version {VERSION}; found {found}")
    return dict(content)


def model_digest(folder: Path) -> str:
    """The SHA-256 of model.json."""
    return hashlib.sha256((folder / DESCRIPTION).read_bytes()).hexdigest()


def load_model(
    folder: Path | str, precision: DecodingPrecision = "float32", threads: int | None = None
) -> TaggingModel:
    """Load a model folder. Raises InputError if it is not one, or if a file is missing or not the one exported.

    `threads` tag at the same time; left out, as many as there are processors.
    """
    folder = Path(folder)
    description = read_description(folder)
    for file, expected in description["files"].items():
        if not (folder / file).is_file():
            raise InputError(f"{folder / file}: no such file; the model is incomplete, export or copy it again")
        if sha256_of_files([folder / file]) != expected:
            raise InputError(f"{folder / file}: not the file that was exported (its SHA-256 differs); copy it again")
    with_lm = "lm/forward/config.json" in description["files"]
    return TaggingModel(description, model_digest(folder), load_parts(folder, with_lm, precision, threads))


def load_parts(folder: Path, with_lm: bool, precision: DecodingPrecision, threads: int | None = None) -> BulkTagger:
    """The tagger whose parts are in `folder`; `with_lm` says whether language models are among them."""
    config, lm = read_json(folder / "tagger" / "config.json"), folder / "lm"
    weights = TaggerWeights(
        tensors=load_file(folder / "tagger" / "weights.safetensors"),
        start_tag=config["start_tag"],
        end_tag=config["end_tag"],
        language_models=(_language_model(lm / "forward"), _language_model(lm / "backward")) if with_lm else None,
        vocabulary=read_json(lm / "forward" / "vocabulary.json") if with_lm else [],
    )
    return BulkTagger(weights, Lexicon.load(folder / "lexicon"), precision, threads)


def _language_model(folder: Path) -> LanguageModelWeights:
    return LanguageModelWeights.of(load_file(folder / "weights.safetensors"))


@cache
def load_model_once(folder: Path, precision: DecodingPrecision) -> TaggingModel:
    """`load_model`, once per process: Spark loads the MLflow model anew for every task that a worker gets."""
    return load_model(folder, precision)
