"""Profiles: complete parameter files under profiles/. One is copied to params.yaml to become the active one."""

import re
from pathlib import Path
from typing import Any

import yaml

from ldnet.errors import InputError
from ldnet.files import write_bytes
from pipeline.params import load_params

_ABSENT = "(absent)"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def names(folder: Path) -> list[str]:
    """The profiles in the folder, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def switch(active: Path, folder: Path, name: str, *, save: str = "", discard: bool = False) -> None:
    """Copy profile `name` to `active`, the parameters file.

    A hand edit (a text that no profile has: comments are edits too) is first kept as profile `save`, or given up if
    `discard`. Raises InputError if it would be lost, if there is no such profile or it carries another name, or if
    `save` is taken.
    """
    if name not in names(folder):
        raise InputError(
            f"no profile {name!r} in {folder}; there are {', '.join(names(folder))}; "
            f"for one more, copy the nearest to {folder / name}.yaml and set `profile: {name}` in it"
        )
    if (own := load_params(folder / f"{name}.yaml").profile) != name:
        raise InputError(
            f"{folder / name}.yaml: profile: expected {name}, the file's own name (results are published under it), "
            f"found {own!r}"
        )
    if save:
        _save(active, folder, save)
    elif not discard and is_edited(active, folder):
        raise InputError(_refusal(active, folder, name))
    write_bytes(active, (folder / f"{name}.yaml").read_bytes())


def is_edited(active: Path, folder: Path) -> bool:
    """Whether the parameters file has a text that no profile has."""
    if not active.exists():
        return False
    return all((folder / f"{name}.yaml").read_bytes() != active.read_bytes() for name in names(folder))


def differences(profile: Any, current: Any, key: str = "") -> dict[str, tuple[Any, Any]]:
    """Dotted key to (value in the profile, value now), for all values that differ."""
    if not isinstance(profile, dict) or not isinstance(current, dict):
        return {} if profile == current and type(profile) is type(current) else {key: (profile, current)}
    changed = {}
    for name in [*profile, *(name for name in current if name not in profile)]:
        inner = f"{key}.{name}" if key else str(name)
        changed.update(differences(profile.get(name, _ABSENT), current.get(name, _ABSENT), inner))
    return changed


def _save(active: Path, folder: Path, name: str) -> None:
    path = folder / f"{name}.yaml"
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} cannot name a profile: expected letters, digits, - and _")
    if path.exists():
        raise InputError(f"{path}: exists already; save under another name")
    # Results are published under the name in the file: it must be the profile's own.
    text = re.sub(r"(?m)^profile:[ \t]*[^\s#]+", f"profile: {name}", active.read_text(encoding="utf-8"), count=1)
    write_bytes(path, text.encode())


def _refusal(active: Path, folder: Path, name: str) -> str:
    try:
        current = yaml.safe_load(active.read_text(encoding="utf-8"))
    except yaml.YAMLError:
        edits = "it is not readable as YAML"
    else:
        loaded = {
            other: yaml.safe_load((folder / f"{other}.yaml").read_text(encoding="utf-8")) for other in names(folder)
        }
        changes = {other: differences(content, current) for other, content in loaded.items()}
        nearest = min(changes, key=lambda other: (len(changes[other]), other))
        lines = [f"  {key}: {before} -> {now}" for key, (before, now) in changes[nearest].items()]
        edits = f"against profiles/{nearest}.yaml:\n" + ("\n".join(lines) or "  (comments or layout only)")
    return (
        f"{active} has been edited; switching would lose that. The edits, {edits}\n"
        f"Keep them:    make profile NAME={name} SAVE=my-name   (saves them as profiles/my-name.yaml first)\n"
        f"Give them up: make profile NAME={name} DISCARD=1"
    )
