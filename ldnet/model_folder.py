"""One tagger in one folder: all that tagging needs, and nothing that refers to the place where it was trained.

The folder has model.json (what the model is, and the SHA-256 of the files that it consists of), README.md (the same for
people, free to be edited), lexicon/, tagger/ and, for taggers with language models, lm/forward and lm/backward; on
request onnx/. Word vectors are in the tagger's weights; the language models come without their softmax, which only
training needs. model.json also says how far the confidences of spans can be trusted on the dev split, and which
temperature they are to be computed with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ldnet.annotation import AnnotatedText, annotate, check_n_best
from ldnet.decoding.bulk_tagger import BulkTagger
from ldnet.decoding.precision import DecodingPrecision
from ldnet.decoding.shapes import CONFIG, WEIGHTS, LanguageModelShape, TaggerShape, load_tensors
from ldnet.decoding.weights import LanguageModelWeights, TaggerWeights
from ldnet.errors import InputError, naming
from ldnet.files import is_texts, read_json
from ldnet.model_description import check_files, has_language_models, model_digest, read_description
from ldnet.printable import shortened
from ldnet.text.lexicon import Lexicon
from ldnet.text.lm_words import END_OF_SENTENCE, UNKNOWN
from ldnet.text.tokenisation import TokenisedText, split_at_blanks, tokenise

VOCABULARY = "vocabulary.json"


@dataclass(frozen=True)
class TaggingModel:
    """A loaded model folder. `digest` is the SHA-256 of model.json, and so stands for all of the model's files.

    What tags raises InputError that begins with the folder where scores are not finite.
    """

    folder: Path
    description: Mapping[str, Any]
    digest: str
    bulk: BulkTagger

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """The IOBES tags of sentences given as words."""
        with naming(self.folder):
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
        return self.annotate_lines(lines, n_best=n_best)

    def annotate_lines(self, lines: Sequence[TokenisedText], *, n_best: int = 1) -> list[AnnotatedText]:
        """The same of lines whose words are known."""
        check_n_best(n_best)
        with naming(self.folder):
            return annotate(self.bulk, lines, self.temperature, n_best)


def load_model(
    folder: Path | str, precision: DecodingPrecision = "float32", threads: int | None = None
) -> TaggingModel:
    """Load a model folder. Raises InputError if it is not one, or if its files are not those that were exported.

    `threads` tag at the same time; left out, as many as there are processors.
    """
    folder = Path(folder)
    description = read_description(folder)
    check_files(folder, description)
    with_lm = has_language_models(description["files"])
    return TaggingModel(folder, description, model_digest(folder), load_parts(folder, with_lm, precision, threads))


def load_parts(folder: Path, with_lm: bool, precision: DecodingPrecision, threads: int | None = None) -> BulkTagger:
    """The tagger whose parts are in `folder`; `with_lm` says whether language models are among them.

    Raises InputError if a part is missing or damaged, or if the parts do not fit together.
    """
    shape, lexicon = TaggerShape.read(folder / "tagger" / CONFIG), Lexicon.load(folder / "lexicon")
    _check_lexicon(folder, shape, lexicon)
    vocabulary = _vocabulary(folder / "lm" / "forward") if with_lm else []
    directions = [folder / "lm" / direction for direction in ("forward", "backward")] if with_lm else []
    lm_shapes = [_lm_shape(direction, len(vocabulary)) for direction in directions]
    width = sum(lm_shape.width for lm_shape in lm_shapes)
    if width != shape.lm_features:
        path = folder / "tagger" / CONFIG
        raise InputError(
            f"{path}: lm_features: expected {width}, the width of the language models, found {shape.lm_features}"
        )
    weights = TaggerWeights(
        tensors=load_tensors(folder / "tagger" / WEIGHTS, shape.shapes()),
        start_tag=shape.start_tag,
        end_tag=shape.end_tag,
        language_models=_language_models(directions, lm_shapes) if with_lm else None,
        vocabulary=vocabulary,
    )
    with naming(folder / "tagger" / WEIGHTS):
        return BulkTagger(weights, lexicon, precision, threads)


def _check_lexicon(folder: Path, shape: TaggerShape, lexicon: Lexicon) -> None:
    """Raise InputError unless the tagger has as many words, characters and tags as its lexicon."""
    sizes = {
        "words": len(lexicon.words),
        "trainable_words": lexicon.trainable_words,
        "characters": len(lexicon.characters),
        "tags": len(lexicon.tags),
    }
    for key, expected in sizes.items():
        if getattr(shape, key) != expected:
            path = folder / "tagger" / CONFIG
            raise InputError(f"{path}: {key}: expected {expected}, as in the lexicon, found {getattr(shape, key)}")


def _vocabulary(folder: Path) -> list[str]:
    """The words of the language models. Raises InputError unless those come first whose ids are fixed."""
    path = folder / VOCABULARY
    if not is_texts(words := read_json(path)):
        raise InputError(f"{path}: expected a list of texts")
    if words[:2] != (expected := [UNKNOWN, END_OF_SENTENCE]):
        raise InputError(f"{path}: expected {expected} as the first words, found {shortened(str(words[:2]))}")
    return list(words)


def _lm_shape(folder: Path, words: int) -> LanguageModelShape:
    """The shape of a language model with so many words."""
    shape = LanguageModelShape.read(folder / CONFIG)
    if shape.vocabulary_size != words:
        raise InputError(
            f"{folder / CONFIG}: vocabulary_size: expected {words}, as in {VOCABULARY}, found {shape.vocabulary_size}"
        )
    return shape


def _language_models(
    folders: Sequence[Path], shapes: Sequence[LanguageModelShape]
) -> tuple[LanguageModelWeights, LanguageModelWeights]:
    forward, backward = (
        LanguageModelWeights.of(load_tensors(folder / WEIGHTS, shape.shapes()))
        for folder, shape in zip(folders, shapes, strict=True)
    )
    return forward, backward


@cache
def load_model_once(folder: Path, precision: DecodingPrecision) -> TaggingModel:
    """`load_model`, once per process: Spark loads the MLflow model again for every task that a worker gets."""
    return load_model(folder, precision)
