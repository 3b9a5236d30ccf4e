"""The report page in a browser: on a telephone, on a desktop, on paper."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ldnet.files import read_json
from ldnet.text.tags import spans
from pipeline.publishing.html_report import PageInputs, page
from pipeline.publishing.span_errors import PredictedSentence
from pipeline.report.measurements import DIRECTIONS
from pipeline.report.results import read_results
from pipeline.six_taggers import TAGGERS
from tests.imports import ROOT

SECTIONS = ["results", "cost", "layers", "lm", "types", "confusion", "errors", "parameters", "environment"]
TYPES = ["ADJP", "ADVP", "CONJP", "INTJ", "LST", "NP", "PP", "PRT", "SBAR", "UCP", "VP"]


def predicted_sentence(generator: random.Random) -> PredictedSentence:
    """Random spans, and a word that is longer than a line of a telephone."""
    length = generator.randint(20, 60)
    words = [generator.choice(["of", "Rockwell", "<unk>", "&", "said"]) for _ in range(length)] + ["w" * 90]
    gold, predicted = (
        spans(generator.choice(["O", f"B-{generator.choice(TYPES)}", "I-NP"]) for _ in words) for _ in range(2)
    )
    return PredictedSentence(tuple(words), tuple(gold), tuple(predicted))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with as much as there can be: ten layers, eleven types, a path, published results, many errors."""
    generator = random.Random(1)
    layers = 10
    sentences = [predicted_sentence(generator) for _ in range(40)]
    epochs = pd.DataFrame({"epoch": range(1, 7)})
    for column in (f"gate_{direction}_{layer}" for direction in DIRECTIONS for layer in range(layers)):
        epochs[column] = [generator.random() for _ in range(6)]
    results = read_results(ROOT / "results" / "conll2000" / "results.json")
    seeds = results["rows"][0]["seeds"]
    inputs = PageInputs(
        results=results,
        metrics={
            "select": {"epoch": 5, "gates": {direction: [0.5] * layers for direction in DIRECTIONS}},
            "train_tagger_pruned_taught": {"seeds": seeds, "dev_f1": [95.0 + seed / 10 for seed in seeds]},
        },
        gates=epochs,
        training={direction: pd.read_csv(ROOT / "curves" / f"pretrain_lm_{direction}.csv") for direction in DIRECTIONS},
        predictions={tagger: dict.fromkeys(seeds, sentences) for tagger in TAGGERS},
        path=read_json(ROOT / "results" / "path_demo.json"),
        environment={"CPU": "one of a kind with a long name " * 4, "commit": "0" * 40},
    )
    out = tmp_path_factory.mktemp("report") / "report.html"
    out.write_text(page(inputs), encoding="utf-8")
    return out


def overflow(page: Any) -> int:
    """By how many CSS pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize("width", [375, 1280])
def test_the_page_needs_no_sideways_scrolling_and_no_network(
    width: int, report: Path, visit: Callable[..., Any], screenshot: Callable[..., None]
) -> None:
    seen = visit(width, offline=True)
    seen.page.goto(report.as_uri())
    assert [section.get_attribute("id") for section in seen.page.locator("section").all()] == SECTIONS
    assert overflow(seen.page) <= 0
    assert (
        seen.page.evaluate("[...document.images].filter(image => !(image.complete && image.naturalWidth)).length") == 0
    )
    assert [address for address in seen.requests if not address.startswith("data:")] == [report.as_uri()]
    assert seen.errors == []


def test_text_can_be_read_on_a_telephone(report: Path, visit: Callable[..., Any]) -> None:
    """Figures are drawn narrow there, so that their smallest text is not much below 9 pixels."""
    seen = visit(375, offline=True)
    seen.page.goto(report.as_uri())
    sizes = seen.page.evaluate(
        "[...document.querySelectorAll('h2, p, td, th, caption, small')]"
        ".map(element => parseFloat(getComputedStyle(element).fontSize))"
    )
    assert min(sizes) > 10
    scales = seen.page.evaluate("[...document.images].map(image => image.width / image.naturalWidth)")
    assert len(scales) == 4 and min(scales) > 0.7


def test_wide_tables_scroll_by_keyboard(report: Path, visit: Callable[..., Any]) -> None:
    seen = visit(375, offline=True)
    seen.page.goto(report.as_uri())
    region = seen.page.locator("#confusion .scroll")
    assert region.evaluate("e => e.scrollWidth > e.clientWidth")
    region.focus()
    seen.page.keyboard.press("ArrowRight")
    # It scrolls smoothly, in some frames. (wait_for_function would need a policy that lets scripts be made of text.)
    scrolled = region.evaluate("""async e => {
        for (let frame = 0; frame < 300 && e.scrollLeft === 0; frame++) await new Promise(requestAnimationFrame);
        return e.scrollLeft;
    }""")
    assert scrolled > 0


def test_contrast_of_text_is_enough(report: Path, visit: Callable[..., Any]) -> None:
    """WCAG AA: 4.5 to 1 for text, against the nearest background that is not transparent."""
    seen = visit(1280, offline=True)
    seen.page.goto(report.as_uri())
    pairs = seen.page.evaluate(
        """() => [...document.querySelectorAll('h1, h2, h3, p, a, td, th, caption, figcaption, mark, small, span')]
        .filter(e => e.textContent.trim() && !e.classList.contains('skip')).map(e => {
          const paper = element => getComputedStyle(element).backgroundColor;
          let under = e;
          while (under && paper(under) === 'rgba(0, 0, 0, 0)') under = under.parentElement;
          return getComputedStyle(e).color + '|' + (under ? paper(under) : 'rgb(255, 255, 255)');
        })"""
    )
    for pair in sorted(set(pairs)):
        ink, paper = (luminance(colour) for colour in pair.split("|"))
        assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) >= 4.5, pair


def luminance(colour: str) -> float:
    """Relative luminance of rgb(r, g, b), as WCAG defines it."""
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_nothing_is_cut_off_in_print(report: Path, visit: Callable[..., Any], tmp_path: Path) -> None:
    """No table is wider than the text of an A4 page, and the PDF has pages."""
    seen = visit(688, offline=True)  # A4 less the margins, at 96 pixels an inch
    seen.page.goto(report.as_uri())
    seen.page.emulate_media(media="print")
    widths = seen.page.evaluate(
        "[...document.querySelectorAll('table, img')]"
        ".map(element => [element.getBoundingClientRect().right, element.textContent.slice(0, 40)])"
    )
    assert widths and not [pair for pair in widths if pair[0] > 688]
    pdf = seen.page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert pdf.startswith(b"%PDF") and pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") >= 3


def test_the_report_of_this_workspace(visit: Callable[..., Any], screenshot: Callable[..., None]) -> None:
    report = ROOT / "work" / "report.html"
    if not report.exists():
        pytest.skip("work/report.html is missing: make repro report")
    for width, name in ((1280, "report.png"), (375, "report_telephone.png")):
        seen = visit(width, offline=True)
        seen.page.goto(report.as_uri())
        assert overflow(seen.page) <= 0 and seen.errors == []
        screenshot(seen.page, name)
