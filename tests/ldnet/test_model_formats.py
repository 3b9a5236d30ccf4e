"""Models of other releases are read, and what is damaged or hostile is refused with one line that names its place."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

from ldnet.commands.main import main
from ldnet.errors import InputError
from ldnet.files import read_json, sha256_of_file, write_json
from ldnet.limits import MOST_CHARACTERS
from ldnet.model_description import FORMAT, VERSION, read_description
from ldnet.model_folder import load_model
from tests.imports import ROOT

FIXTURES = ROOT / "tests" / "fixtures"
FIRST_VERSION = FIXTURES / "model_version_1"
LEXICON = (FIRST_VERSION / "lexicon" / "lexicon.json").read_bytes()
EXPECTED = read_json(FIXTURES / "model_version_1_tags.json")
Damage = Callable[[Path], None]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIRST_VERSION, tmp_path / "model"))


def describe_anew(model: Path) -> None:
    """Make the listed digests those of the files, so that a change of theirs is met where they are read."""
    description = read_json(model / "model.json")
    digests = {file: sha256_of_file(model / file) for file in description["files"]}
    write_json(model / "model.json", {**description, "files": digests})


def changed(file: str, **values: Any) -> Damage:
    """Keys of a JSON object get other values; without the key if the value is ... ."""

    def damage(model: Path) -> None:
        content = {**read_json(model / file), **values}
        write_json(model / file, {key: value for key, value in content.items() if value is not ...})
        if file != "model.json":
            describe_anew(model)

    return damage


def written(file: str, content: str | bytes) -> Damage:
    def damage(model: Path) -> None:
        (model / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        if file != "model.json":
            describe_anew(model)

    return damage


def files_changed(**values: Any) -> Damage:
    """Entries of `files` in model.json get other values."""

    def damage(model: Path) -> None:
        description = read_json(model / "model.json")
        files = {**description["files"], **{name.replace("__", "/"): value for name, value in values.items()}}
        description["files"] = {name: value for name, value in files.items() if value is not ...}
        write_json(model / "model.json", description)

    return damage


def changed_twice(key: str, number: int) -> Damage:
    """A list of lexicon.json has the item of this number in the place of the next one, too."""

    def damage(model: Path) -> None:
        items = read_json(model / "lexicon" / "lexicon.json")[key]
        items[number + 1] = items[number]
        changed("lexicon/lexicon.json", **{key: items})(model)

    return damage


def tensor(file: str, name: str, change: Callable[[torch.Tensor], torch.Tensor | None]) -> Damage:
    def damage(model: Path) -> None:
        tensors = load_file(model / file)
        new = change(tensors.pop(name))
        save_file(tensors if new is None else {**tensors, name: new.contiguous()}, model / file)
        describe_anew(model)

    return damage


def together(*damages: Damage) -> Damage:
    def damage(model: Path) -> None:
        for of_one_file in damages:
            of_one_file(model)

    return damage


def forged_lists(file: str, key: str, items: list[str], sized: dict[str, str], weights: dict[str, str]) -> Damage:
    """A list of other items, with configurations and weights that have as many rows: nothing but the items is wrong."""
    return together(
        changed(file, **{key: items}) if key else written(file, json.dumps(items)),
        *(changed(config, **{size: len(items)}) for config, size in sized.items()),
        *(tensor(path, name, lambda values: values[:1].repeat(len(items), 1)) for path, name in weights.items()),
    )


def forged_characters(*characters: str) -> Damage:
    return forged_lists(
        "lexicon/lexicon.json",
        "characters",
        list(characters),
        {"tagger/config.json": "characters"},
        {"tagger/weights.safetensors": "character_embedding.weight"},
    )


def forged_vocabulary(*words: str) -> Damage:
    directions = [f"lm/{direction}" for direction in ("forward", "backward")]
    return forged_lists(
        "lm/forward/vocabulary.json",
        "",
        list(words),
        {f"{direction}/config.json": "vocabulary_size" for direction in directions},
        {f"{direction}/weights.safetensors": "embedding.weight" for direction in directions},
    )


@pytest.mark.parametrize("version", range(1, VERSION + 1))
def test_a_model_of_each_version_tags_as_it_did(version: int) -> None:
    folder, sentences = (
        FIXTURES / f"model_version_{version}",
        read_json(FIXTURES / f"model_version_{version}_tags.json"),
    )
    description = read_description(folder)
    assert (description["format"], description["version"]) == (FORMAT, version)
    found = load_model(folder).annotate([sentence["text"] for sentence in sentences], tokenised=True)
    for annotated, expected in zip(found, sentences, strict=True):
        assert annotated.tags == expected["tags"]
        assert [span.confidence for span in annotated.spans] == pytest.approx(expected["confidences"], abs=1e-4)


@pytest.mark.parametrize(
    "change",
    [
        changed("model.json", added_later={"a": 1}, confidence={"temperature": 2.0, "added_later": 1}),
        changed("tagger/config.json", added_later=3, dropout=...),
        changed("lm/backward/config.json", added_later=[3], cutoffs=...),
        changed("lexicon/lexicon.json", added_later="x", digits_as_zero=...),
        tensor("tagger/weights.safetensors", "word_embedding.has_vector", lambda _: None),
    ],
)
def test_keys_that_others_have_or_lack_do_not_matter(change: Damage, model: Path) -> None:
    change(model)
    tags = load_model(model).tag([sentence["text"].split() for sentence in EXPECTED])
    assert tags == [sentence["tags"] for sentence in EXPECTED]


@pytest.mark.parametrize("name", ["README.md", ".gitattributes", "lm/.DS_Store"])
def test_files_for_people_and_hubs_do_not_matter(name: str, model: Path) -> None:
    (model / name).write_text("mine")
    assert load_model(model)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (written("model.json", "{"), r"model.json:1: not JSON"),
        (written("model.json", b"\xff{}"), r"model.json:1: not UTF-8 \(byte 0xff at position 1\)"),
        (written("model.json", "[" * 100_000), r"model.json: not JSON: .*recursion"),
        (written("model.json", '"text"'), r"model.json: expected format 'ldnet-tagger', version 1 to 2; found None"),
        (changed("model.json", version=3), r"version 1 to 2; found .*3.*newer than ldnet .* can read; upgrade ldnet"),
        (changed("model.json", version=0), r"version 1 to 2; found \('ldnet-tagger', 0\)"),
        (
            changed("model.json", version="1"),
            r"expected format 'ldnet-tagger', version 1 to 2; found \('ldnet-tagger', '1'\)",
        ),
        (changed("model.json", version=True), r"expected format 'ldnet-tagger', version 1 to 2; found"),
        (changed("model.json", version=[1]), r"expected format 'ldnet-tagger', version 1 to 2; found"),
        (changed("model.json", format=...), r"expected format 'ldnet-tagger', version 1 to 2; found \(None, 1\)"),
        (changed("model.json", files=...), r"model.json: files: expected an object with keys, found nothing"),
        (changed("model.json", files=["a"]), r'model.json: files: expected an object with keys, found \["a"\]'),
        (changed("model.json", files={}), r"model.json: files: expected lexicon/lexicon.json among them"),
        (files_changed(tagger__config_json=3), r"files.tagger/config_json: expected a SHA-256 .*, found 3"),
        (changed("model.json", confidence=3), r"model.json: confidence: expected an object with keys, found 3"),
        *(
            (
                changed("model.json", confidence={"temperature": number}),
                r"temperature: expected a number from 0.01 to below 100",
            )
            for number in (0, 5e-324, 1e300)
        ),
        (changed("model.json", confidence={"temperature": 10**400}), r"model.json: not JSON: a number of 401 digits"),
        (changed("model.json", dev_f1=-(10**400)), r"model.json: not JSON: a number of 402 digits"),
        (files_changed(**{"x\nError: y": "0" * 64}), r"files: x\\nError: y: expected a name without control"),
        *(
            (files_changed(**{name: "0" * 64}), "model.json: files: .*: a model folder may list only files of its own")
            for name in ("../one.txt", "/etc/passwd", "lm/../../x", "./x", "lm//x", ".", "")
        ),
        (changed("model.json", confidence={"temperature": "x"}), r"confidence.temperature: .*, found \"x\""),
        (written("lm/forward/more.bin", "x"), r"lm/forward/more.bin: not a file of this model, .* remove it"),
        (written("notes.txt", "x"), r"notes.txt: not a file of this model, which model.json lists; remove it"),
        (
            changed("tagger/config.json", start_tag=...),
            r"config.json: start_tag: expected .* from 0 to 3, found nothing",
        ),
        (
            changed("tagger/config.json", end_tag=4),
            r"config.json: end_tag: expected a whole number from 0 to 3, found 4",
        ),
        (changed("tagger/config.json", words=True), r"config.json: words: expected a whole number .*, found true"),
        (
            changed("tagger/config.json", words=10**15),
            r"config.json: words: expected 11, as in the lexicon, found 1000",
        ),
        (changed("tagger/config.json", tags=9), r"config.json: tags: expected 4, as in the lexicon, found 9"),
        (
            changed("tagger/config.json", word_units=8),
            r"word_rnn.from_left.weight_ih_l0: expected float32 of shape \(32",
        ),
        (
            changed("tagger/config.json", lm_norm=True),
            r"weights.safetensors: lm_norm.weight: no such tensor; expected one",
        ),
        (changed("tagger/config.json", lm_norm=1), r"config.json: lm_norm: expected true or false, found 1"),
        (changed("tagger/config.json", lm_features=33), r"lm_features: expected 34, the width of the language models"),
        (written("tagger/config.json", "[]"), r"tagger/config.json: expected an object with keys, found \[\]"),
        (changed("lm/forward/config.json", layers=-1), r"layers: expected a whole number from 0 to 100, found -1"),
        (
            changed("lm/backward/config.json", vocabulary_size=10),
            r"vocabulary_size: expected 11, as in vocabulary.json",
        ),
        (changed("lm/backward/config.json", units=10**9), r"units: expected a whole number from 1 to 16384, found 10"),
        (changed("lm/forward/config.json", layers=10**9), r"layers: expected a whole number from 0 to 100, found 10"),
        (changed("tagger/config.json", word_units=10**9), r"word_units: expected a whole number from 1 to 16384"),
        (written("lm/forward/vocabulary.json", "{}"), r"vocabulary.json: expected a list of texts"),
        (
            changed("lexicon/lexicon.json", words=["a", 1]),
            r"lexicon.json: words: expected a list of texts, found \[\"a\", 1",
        ),
        *(
            (changed_twice(key, number), rf"lexicon.json: {key}: expected each once, found {found} twice")
            for key, number, found in (("words", 2, "'.+'"), ("characters", 3, "'.'"), ("tags", 0, "'O'"))
        ),
        (changed("lexicon/lexicon.json", tags=...), r"lexicon.json: tags: expected a list of texts, found nothing"),
        *(
            (
                changed("lexicon/lexicon.json", tags=["O", tag, "<s>", "<eof>"]),
                rf"lexicon/lexicon.json: tags: expected O, or B-, .*, found '{shown}'",
            )
            for tag, shown in [
                ("FOO", "FOO"),
                ("", ""),
                ("S-", "S-"),
                ("O\n\nInjected B-PER", r"O\\n\\nInjected B-PER"),
                ("S-A\tB-PER", r"S-A\\tB-PER"),
                ("S-\x1b", r"S-\\x1b"),
            ]
        ),
        (
            written("lexicon/lexicon.json", LEXICON.replace(b"S-LOC", rb"S-\ud800")),
            r"lexicon/lexicon.json: tags: expected O, or B-, .*, found 'S-\\ud800'",
        ),
        (
            written("lexicon/lexicon.json", LEXICON.replace(b'"the"', rb'"\udfff"')),
            r"lexicon/lexicon.json: words: expected whole characters, found '\\udfff'",
        ),
        (
            tensor("tagger/weights.safetensors", "crf.transitions", lambda values: values + 3e38),
            r"weights.safetensors: crf.transitions: expected numbers up to 1,000,000, found 3e\+38",
        ),
        (changed("lexicon/lexicon.json", trainable_words=12), r"trainable_words: expected .* from 1 to 11, found 12"),
        (changed("lexicon/lexicon.json", digits_as_zero=1), r"digits_as_zero: expected true or false, found 1"),
        (
            changed("lexicon/lexicon.json", words=["<pad>", "<unk>"], trainable_words=1),
            r"expected float32 vectors of 2 words, found F32 of shape \(11, 0\)",
        ),
        *(
            (changed("lexicon/lexicon.json", words=words), rf"json: words: expected {first}, found {shown}")
            for first in [r"\['<pad>', '<unk>'\] as the first"]
            for words, shown in [([], r"\[\]"), (["<pad>"], r"\['<pad>'"), (["<unk>", "<pad>"], r"\['<unk>', '<p")]
        ),
        *(
            (forged_characters(*characters), r"characters: expected \['<pad>', '<unk>', ' '\] as the first, found \['")
            for characters in (["<pad>"], ["<pad>", "<unk>", "a"], ["\n" * 1000, "<unk>", " "])
        ),
        (
            forged_characters("<pad>", "<unk>", " ", *map(chr, range(0x10000, 0x10000 + MOST_CHARACTERS))),
            r"lexicon.json: characters: 100,003 of them; at most 100,000 are allowed",
        ),
        *(
            (forged_vocabulary(*words), r"vocabulary.json: expected \['<unk>', '\\n'\] as the first words, found \['")
            for words in (["<unk>"], ["\n", "<unk>"], ["the", "a", "cat"])
        ),
        (written("lexicon/vectors.safetensors", "x"), r"vectors.safetensors: expected tensors `vectors` and"),
        (
            tensor("lexicon/vectors.safetensors", "vectors", lambda values: values.bfloat16()),
            r"vectors.safetensors: expected float32 vectors of 11 words, found BF16 of shape \(11, 0\), and in uint8",
        ),
        *(
            (tensor("lexicon/vectors.safetensors", "has_vector", change), rf"in uint8 which have one, found {found}$")
            for change, found in [
                (lambda values: values[:3], r"U8 of shape \(3,\)"),
                (lambda values: values.int(), r"I32 of shape \(11,\)"),
            ]
        ),
        (
            tensor("lexicon/vectors.safetensors", "has_vector", lambda _: None),
            r"vectors.safetensors: expected tensors `vectors` and `has_vector`: ",
        ),
        (written("tagger/weights.safetensors", "x"), r"weights.safetensors: not a file of safetensors"),
        (written("tagger/weights.safetensors", b"\xff" * 99), r"weights.safetensors: not a file of safetensors"),
        (
            tensor("tagger/weights.safetensors", "crf.transitions", lambda _: None),
            r"weights.safetensors: crf.transitions: no such tensor; expected one of shape \(4, 4\)",
        ),
        (
            tensor("lm/forward/weights.safetensors", "embedding.weight", lambda values: values.T),
            r"embedding.weight: expected float32 of shape \(11, 5\), as config.json says, found .* \(5, 11\)",
        ),
        (
            tensor("lm/forward/weights.safetensors", "embedding.weight", lambda values: values.half()),
            r"embedding.weight: expected float32 of shape .*, found float16",
        ),
    ],
)
def test_what_is_damaged_is_refused_with_one_line(damage: Damage, message: str, model: Path) -> None:
    damage(model)
    with pytest.raises(InputError, match=message) as refusal:
        load_model(model)
    assert str(refusal.value).count("\n") == 0 and len(str(refusal.value)) < 400 + len(str(model))


@pytest.mark.parametrize("value", [1e5, 1e6])
@pytest.mark.parametrize("text", ["the cat", "the " * 300])
def test_scores_of_damaged_weights_are_refused(value: float, text: str, model: Path) -> None:
    for name, new in (("weight", value), ("bias", 1e6)):
        tensor("tagger/weights.safetensors", f"crf.hidden2tag.{name}", lambda old, new=new: old * 0 + new)(model)  # type: ignore[misc]
    loaded = load_model(model)
    for tag in (loaded.annotate, lambda texts: loaded.tag([texts[0].split()])):
        with pytest.raises(InputError, match=f"^{model}: the tagger's scores are not finite, or beyond 1,000,000"):
            tag([text])


def test_info_says_what_the_model_is(model: Path) -> None:
    told = CliRunner().invoke(main, ["info", str(model)]).stdout
    for line in (
        "data            demo",
        "tagger          pruned",
        "dev F1          81.00 (all seeds: 80.00, 81.00)",
        "layers kept     backward 0, 1, 2, forward 0, 1, 2 (of 3 a direction, counted from 0)",
        "MACs a word     1,000",
        "size            0.02 MB in 10 files, all as exported",
    ):
        assert line in told.splitlines()
    content = json.loads(CliRunner().invoke(main, ["info", str(model), "--json"]).stdout)
    assert content["test_f1"] == 78.0 and content["total_bytes"] == sum(content["bytes"].values()) > 20_000
    assert content["model_sha256"] == load_model(model).digest and set(content["bytes"]) == set(content["files"])


@pytest.mark.parametrize(
    "values",
    [
        dict.fromkeys(["data", "tagger", "dev_f1", "layers_kept", "confidence", "onnx", "types", "macs_per_word"], ...),
        {
            "dev_f1": "x",
            "test_f1_of_seeds": ["x", None],
            "layers_kept": {"forward": 3},
            "types": 1,
            "macs_per_word": "y",
        },
    ],
)
def test_info_of_a_model_of_other_origin(values: dict[str, Any], model: Path) -> None:
    changed("model.json", **values)(model)
    result = CliRunner().invoke(main, ["info", str(model)])
    assert result.exit_code == 0 and "all as exported" in result.stdout


def test_info_of_a_damaged_model(model: Path) -> None:
    (model / "tagger" / "config.json").write_text("{}")
    result = CliRunner().invoke(main, ["info", str(model)])
    assert result.exit_code == 1 and "(its SHA-256 differs)" in result.stderr and result.stderr.count("\n") == 1
