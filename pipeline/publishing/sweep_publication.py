"""What sweeps publish: a document of all numbers, a figure of it, and a section of a page in docs/ with its tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from ldnet.errors import InputError
from ldnet.files import write_json
from pipeline.publishing.filled_pages import fill_page
from pipeline.publishing.profile_changes import set_first
from pipeline.report.figure_files import save_figure
from pipeline.report.provenance import source_version

DOCS = Path("docs")
RESULTS = Path("results")
PROFILES = Path("profiles")
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Publication:
    """One kind of document; there may be one for each profile."""

    name: str  # of the section, and what the names of its files begin with
    page: Path  # that has the section
    read: Callable[[Path], Document]
    section: Callable[[Document], str]
    figure: Callable[[Document], Figure]

    def publish(self, document: Document) -> Path:
        """Write the document and its figure, and fill the page; the path of the document.

        The figure is drawn from the file, whose keys are sorted, so that a copy of the file gives the same one.
        """
        stem = f"{self.name}_{document['params']['profile']}"
        file = RESULTS / f"{stem}.json"
        write_json(file, document)
        save_figure(self.figure(self.read(file)), DOCS / f"{stem}.svg")
        self.fill_page()
        return file

    def fill_page(self) -> None:
        """Make the tables of all published documents. Raises InputError if the page or its markers are missing."""
        fill_page(self.page, {self.name: self.sections(RESULTS)})

    def sections(self, results: Path) -> str:
        """The tables of all documents in this folder, each with what to set first if its profile has changed."""
        documents = [self.read(file) for file in sorted(results.glob(f"{self.name}_*.json"))]
        sections = [self.section(document) + set_first(document, PROFILES) for document in documents]
        return "\n".join(sections) or "None yet.\n"


def code_version() -> str:
    """The commit of the code that makes results, with -dirty appended if the code differs from it.

    Raises InputError if there is none.
    """
    version = source_version(Path.cwd())
    if version is None:
        raise InputError(
            f"{Path.cwd()}: not a git repository with a commit; expected one, to say which code makes the results"
        )
    return version
