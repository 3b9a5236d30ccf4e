"""Make a virtual environment, or install what has changed of its pins: nothing if nothing has.

This runs before anything is installed, so it needs Python alone: `python3 -I commands/environment.py .venv <pins>`.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 14)
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"
PROJECT = Path("pyproject.toml")


def main() -> None:
    """Status 1, or pip's, if something cannot be installed; the same command continues from there."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path, help="of the environment")
    arguments.add_argument("requirements", type=Path, help="pinned")
    arguments.add_argument("--project", action="store_true", help="Install this project, too, to be edited.")
    arguments.add_argument("--cuda", action="store_true", help="Take torch from pip's index, on Linux with CUDA.")
    given = arguments.parse_args()
    if not _has(given.folder, "requirements.txt", given.requirements):
        _install(given.folder, given.requirements, given.cuda)
        shutil.copyfile(given.requirements, given.folder / "requirements.txt")
    if given.project and not _has(given.folder, PROJECT.name, PROJECT):
        _pip(given.folder, "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", ".")
        shutil.copyfile(PROJECT, given.folder / PROJECT.name)


def _has(folder: Path, name: str, wanted: Path) -> bool:
    """Whether the environment was made of this file: it keeps a copy."""
    kept = folder / name
    return kept.is_file() and kept.read_bytes() == wanted.read_bytes()


def _install(folder: Path, requirements: Path, cuda: bool) -> None:
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        oldest, newest = (".".join(map(str, version)) for version in (OLDEST, NEWEST))
        sys.exit(f"Python {oldest} to {newest} is needed; give one as PYTHON=")
    print(f"Installing what {requirements} pins into {folder} (minutes)", flush=True)
    if status := subprocess.run([sys.executable, "-m", "venv", str(folder)]).returncode:
        sys.exit(status)
    lines = requirements.read_text(encoding="utf-8").splitlines()
    torch = [line.split(" ")[0] for line in lines if line.startswith("torch==")]
    # Pip's usual index has torch with CUDA on Linux. A pip that was given an index of its own is left with that.
    if torch and not cuda and not _has_index(folder):
        own = ["--no-deps", "--index-url", CPU_WHEELS, *torch]
        if _pip(folder, "install", "--quiet", "--retries", "0", "--timeout", "10", *own, needed=False):
            print(f"{CPU_WHEELS}: not reached; torch comes from pip's usual index, on Linux with CUDA", flush=True)
    _pip(folder, "install", "--quiet", "--requirement", str(requirements))


def _has_index(folder: Path) -> bool:
    asked = [_python(folder), "-m", "pip", "config", "get", "global.index-url"]
    return bool(os.environ.get("PIP_INDEX_URL")) or subprocess.run(asked, capture_output=True).returncode == 0


def _pip(folder: Path, *arguments: str, needed: bool = True) -> int:
    """Pip's status; this process ends with it if what it does is needed."""
    status = subprocess.run([_python(folder), "-m", "pip", *arguments]).returncode
    if status and needed:
        sys.exit(status)
    return status


def _python(folder: Path) -> str:
    return str(folder / "bin" / "python")


if __name__ == "__main__":
    main()
