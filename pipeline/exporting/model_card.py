"""The README.md of a model folder, made from its model.json: what the model is, for people and for model hubs."""

import re
from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import Any

import yaml

from ldnet.printable import printable
from pipeline.six_taggers import TAGGERS

LANGUAGE_MODELS = {"no_lm": "no language models", "full": "whole language models", "pruned": "pruned language models"}
TAUGHT = {"gold": "", "taught": ", with the taggers on whole language models as teachers"}
ENGLISH = ("demo", "conll2000", "conll2003", "paper")  # data sets known to be English; of others nothing is claimed


def model_card(content: Mapping[str, Any]) -> str:
    """The card of the model that `content`, all of model.json, describes."""
    return printable(f"---\n{yaml.safe_dump(_front_matter(content), sort_keys=False)}---\n\n{card_text(content)}")


def card_text(content: Mapping[str, Any]) -> str:
    """The card without what only model hubs read."""
    sections = [_summary(content), _numbers(content), _use(content), _limits(content), _licence(content)]
    return printable("\n".join(sections))


def _code(text: str) -> str:
    """The text as Markdown code, in which markup is shown; it may have backticks itself."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence, blank = "`" * (longest + 1), " " * bool(longest)
    return f"{fence}{blank}{text}{blank}{fence}"


def _title(content: Mapping[str, Any]) -> str:
    return f"ldnet-{content['profile']}-{content['tagger']}"


def _front_matter(content: Mapping[str, Any]) -> dict[str, Any]:
    """What model hubs read: task, language, licence, and the result on the test split."""
    data = content["data"]
    f1 = {"type": "f1", "name": "F1 of whole spans, percent", "value": content["test_f1"]}
    result = {
        "task": {"type": "token-classification", "name": "sequence labelling"},
        "dataset": {"type": data, "name": data, "split": "test"},
        "metrics": [f1],
    }
    return {
        **({"language": "en"} if data in ENGLISH else {}),
        "library_name": "ldnet",
        "pipeline_tag": "token-classification",
        "license": "other",
        "license_name": "terms-of-the-training-data",
        "tags": ["sequence-labeling", "lstm", "crf", *(["onnx"] if content["onnx"] else [])],
        "model-index": [{"name": _title(content), "results": [result]}],
    }


def _summary(content: Mapping[str, Any]) -> str:
    variant, training = TAGGERS[content["tagger"]]
    return (
        f"# {_title(content)}\n\n"
        f"A sequence tagger (characters, words, BiLSTM, CRF) with {LANGUAGE_MODELS[variant]}, trained on "
        f"{_code(content['data'])}{TAUGHT[training]}.\nIt marks spans of the types "
        f"{', '.join(map(_code, content['types'])) or 'none'}, as IOBES tags.\n"
    )


def _numbers(content: Mapping[str, Any]) -> str:
    dev, test = content["dev_f1_of_seeds"], content["test_f1_of_seeds"]
    lines = [
        "| | this model | all seeds |",
        "| --- | --- | --- |",
        f"| seed | {content['seed']} (the best on dev) | {_list(content['seeds'])} |",
        f"| dev F1 | {content['dev_f1']:.2f} | {_spread(dev)} |",
        f"| test F1 | {content['test_f1']:.2f} | {_spread(test)} |",
    ]
    facts = [
        f"* Cost: {content['macs_per_word'] / 1e6:.3f} million multiply-accumulates a word (matrix products only).",
        f"* Parameters: {content['parameters'] / 1e6:.3f} million, embeddings included.",
        *_layers(content),
        *_onnx_numbers(content),
        *_rounding(content),
        f"* Commit of the code that exported it: {content['export_commit'] or 'unknown'}.",
    ]
    legend = (
        "F1 of whole spans in percent; mean ± sample standard deviation, and each seed. The seed was chosen on dev."
    )
    return "\n".join(["## Numbers\n", *lines, "", legend, "", *facts, ""])


def _layers(content: Mapping[str, Any]) -> list[str]:
    if TAGGERS[content["tagger"]][0] == "no_lm":
        return []
    kept = ", ".join(f"{direction} {_list(layers)}" for direction, layers in sorted(content["layers_kept"].items()))
    return [f"* Layers of the language models kept, of {content['lm_layers']} a direction, counted from 0: {kept}."]


def _onnx_numbers(content: Mapping[str, Any]) -> list[str]:
    if not content["onnx"]:
        return []
    f1, sentences = content["onnx"]["dev_f1"], content["onnx"]["dev_sentences"]
    return [
        f"* ONNX, F1 on the {sentences:,} dev sentences: {f1['float32']:.2f} in float32, {f1['int8']:.2f} in 8-bit "
        f"integers (difference {f1['int8'] - f1['float32']:+.2f})."
    ]


def _rounding(content: Mapping[str, Any]) -> list[str]:
    if not (rounded := content["rounded"]):
        return []
    return [
        f"* Weights: rounded to {rounded['bits']} bits, to be small. Dev F1 with them: {rounded['dev_f1']:.2f}; "
        "the F1 in the table was measured before rounding."
    ]


def _use(content: Mapping[str, Any]) -> str:
    text = """## Use

Text is given as words: one tokenised sentence a line, words separated by ASCII white space. With the project's code:

```
ldnet tag-shards <this folder> <folder of *.txt> <output folder>
```

```python
from pathlib import Path

from ldnet.model_folder import load_model

load_model(Path("<this folder>")).tag([["The", "cat", "sat", "."]])  # a tag for each word
```
"""
    if content["onnx"]:
        text += """
With `numpy` and `onnxruntime` alone (the folder `onnx/` may be copied away from the rest):

```
python onnx/tag.py < sentences.txt                    # JSON lines with words and tags
python onnx/tag.py --precision int8 < sentences.txt
```
"""
    return text


def _limits(content: Mapping[str, Any]) -> str:
    lines = [
        "## Intended use and limits\n",
        f"For tagging text like that of `{content['data']}`, tokenised in the same way. On other text expect less than",
        "the F1 above, which was measured on the test split of the same data. Nobody has looked for bias in the tags.",
        "Check the results before anything depends on them for a person.",
    ]
    if content["generated"]:
        lines.append(
            "The training sentences come from a grammar, so this model is for trying things out, not for real text."
        )
    if content["onnx"]:
        lines.append(
            "In 8-bit integers scores depend a little on which sentences share a batch; in float32 only by rounding."
        )
    return "\n".join([*lines, ""])


def _licence(content: Mapping[str, Any]) -> str:
    return f"## Data and licence\n\n{content['data_and_licence']}\n"


def _spread(scores: Sequence[float]) -> str:
    each = ", ".join(f"{score:.2f}" for score in scores)
    return f"{mean(scores):.2f} ± {stdev(scores):.2f} ({each})" if len(scores) > 1 else each


def _list(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers)) or "none"
