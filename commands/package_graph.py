"""Show in CONTRIBUTING.md which packages import which, as a picture, and which stages depend on which package."""

import ast
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path

import click

from ldnet.command_line import FILE, Command, echo
from pipeline.publishing.filled_pages import fill_page
from pipeline.report.tables import markdown_table
from pipeline.yaml_text import read_yaml

SHOWN = ("ldnet", "pipeline", "stages", "ablations", "commands", "bench")
SPLIT = "pipeline"  # the one folder whose packages are drawn one by one
Graph = Mapping[str, set[str]]


@click.command(cls=Command, examples=["python -m commands.package_graph", "python -m commands.package_graph --check"])
@click.option("--page", type=FILE, default="CONTRIBUTING.md", show_default=True, help="Its section is filled.")
@click.option("--check", is_flag=True, help="Write nothing; exit with status 1 if the picture is stale.")
def main(page: Path, check: bool) -> None:
    """Fill two sections of the page: `packages`, a picture of the imports between packages, and `stages`, a table of
    what each package re-runs.

    An arrow leads from a package to one that it imports, and is left out where a longer way leads there as well.
    """
    picture = f"```mermaid\n{mermaid(package_imports(Path()))}```\n"
    sections = {"packages": picture, "stages": rerun_table(Path("dvc.yaml"))}
    fill_page(page, sections, check, remedy="`python -m commands.package_graph`")
    if not check:
        echo(f"{page}: the imports between packages, and what each re-runs")


def imported_modules(file: Path) -> frozenset[str]:
    """Dotted names of the modules that the file imports, at its top or in functions, and of what it takes from them.

    `from pipeline.corpus import shuffling` gives pipeline.corpus and pipeline.corpus.shuffling.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{file}: relative import"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def package_imports(root: Path) -> dict[str, set[str]]:
    """Each package of the project below `root`, and those that it imports.

    Modules directly in pipeline/ are left out, as importer and as imported: everything in it may use them.
    """
    graph: dict[str, set[str]] = {}
    for folder in SHOWN:
        for file in sorted((root / folder).rglob("*.py")):
            if (package := package_of(file.relative_to(root).with_suffix("").parts)) is None:
                continue
            modules = (tuple(name.split(".")) for name in imported_modules(file))
            others = {package_of(module) for module in modules if is_module(root, module)}
            graph.setdefault(package, set()).update(other for other in others if other not in (None, package))
    return graph


def is_module(root: Path, parts: Sequence[str]) -> bool:
    """Whether the dotted name is a module of the project, rather than a package, a name in a module or another's."""
    return parts[0] in SHOWN and root.joinpath(*parts).with_suffix(".py").is_file()


def package_of(parts: Sequence[str]) -> str | None:
    """The package that a module is drawn in; None for one directly in pipeline/."""
    if parts[0] != SPLIT:
        return parts[0]
    return parts[1] if len(parts) > 2 else None


def joined(graph: Graph) -> dict[str, set[str]]:
    """The graph with packages that import each other, directly or by way of others, made one, named `a, b`."""
    reached = {package: reachable(graph, package) for package in graph}
    name = {
        package: ", ".join(sorted({package} | {other for other in reached[package] if package in reached[other]}))
        for package in graph
    }
    merged: dict[str, set[str]] = {}
    for package, others in graph.items():
        merged.setdefault(name[package], set()).update(name[other] for other in others if name[other] != name[package])
    return merged


def reduced(graph: Graph) -> dict[str, set[str]]:
    """The graph without the arrows beside which a longer way leads to the same place. It must have no circle."""
    return {
        package: {other for other in others if not any(other in reachable(graph, between) for between in others)}
        for package, others in graph.items()
    }


def reachable(graph: Graph, start: str) -> set[str]:
    """What the package imports, directly or by way of others."""
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        if (package := waiting.pop()) not in found:
            found.add(package)
            waiting += graph[package]
    return found


def mermaid(graph: Graph) -> str:
    """The reduced graph in Mermaid's language; what imports nothing comes last."""
    arrows = reduced(joined(graph))
    order = list(TopologicalSorter({name: sorted(arrows[name]) for name in sorted(arrows)}).static_order())[::-1]
    boxes = [f'  {_identity(name)}["{_label(name)}"]' for name in order]
    lines = [f"  {_identity(name)} --> {_identity(other)}" for name in order for other in sorted(arrows[name])]
    return "\n".join(["flowchart TD", *boxes, *lines, ""])


def rerun_table(pipeline: Path) -> str:
    """Each package that is a dependency in this DVC pipeline, and the stages that have it, in running order."""
    stages = read_yaml(pipeline)["stages"]
    users: dict[str, list[str]] = {}
    for name, stage in stages.items():
        for path in stage.get("do", stage)["deps"]:
            if str(path).startswith(("ldnet/", "pipeline/")):
                package = path.rpartition("/")[0] if path.endswith(".py") else path.rstrip("/")
                users.setdefault(package, []).append(f"`{name}`")
    rows = [[f"`{package}/`", ", ".join(dict.fromkeys(names))] for package, names in sorted(users.items())]
    return markdown_table(["package", "stages that depend on it"], rows)


def _identity(name: str) -> str:
    return name.replace(", ", "_and_")


def _label(name: str) -> str:
    return ", ".join(f"{package}/" if package in SHOWN else f"{SPLIT}/{package}/" for package in name.split(", "))


if __name__ == "__main__":
    main()
