"""The tagger and its language models as one ONNX graph: ids in, emission scores out (see `onnx_runner` for the rest).

One of three forward passes of the tagger; the others are `pipeline.tagger.model` for training and
`ldnet.decoding.packed_tagger` for decoding. A change of one is a change of all; a test compares their scores.

Built from the weights with standard operators, not traced: nothing of a batch's size becomes a constant, and each
recurrent layer gets the sentences' lengths, so that no sentence sees another's padding.
Shapes: B sentences, T places, C characters, H units, D width of what is read, K tags.
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from pipeline.features.contextual import BidirectionalLM
from pipeline.language_model.dense_lstm import DenseLSTM
from pipeline.language_model.model import LanguageModel
from pipeline.tagger.model import BidirectionalLSTM, Tagger

# The oldest versions that have all operators used, so that older runtimes can read the file.
OPSET, IR_VERSION = 17, 8
EMISSIONS = "emissions"


def tagger_graph(tagger: Tagger, lm: BidirectionalLM | None) -> onnx.ModelProto:
    """The graph, checked. Inputs are int64 but for the lengths, which are int32; scores (B, T, K) are float32.

    words (B, T), tokens (B, T, with language models only), characters (B, C), starts and ends (B, T): where the
    characters of each word start, and its separator stands; lengths (B) in places, character_lengths (B).
    """
    graph = _Graph()
    parts = [_characters(graph, tagger)]
    if lm is not None:
        parts.append(_language_models(graph, tagger, lm))
    word_embedding = tagger.word_embedding
    table = np.concatenate([_array(word_embedding.trainable.weight), _array(word_embedding.fixed)])
    parts.append(graph.look_up("word_embedding", table, "words"))
    states = graph.bidirectional("word_rnn", graph.concatenate("word_inputs", parts), tagger.word_rnn, "lengths")
    states = graph.apply("Transpose", "word_states", states, perm=[2, 0, 1, 3])  # (B, T, 2, H)
    shape = graph.constant("word_states_shape", np.array([0, 0, 2 * tagger.config.word_units]))
    graph.linear(EMISSIONS, graph.apply("Reshape", "word_features", states, shape), tagger.crf.hidden2tag)
    return graph.model(with_tokens=lm is not None, tags=tagger.config.tags)


def _characters(graph: "_Graph", tagger: Tagger) -> str:
    """One vector per place, (T, B, D), from one character sequence over the whole sentence."""
    embedded = graph.look_up("character_embedding", _array(tagger.character_embedding.weight), "characters")
    states = graph.bidirectional("character_rnn", embedded, tagger.character_rnn, "character_lengths")
    states = graph.apply("Transpose", "character_states", states, perm=[1, 2, 0, 3])  # (2, B, C, H)
    taken = []
    for number, (direction, positions) in enumerate((("left", "ends"), ("right", "starts"))):
        which = graph.constant(f"{direction}_number", np.array(number))
        of_direction = graph.apply("Gather", f"{direction}_characters", states, which, axis=0)
        axis = graph.constant(f"{positions}_axis", np.array([2]))
        indices = graph.apply("Unsqueeze", f"{positions}_indices", positions, axis)  # (B, T, 1)
        taken.append(graph.apply("GatherND", f"{direction}_taken", of_direction, indices, batch_dims=1))
    projected = graph.linear("spelling", graph.concatenate("spelled", taken), tagger.character_projection)
    return graph.apply("Transpose", "spelling_by_place", projected, perm=[1, 0, 2])


def _language_models(graph: "_Graph", tagger: Tagger, lm: BidirectionalLM) -> str:
    """What the tagger makes of both language models' features, (T, B, D)."""
    features = [
        *_stack(graph, "forward", lm.forward_lm),
        *_stack(graph, "backward", lm.backward_lm),  # which reads each sentence from its end
    ]
    projected = graph.linear("lm_projection", graph.concatenate("lm_features", features), tagger.lm_projection)
    if isinstance(tagger.lm_norm, nn.LayerNorm):
        projected = graph.layer_norm("lm_norm", projected, tagger.lm_norm)
    return graph.apply("Relu", "lm_part", projected)


def _stack(graph: "_Graph", direction: str, model: LanguageModel) -> list[str]:
    """The embeddings and the outputs of all layers, (T, B, D) and (T, B, H) each."""
    blocks = [graph.look_up(f"{direction}_embedding", _array(model.embedding.weight), "tokens")]
    assert isinstance(model.rnn, DenseLSTM)
    for number, layer in enumerate(model.rnn.layers):
        name = f"{direction}_layer_{number}"
        seen = graph.concatenate(f"{name}_inputs", blocks)
        states = graph.lstm(name, seen, [layer], "lengths", "forward" if direction == "forward" else "reverse")
        axis = graph.constant(f"{name}_axis", np.array([1]))
        blocks.append(graph.apply("Squeeze", f"{name}_output", states, axis))
    return blocks


class _Graph:
    """Nodes and weights, put together one after the other. What is computed goes by the name of its node."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[TensorProto] = []
        self.by_place: dict[str, str] = {}

    def apply(self, operator: str, name: str, *inputs: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, name: str, values: NDArray[Any]) -> str:
        self.weights.append(numpy_helper.from_array(np.array(values, order="C"), name))
        return name

    def look_up(self, name: str, table: NDArray[np.float32], ids: str) -> str:
        """Rows of a table for ids (B, T): (T, B, D)."""
        if ids not in self.by_place:
            self.by_place[ids] = self.apply("Transpose", f"{ids}_by_place", ids, perm=[1, 0])
        return self.apply("Gather", name, self.constant(f"{name}_table", table), self.by_place[ids], axis=0)

    def concatenate(self, name: str, parts: list[str]) -> str:
        """Parts of (T, B, D) or (B, T, D) side by side."""
        return self.apply("Concat", name, *parts, axis=2)

    def linear(self, name: str, inputs: str, layer: nn.Linear) -> str:
        weight = self.constant(f"{name}_weight", _array(layer.weight).T)
        product = self.apply("MatMul", f"{name}_product", inputs, weight)
        return self.apply("Add", name, product, self.constant(f"{name}_bias", _array(layer.bias)))

    def layer_norm(self, name: str, inputs: str, norm: nn.LayerNorm) -> str:
        weights = [self.constant(f"{name}_{kind}", _array(norm.get_parameter(kind))) for kind in ("weight", "bias")]
        return self.apply("LayerNormalization", name, inputs, *weights, epsilon=norm.eps)

    def bidirectional(self, name: str, inputs: str, rnn: BidirectionalLSTM, lengths: str) -> str:
        return self.lstm(name, inputs, [rnn.from_left, rnn.from_right], lengths, "bidirectional")

    def lstm(self, name: str, inputs: str, layers: list[Any], lengths: str, direction: str) -> str:
        """States (T, directions, B, H) over inputs (T, B, D), zeros after a sentence's end; one layer a direction."""
        weights = {
            "weight": np.stack([_in_order(layer.weight_ih_l0) for layer in layers]),
            "recurrent": np.stack([_in_order(layer.weight_hh_l0) for layer in layers]),
            "bias": np.stack(
                [np.concatenate([_in_order(layer.bias_ih_l0), _in_order(layer.bias_hh_l0)]) for layer in layers]
            ),
        }
        names = [self.constant(f"{name}_{kind}", values) for kind, values in weights.items()]
        units = layers[0].hidden_size
        return self.apply("LSTM", name, inputs, *names, lengths, hidden_size=units, direction=direction)

    def model(self, *, with_tokens: bool, tags: int) -> onnx.ModelProto:
        by_place = ["words", "starts", "ends", *(["tokens"] if with_tokens else [])]
        ids = {**dict.fromkeys(by_place, "places"), "characters": "characters"}
        inputs = [
            *(
                helper.make_tensor_value_info(name, TensorProto.INT64, ["sentences", size])
                for name, size in ids.items()
            ),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, ["sentences"]),
            helper.make_tensor_value_info("character_lengths", TensorProto.INT32, ["sentences"]),
        ]
        output = helper.make_tensor_value_info(EMISSIONS, TensorProto.FLOAT, ["sentences", "places", tags])
        graph = helper.make_graph(self.nodes, "tagger", inputs, [output], self.weights)
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="ldnet")
        onnx.checker.check_model(model, full_check=True)
        return model


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return tensor.detach().numpy()


def _in_order(rows: Tensor) -> NDArray[np.float32]:
    """Rows of torch's gates (input, forget, candidate, output) in ONNX's order (input, output, forget, candidate)."""
    open_in, forget, candidate, open_out = np.split(_array(rows), 4)
    return np.concatenate([open_in, open_out, forget, candidate])
