"""How commands load a model: they say when that takes longer than usual."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING

from ldnet.command_line import echo
from ldnet.decoding.precision import DecodingPrecision

if TYPE_CHECKING:
    from ldnet.model_folder import TaggingModel


def loaded_for_command(
    folder: Path, precision: DecodingPrecision = "float32", threads: int | None = None
) -> "TaggingModel":
    """The model in the folder. When its first use has something compiled, a line on stderr says so."""
    from ldnet.compilation import announce_compilation
    from ldnet.model_folder import load_model

    announce_compilation(lambda line: echo(line, err=True))
    model = load_model(folder, precision, threads)
    gc.freeze()  # the vocabularies stay: the collector need not look through them again and again
    return model
