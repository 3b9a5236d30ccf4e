"""The report page: complete, alone, accessible; words of the data cannot become markup."""

import json
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from commands.report_page import main
from pipeline.publishing.html_report import SHOWN
from pipeline.six_taggers import TAGGERS
from tests.report_factories import make_experiment_values, make_row, write_measurements, write_report

SECTIONS = ["results", "cost", "layers", "lm", "types", "confusion", "errors", "parameters", "environment"]


class Page(HTMLParser):
    """Elements in their order, and text by the element around it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "source"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self._open[-1], " ".join(data.split())))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    write_measurements(folder)
    write_report(folder)
    return folder


def run(folder: Path, *arguments: str) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return CliRunner().invoke(main, list(arguments))


@pytest.fixture(scope="module")
def html(workspace: Path) -> str:
    done = run(workspace)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("work/report.html: ")
    return (workspace / "work" / "report.html").read_text(encoding="utf-8")


def test_all_sections_are_there_and_every_link_leads_to_one(html: str) -> None:
    page = Page(html)
    assert [section["id"] for section in page.all("section")] == SECTIONS
    identifiers = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(identifiers)) == len(identifiers)
    assert {link["href"] for link in page.all("a")} == {f"#{section}" for section in SECTIONS}


def test_nothing_is_fetched_and_nothing_runs(html: str) -> None:
    page = Page(html)
    assert not page.all("script")
    addresses = [
        value
        for tag, attributes in page.elements
        for name, value in attributes.items()
        if name in ("src", "srcset", "href", "data", "action", "poster") and tag != "a"
    ]
    assert len(addresses) >= 7 and all(str(address).startswith("data:") for address in addresses)
    assert "url(" not in html and "@import" not in html
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


def test_it_can_be_read_without_seeing_it(html: str) -> None:
    page = Page(html)
    assert page.all("html") == [{"lang": "en"}]
    assert all(len(str(image["alt"])) > 30 for image in page.all("img"))
    assert len(page.all("img")) == len(page.all("figcaption"))
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(cell.get("scope") in ("col", "row") for cell in page.all("th"))
    levels = [int(tag[1]) for tag, _ in page.elements if tag in ("h1", "h2", "h3")]
    assert levels.count(1) == 1 and all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_words_are_text_not_markup(html: str) -> None:
    assert {"<unk>", "&", "<script>alert(1)</script>"} <= {text for _, text in Page(html).texts}
    assert "<script" not in html and "&lt;script&gt;" in html


def test_errors_are_marked_on_the_side_that_is_wrong(html: str) -> None:
    page = Page(html)
    assert page.text("mark") == ["Ann Lee", "Ann"]
    assert "1 of 2 seeds makes errors here" in html


def test_numbers_are_those_of_the_results(html: str) -> None:
    texts = [text for _, text in Page(html).texts]
    assert {"83.20 ± 0.14", "85.20 ± 0.14", "0.410", "pruned, gold", "pruned, taught"} <= set(texts)
    assert "Taught, test F1 is 85.20 pruned, 85.50 with all layers, 75.20 without any." in html
    assert html.count("pruned minus all LM layers") == 2, "once a training"
    assert "50.00 ± 70.71" in texts  # F1 of the type PER: 0 and 100, by the pruned taggers
    assert {"select.regulariser", "r3", "torch"} <= set(texts)
    assert "No regularisation path of this profile has been published:" in texts


def test_a_published_path_is_shown_with_the_parameters_that_differ(workspace: Path, html: str, tmp_path: Path) -> None:
    document = {
        "data": "demo",
        "git_commit": "abc",
        "params": {**make_experiment_values(), "seed": 9},
        "points": [
            {
                "strength": 0.02,
                "max_layers": 1,
                "layers_kept": {"forward": [1], "backward": []},
                "budget_reached_by": "optimiser",
                "dev_f1_mean": 83.0,
                "dev_f1_sd": 0.1,
                "test_f1_mean": 82.0,
                "test_f1_sd": 0.1,
                "macs_per_word": 150_000,
                "on_front": True,
                "command": "dvc exp run -S select.strength=0.02",
            }
        ],
        "ends": {
            variant: {key: row[key] for key in ("dev_f1_mean", "test_f1_mean", "test_f1_sd", "macs_per_word")}
            | {"on_front": True}
            for variant, row in (
                ("no_lm", make_row("no_lm", 71.2, 72_000, [], [])),
                ("full", make_row("full", 83.5, 410_000, [0, 1], [0, 1])),
            )
        },
        "knee": {"strength": 0.02, "max_layers": 1},
    }
    (tmp_path / "path_demo.json").write_text(json.dumps(document), encoding="utf-8")
    out = tmp_path / "page.html"
    assert run(workspace, "--paths", str(tmp_path), "--out", str(out)).exit_code == 0
    text = out.read_text(encoding="utf-8")
    assert "other values of seed than" in text and "The knee: strength 0.02, budget 1" in text
    assert len(Page(text).all("img")) == len(Page(html).all("img")) + 1


def test_predictions_of_another_run_are_refused(workspace: Path, tmp_path: Path) -> None:
    predictions = tmp_path / "predictions"
    predictions.mkdir()
    for variant, training in TAGGERS.values():
        for seed in (1, 2):
            file = predictions / training / f"{variant}-seed-{seed}.conll"
            file.parent.mkdir(exist_ok=True)
            file.write_text("a S-PER S-PER\n", encoding="utf-8")
    done = run(workspace, "--predictions", str(predictions))
    assert done.exit_code == 1 and done.output.count("\n") == 1
    assert "pruned_taught, seed 1: F1 100.0000, but the results say 66.6667" in done.output


def test_parameters_changed_since_are_refused(workspace: Path, tmp_path: Path) -> None:
    copied = tmp_path / "params.yaml"
    text = (workspace / "params.yaml").read_text(encoding="utf-8").replace("strength: 0.05", "strength: 0.5")
    copied.write_text(text, encoding="utf-8")
    done = run(tmp_path, "--report", str(workspace / "work" / "report"))
    assert done.exit_code == 1 and "other parameters than those in params.yaml" in done.output


def test_the_shown_tagger_is_one_that_is_evaluated() -> None:
    assert SHOWN in TAGGERS
