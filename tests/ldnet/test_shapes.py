"""Configurations promise the shapes of the tensors that the training saves beside them."""

from pathlib import Path

import pytest

from ldnet.commands.loading import loaded_for_command
from ldnet.decoding.shapes import LanguageModelShape, TaggerShape, load_tensors
from ldnet.errors import InputError
from ldnet.extras import require
from ldnet.model_description import VERSION, WITHOUT_LM_NORM, read_description
from tests.serving_factories import make_model


@pytest.mark.parametrize("variant", ["no_lm", "pruned"])
def test_what_is_exported_has_the_shapes_promised(variant: str, tmp_path: Path) -> None:
    model = make_model(tmp_path, variant)
    parts = [(model / "tagger", TaggerShape.read(model / "tagger" / "config.json").shapes())]
    for folder in sorted(model.glob("lm/*")):
        parts.append((folder, LanguageModelShape.read(folder / "config.json").shapes()))
    for folder, shapes in parts:
        assert set(load_tensors(folder / "weights.safetensors", shapes)) == set(shapes)
    assert (len(parts) == 3) == (variant == "pruned")
    assert read_description(model)["version"] == (VERSION if variant == "pruned" else WITHOUT_LM_NORM)
    assert loaded_for_command(model).tag([("the", "cat")]) != []


def test_a_shape_that_is_not_promised_is_named(tmp_path: Path) -> None:
    weights = make_model(tmp_path) / "tagger" / "weights.safetensors"
    with pytest.raises(InputError, match=r"crf.transitions: expected float32 of shape \(1, 1\)"):
        load_tensors(weights, {"crf.transitions": (1, 1)})


def test_a_missing_extra_is_named() -> None:
    require("onnx", "this", "json")
    with pytest.raises(InputError, match=r"this needs gone: pip install 'ldnet\[onnx\]'"):
        require("onnx", "this", "json", "gone")
