"""What model.json, the description of a model folder, says, checked; importing this module needs no torch.

The format has a version, which rises when an older reader would misread a newer model. A reader of version n reads all
models of versions 1 to n: keys that it does not know are ignored, and keys that were added later have defaults. A model
of another version is refused with one line.

1: the first. 2: tagger/config.json may ask for a layer norm of the language models' projected features (`lm_norm`).
A model is written with the oldest version that has all it needs.
"""

import hashlib
import re
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from ldnet import __version__
from ldnet.errors import InputError
from ldnet.files import JsonObject, read_json, sha256_of_file
from ldnet.printable import one_line, shortened

FORMAT, VERSION = "ldnet-tagger", 2
TEMPERATURES = 0.01, 100.0  # calibration fits 0.5 to 4
WITHOUT_LM_NORM = 1  # version
_EXPECTED = f"expected format {FORMAT!r}, version 1 to {VERSION}"
DESCRIPTION, CARD = "model.json", "README.md"
SHA256 = re.compile("[0-9a-f]{64}")
PARTS = ("lexicon/lexicon.json", "lexicon/vectors.safetensors", "tagger/config.json", "tagger/weights.safetensors")
LM_PARTS = tuple(
    f"lm/{direction}/{file}"
    for direction in ("forward", "backward")
    for file in ("config.json", "vocabulary.json", "weights.safetensors")
)


def read_description(folder: Path) -> dict[str, Any]:
    """What model.json says. Raises InputError if `folder` is not a model of this format, or of a newer version.

    Of the result, `format`, `version` and `files` (SHA-256 by name) are there and valid, and so is the temperature in
    `confidence`, if there is one. Everything else is information, of which any part may be missing.
    """
    path = folder / DESCRIPTION
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected a model folder, as `make export` writes it")
    content = _of_this_version(path)
    files = content.part("files").content
    for name, digest in files.items():
        if not isinstance(digest, str) or not SHA256.fullmatch(digest):
            raise content.part("files").error(name, "a SHA-256 in 64 hexadecimal digits")
        if one_line(name) != name:
            raise InputError(f"{path}: files: {one_line(name)}: expected a name without control characters")
        if not _is_inside(name):
            raise InputError(f"{path}: files: {shortened(name)}: a model folder may list only files of its own")
    lacking = sorted({*PARTS, *(LM_PARTS if has_language_models(files) else ())} - set(files))
    if lacking:
        raise InputError(f"{path}: files: expected {lacking[0]} among them")
    content.part("confidence", {}).number("temperature", *TEMPERATURES, default=1.0)
    return dict(content.content)


def _is_inside(name: str) -> bool:
    """Whether this is the path of a file below a folder, in the shortest form."""
    path = PurePosixPath(name)
    return path.as_posix() == name and not path.is_absolute() and path.parts != () and ".." not in path.parts


def _of_this_version(path: Path) -> JsonObject:
    content = read_json(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: {_EXPECTED}; found None of them")
    found: tuple[Any, Any] = content.get("format"), content.get("version")
    counted = found[0] == FORMAT and type(found[1]) is int
    if counted and 1 <= found[1] <= VERSION:
        return JsonObject(path, content)
    newer = counted and found[1] > VERSION
    advice = f", which is newer than ldnet {__version__} can read; upgrade ldnet" if newer else ""
    raise InputError(f"{path}: {_EXPECTED}; found {shortened(str(found))}{advice}")


def has_language_models(files: Any) -> bool:
    """Whether a model of these files reads language models."""
    return any(name.startswith("lm/") for name in files)


def check_files(folder: Path, description: dict[str, Any]) -> None:
    """Raise InputError unless the folder has just the files that its description lists, as they were exported.

    README.md, which is for people, and hidden files, which file managers and hubs leave, may differ.
    """
    listed: dict[str, str] = description["files"]
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for file, expected in listed.items():
        if file not in found:
            with suppress(FileNotFoundError):
                (folder / file).stat()  # an OSError says that its folder may not be read
            raise InputError(f"{folder / file}: no such file; the model is incomplete, export or copy it again")
        if sha256_of_file(folder / file) != expected:
            raise InputError(f"{folder / file}: not the file that was exported (its SHA-256 differs); copy it again")
    for file in sorted(found - set(listed) - {DESCRIPTION, CARD}):
        if not file.rpartition("/")[2].startswith("."):
            raise InputError(f"{folder / file}: not a file of this model, which {DESCRIPTION} lists; remove it")


def model_digest(folder: Path) -> str:
    """The SHA-256 of model.json, which stands for all of the model's files."""
    return hashlib.sha256((folder / DESCRIPTION).read_bytes()).hexdigest()
