"""docs/paper.md names what exists, and its costs are those of the closed forms."""

import importlib
import re

import pytest
import yaml
from imports import ROOT

from pipeline.evaluation.cost import dense_lstm_macs, macs_by_part
from pipeline.language_model.dense_lstm import DenseLSTM
from pipeline.language_model.features import BidirectionalLM
from pipeline.language_model.model import LanguageModel, LMConfig
from pipeline.report.published import PUBLISHED
from pipeline.tagger.model import TaggerConfig

PAGE = ROOT / "docs" / "paper.md"
TEXT = PAGE.read_text(encoding="utf-8")
LINKS = re.findall(r"\[([^\]]+)\]\(((?!https:)[^)]+)\)", TEXT)
NAMES = sorted({(name.strip("`"), target) for name, target in LINKS if target.endswith(".py")})


@pytest.mark.parametrize(("name", "target"), NAMES, ids=[name for name, _ in NAMES])
def test_what_is_named_exists(name: str, target: str) -> None:
    """`module.function` or `module.Class.method`, linked to the file of the module."""
    path = (PAGE.parent / target).resolve()
    module, *attributes = name.split(".")
    assert path.stem == module and attributes, name
    found = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for attribute in attributes:
        found = getattr(found, attribute)


def test_every_name_of_code_is_a_link() -> None:
    assert len(NAMES) > 40
    unlinked = set(re.findall(r"(?<!\[)`(\w+\.[\w.]+)`", TEXT))
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for name in unlinked:
        section, key = name.split(".")
        assert key in params[section], f"{name} is neither linked nor a parameter"


def test_other_links_lead_somewhere() -> None:
    for _, target in LINKS:
        path, _, anchor = target.partition("#")
        content = (PAGE.parent / path).resolve().read_text(encoding="utf-8")
        headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", content, re.MULTILINE)}
        assert not anchor or anchor in headings


def macs(layers: tuple[int, int], characters: float, tags: int) -> dict[str, int]:
    """Of a tagger with the paper's sizes; `layers` forward and backward, or (0, 0) for none at all."""
    models = []
    for count in layers:
        sizes = {"vocabulary_size": 4, "embedding": 300, "units": 300, "layers": count, "projection": 1}
        models.append(LanguageModel(LMConfig(**sizes, cutoffs=[2], dropout=0.0, layer_dropout=0.0)))
    lm = BidirectionalLM(models[0], models[1], []) if any(layers) else None
    config = TaggerConfig(
        words=1,
        trainable_words=1,
        characters=1,
        tags=tags,
        start_tag=0,
        end_tag=1,
        word_dimension=100,
        character_dimension=30,
        character_units=150,
        word_units=150,
        lm_features=sum(lm.widths) if lm else 0,
        dropout=0.0,
        unknown_dropout=0.0,
    )
    return macs_by_part(config, lm, characters)


def millions(count: float) -> str:
    return f"{count / 1e6:.2f}"


@pytest.mark.parametrize(
    ("tagger", "layers"),
    [("without LM", (0, 0)), ("all 20 LM layers", (10, 10)), ("1 + 1 layers", (1, 1)), ("3 + 3 layers", (3, 3))],
)
def test_table_of_totals(tagger: str, layers: tuple[int, int]) -> None:
    row = next(line for line in TEXT.splitlines() if line.startswith("|") and f"{tagger} |" in line)
    ner, chunking = (millions(sum(macs(layers, *text).values())) for text in ((5.371, 19), (5.462, 42)))
    low, high = (millions(sum(macs(layers, characters, 42).values())) for characters in (4.5, 6.5))
    assert [cell.strip() for cell in row.split("|")[3:6]] == [ner, chunking, f"{low} to {high}"]
    published = {round(point.macs_per_word / 1e6) for points in PUBLISHED.values() for point in points.values()}
    assert int(row.split("|")[2].split()[0]) in published


def test_table_of_parts() -> None:
    stacks = [millions(dense_lstm_macs(DenseLSTM(300, 300, layers))) for layers in (1, 2, 3, 10)]
    assert f"{', '.join(stacks[:3])}, ... {stacks[3]}" in TEXT
    projections = {sum(layers): macs(layers, 5.0, 42)["lm_projection"] for layers in ((10, 10), (3, 3), (1, 1))}
    assert ", ".join(f"{millions(count)} for {layers}" for layers, count in projections.items()) in TEXT
    low, high = (millions(macs((0, 0), characters, 42)["characters"]) for characters in (4.5, 6.5))
    assert f"{low} to {high} for c from 4.5 to 6.5" in TEXT
    without, with_lm = (millions(macs(layers, 5.0, 42)["word_lstm"]) for layers in ((0, 0), (1, 1)))
    assert f"{without}; {with_lm}" in TEXT


def test_guesses_at_the_published_counting() -> None:
    """Two operations per multiply-accumulate in the tagger (one in LM and projection); a word LSTM twice as wide."""
    doubled = []
    for layers, text in (((0, 0), (5.371, 19)), ((10, 10), (5.371, 19)), ((1, 1), (5.371, 19)), ((3, 3), (5.462, 42))):
        parts = macs(layers, *text)
        doubled.append(2 * sum(parts.values()) - parts["language_models"] - parts["lm_projection"])
    assert "{:.1f}, {:.1f}, {:.1f} and {:.1f}".format(*(count / 1e6 for count in doubled)) in TEXT
    wide = []
    for layers, width in (((0, 0), 200), ((10, 10), 300)):
        parts = macs(layers, 5.371, 19)
        wide.append(sum(parts.values()) - parts["word_lstm"] + 2 * 4 * 300 * (width + 300))
    assert "would give {:.1f} and {:.1f}".format(*(count / 1e6 for count in wide)) in TEXT
