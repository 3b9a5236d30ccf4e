"""Make .dvc/plots_offline.html, in which `dvc plots show` draws its plots: DVC's own page loads Vega from the network.

The page is committed, so this runs only for new versions: `python .ci/make_plots_page.py`. It needs npm.
"""

import subprocess
import tempfile
from pathlib import Path

# The major versions are those of the specifications that DVC writes.
PACKAGES = {"vega": "5.33.1", "vega-lite": "5.23.0", "vega-embed": "6.29.0"}
PAGE = Path(__file__).parents[1] / ".dvc" / "plots_offline.html"
# DVC puts its plots in place of {plot_divs}; its {scripts} are left out.
HTML = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{{refresh_tag}}
<title>Curves of the stages</title>
<link rel="icon" href="data:,">
<!-- Made by .ci/make_plots_page.py. It contains {packages}, with what they depend on, under these licences:

{licences}
-->
{scripts}
<style>body {{ font-family: sans-serif; margin: 1rem; }} table {{ border-spacing: 15px; }}</style>
</head>
<body>
{{plot_divs}}
</body>
</html>
"""


def main() -> None:
    wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "install", "--silent", "--no-save", "--prefix", folder, *wanted], check=True)
        modules = Path(folder) / "node_modules"
        scripts = [(modules / name / "build" / f"{name}.min.js").read_text(encoding="utf-8") for name in PACKAGES]
        licences = collect_licences(modules)
    page = HTML.format(
        packages=", ".join(wanted),
        licences=licences.replace("--", "- -"),
        scripts="\n".join("<script>" + script.replace("</script", "<\\/script") + "</script>" for script in scripts),
    )
    for placeholder in ("{plot_divs}", "{refresh_tag}"):
        assert page.count(placeholder) == 1, f"{placeholder} is also in a script"
    PAGE.write_text(page, encoding="utf-8")


def collect_licences(modules: Path) -> str:
    """The licence texts of all installed packages, each text once, below the names of its packages."""
    users: dict[str, list[str]] = {}
    for file in sorted(modules.glob("**/LICEN[SC]E*")):
        text = "\n".join(line.rstrip() for line in file.read_text(encoding="utf-8").strip().splitlines())
        users.setdefault(text, []).append(file.parent.relative_to(modules).as_posix())
    return "\n\n".join(f"{', '.join(names)}:\n{text}" for text, names in users.items())


if __name__ == "__main__":
    main()
