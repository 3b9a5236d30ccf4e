"""docs/paper.md names what exists, and its costs are those of the closed forms."""

import importlib
import re
from functools import cache
from itertools import product

import pytest
import torch
import yaml

from ldnet.text.tags import to_iob2
from pipeline.evaluation.conlleval import count_sentence
from pipeline.evaluation.cost import macs_by_part
from pipeline.features.contextual import BidirectionalLM
from pipeline.language_model.dense_lstm import DenseLSTM
from pipeline.language_model.model import LanguageModel, LMConfig
from pipeline.report.paper_results import PUBLISHED
from pipeline.tagger.model import Tagger, TaggerConfig
from tests.imports import ROOT
from tests.products import products_per_word

PAGE = ROOT / "docs" / "paper.md"
TEXT = PAGE.read_text(encoding="utf-8")
PROSE = " ".join(TEXT.split())  # wherever its lines are broken
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


def make_models(layers: tuple[int, int], tags: int) -> tuple[TaggerConfig, BidirectionalLM | None]:
    """Those of the paper's sizes; `layers` forward and backward, or (0, 0) for no language models at all."""
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
        lm_norm=False,
        dropout=0.0,
        lm_dropout=0.0,
        unknown_dropout=0.0,
    )
    return config, lm


@cache
def macs(layers: tuple[int, int], characters: float, tags: int) -> dict[str, int]:
    """Of a tagger with the paper's sizes, by the closed forms, which need no weights."""
    with torch.device("meta"):
        config, lm = make_models(layers, tags)
    return macs_by_part(config, lm, characters)


@pytest.mark.parametrize("layers", [(0, 0), (10, 10), (1, 1), (3, 3)])
def test_closed_forms_are_what_is_run_at_the_papers_sizes(layers: tuple[int, int]) -> None:
    config, lm = make_models(layers, 42)
    assert products_per_word(Tagger(config).eval(), lm, 6) == macs(layers, 6, 42)


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
    stacks = [millions(DenseLSTM(300, 300, layers).macs()) for layers in (1, 2, 3, 10)]
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
    assert "would have {:.1f} and {:.1f} M".format(*(count / 1e6 for count in wide)) in PROSE


NER, CHUNKING = (5.371, 19), (5.462, 42)  # characters per word and tags
WORDS = {NER: 203_621 / 14_041, CHUNKING: 211_727 / 8_936}  # of a training sentence


def test_what_the_closing_step_would_add() -> None:
    """It reads one character, the padding."""
    found = {}
    for text, kept in ((NER, (1, 1)), (CHUNKING, (3, 3))):
        rows = [(0, 0), (10, 10), kept]
        more = [sum(macs(layers, 1, text[1]).values()) / WORDS[text] for layers in rows]
        totals = [sum(macs(layers, *text).values()) + step for layers, step in zip(rows, more, strict=True)]
        found[text] = [millions(total) for total in totals]
    for text, name in ((NER, "CoNLL-2003"), (CHUNKING, "CoNLL-2000")):
        assert f"{name} ({WORDS[text]:.1f} words" in PROSE
    assert "would be {}, {} and {} M".format(*found[NER]) in PROSE
    assert "words) {}, {} and {} M.".format(*found[CHUNKING]) in PROSE


def test_what_is_no_product() -> None:
    """Two biases a gate and three element-wise products a unit in each LSTM step; the CRF adds two scores for each pair
    of tags."""
    characters, tags = CHUNKING
    of_step = 2 * 4 + 3
    tagger = 2 * 150 * of_step * (characters + 1) + 100 + tags + 2 * tags**2
    assert f"are {millions(tagger)} M together" in TEXT
    assert f"and {millions(tagger + 100 + 2 * 10 * 300 * of_step)} M with all LM layers" in TEXT


def possible_taggers() -> tuple[float, float]:
    """Least and most that a tagger without LM may cost if the published rows are rounded: 3, 51 (all), 5 (1 + 1)."""
    without = sum(macs((0, 0), *NER).values())
    added = {layers: sum(macs(layers, *NER).values()) - without for layers in ((10, 10), (1, 1))}
    low = max(2.5e6, 50.5e6 - added[10, 10], 4.5e6 - added[1, 1])
    return low, min(3.5e6, 51.5e6 - added[10, 10], 5.5e6 - added[1, 1])


def test_what_the_published_rows_say_of_the_tagger() -> None:
    low, high = possible_taggers()
    assert TEXT.count(f"{millions(low)} to {millions(high)} M") == 2
    parts = macs((0, 0), 0, NER[1])
    of_character = macs((0, 0), 1, NER[1])["characters"] - parts["characters"]
    fewest, most = ((total - sum(parts.values())) / of_character for total in (low, high))
    assert f"{fewest:.1f} to {most:.1f} characters per word" in TEXT


def test_which_layers_the_published_rows_may_have_kept() -> None:
    low, high = possible_taggers()
    without = sum(macs((0, 0), *NER).values())
    kept: dict[int, set[tuple[int, int]]] = {5: set(), 10: set()}
    for layers in product(range(7), repeat=2):
        if layers[0] >= layers[1] and any(layers):
            added = sum(macs(layers, *NER).values()) - without
            for published, of_published in kept.items():
                if low + added < (published + 0.5) * 1e6 and high + added > (published - 0.5) * 1e6:
                    of_published.add(layers)
    assert kept == {5: {(1, 1), (2, 0)}, 10: {(4, 1), (3, 3), (4, 2), (5, 0)}}
    assert "(4 + 1, 3 + 3, 4 + 2 or 5 + 0)" in PROSE


def test_table_of_impossible_tags() -> None:
    rows = re.findall(r"^\| `([^`|]+)` \| `([^`|]+)` \|$", TEXT, re.MULTILINE)
    assert len(rows) == 5
    for tags, spans in rows:
        assert to_iob2(tags.split()) == tuple(spans.split()) != tuple(tags.split())
        pairs = [[(tag[0], tag[2:]) for tag in of_row.split()] for of_row in (tags, spans)]
        correct, predicted, gold = count_sentence(zip(*pairs, strict=True))
        assert correct == predicted == gold
