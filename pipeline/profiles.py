"""Profiles: base.yaml has every parameter, with comments; the others hold only what differs from it, or from the
profile that they are `like`.

Rendered, a profile is a complete params.yaml: the base with the profile's values in it. Mappings are merged key by key.
An empty mapping replaces, and so do lists and all other values; null takes a key away.
"""

import io
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import PlainScalarString

from ldnet.errors import InputError
from ldnet.files import write_bytes
from pipeline.params import Params, load_params, parse_params
from pipeline.yaml_text import FAULTS, check_size, parse_yaml, read_yaml, yaml_error

BASE = "base.yaml"
LIKE = "like"
OVERLAY_SCHEMA = "# yaml-language-server: $schema=overlay.schema.json\n"
_ABSENT = "(absent)"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def names(folder: Path) -> list[str]:
    """The profiles in the folder, sorted; none where there is no base."""
    if not (folder / BASE).is_file():
        return []
    return sorted({_base_name(folder), *(path.stem for path in folder.glob("*.yaml") if path.name != BASE)})


def file_of(folder: Path, name: str) -> Path:
    """Where the profile is written down."""
    return folder / (BASE if name == _base_name(folder) else f"{name}.yaml")


def render(folder: Path, name: str) -> str:
    """The profile as the text of a params.yaml. Raises InputError if a file is missing or not YAML."""
    base = folder / BASE
    if (file := file_of(folder, name)) == base:
        return _for_parent_folder(base.read_text(encoding="utf-8"))
    tree = _read(base)
    _merge(tree, _values(folder, file))
    return _for_parent_folder(_write(tree))


def load_profile(folder: Path, name: str) -> Params:
    """The checked parameters of the profile. Raises InputError that begins with its file."""
    return parse_params(render(folder, name), str(file_of(folder, name)))


def switch(active: Path, folder: Path, name: str, *, save: str = "", discard: bool = False) -> None:
    """Render profile `name` to `active`, the parameters file.

    A hand edit (a text that no profile renders to: comments are edits too) is first kept as profile `save`, or given
    up if `discard`. Raises InputError if it would be lost, if there is no such profile or it carries another name, or
    if `save` is taken.
    """
    if name not in names(folder):
        raise InputError(
            f"no profile {name!r} in {folder}; there are {', '.join(names(folder)) or 'none'}; "
            f"for one more, copy the nearest to {folder / name}.yaml and set `profile: {name}` in it"
        )
    if (own := load_profile(folder, name).profile) != name:
        raise InputError(
            f"{folder / name}.yaml: profile: expected {name}, the file's own name (results are published under it), "
            f"found {own!r}"
        )
    if save:
        _save(active, folder, save)
    elif not discard and is_edited(active, folder):
        raise InputError(_refusal(active, folder, name))
    write_bytes(active, render(folder, name).encode())


def is_edited(active: Path, folder: Path) -> bool:
    """Whether the parameters file has a text that no profile renders to."""
    return active.exists() and active.read_bytes() not in [text.encode() for text in _rendered(folder).values()]


def differences(profile: Any, current: Any, key: str = "") -> dict[str, tuple[Any, Any]]:
    """Dotted key to (value in the profile, value now), for all values that differ."""
    if not isinstance(profile, dict) or not isinstance(current, dict):
        return {} if profile == current and type(profile) is type(current) else {key: (profile, current)}
    changed = {}
    for name in [*profile, *(name for name in current if name not in profile)]:
        inner = f"{key}.{name}" if key else str(name)
        changed.update(differences(profile.get(name, _ABSENT), current.get(name, _ABSENT), inner))
    return changed


def _values(folder: Path, file: Path) -> Mapping[str, Any]:
    """What the profile in the file has in the base's place. Raises InputError if what it is like is no such profile."""
    own = _read(file)
    if LIKE not in own:
        return own
    like = own.pop(LIKE)
    files = {name: file_of(folder, name) for name in names(folder)}
    others = {name: _read(other) for name, other in files.items() if other not in (file, folder / BASE)}
    possible = [name for name, values in others.items() if LIKE not in values]
    if like not in possible:
        raise InputError(
            f"{file}: {LIKE}: expected a profile that is like no other one ({', '.join(possible) or 'there is none'}), "
            f"found {like!r}"
        )
    return _overlaid(others[like], own)


def _overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """The values of both, merged as they are merged into the base."""
    both = {**below, **above}
    for key in above:
        if isinstance(below.get(key), dict) and isinstance(above[key], dict) and above[key]:
            both[key] = _overlaid(below[key], above[key])
    return both


def _base_name(folder: Path) -> str:
    return str(_read(folder / BASE).get("profile"))


def _rendered(folder: Path) -> dict[str, str]:
    """The texts of all profiles that can be read, by name."""
    texts = {}
    for name in names(folder):
        with suppress(InputError):
            texts[name] = render(folder, name)
    return texts


def _merge(tree: CommentedMap, changes: Mapping[str, Any]) -> None:
    """Put the changes into the tree, whose comments stay."""
    for key, value in changes.items():
        if value is None:
            tree.pop(key, None)
        elif isinstance(value, dict) and value and isinstance(tree.get(key), dict):
            _merge(tree[key], value)
            tree[key] = tree[key] or {}  # an emptied mapping would keep the layout of a full one
        elif isinstance(value, list) and isinstance(tree.get(key), list):
            tree[key][:] = value  # in the layout of the base
        else:
            tree[key] = PlainScalarString(value) if type(value) is str else value  # not with the quotes of the base


def _changes(base: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """What `_merge` makes the values of the base with. Comments are left behind."""
    changed: dict[str, Any] = {key: None for key in base if key not in values}
    for key, value in values.items():
        before = base.get(key)
        if isinstance(value, dict) and value and isinstance(before, dict):
            if inner := _changes(before, value):
                changed[key] = inner
        elif before != value or not (isinstance(value, str) or type(before) is type(value)):
            changed[key] = _bare(value)
    return changed


def _bare(value: Any) -> Any:
    """The value without comments; lists on one line."""
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in value.items()}
    if isinstance(value, list):
        items = CommentedSeq(map(_bare, value))
        items.fa.set_flow_style()
        return items
    return value


def _save(active: Path, folder: Path, name: str) -> None:
    path = folder / f"{name}.yaml"
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} cannot name a profile: expected letters, digits, - and _")
    if path.exists() or name in names(folder):
        raise InputError(f"{path}: exists already; save under another name")
    load_params(active)
    # Results are published under the name in the file: it must be the profile's own.
    changes = {**_changes(_read(folder / BASE), _read(active)), "profile": name}
    write_bytes(path, (OVERLAY_SCHEMA + _write({"profile": name, **changes})).encode())


def _refusal(active: Path, folder: Path, name: str) -> str:
    try:
        current = read_yaml(active)
    except InputError:
        edits = "against no profile:\n  (it is not readable as YAML)"
    else:
        changes = {other: differences(parse_yaml(text, other), current) for other, text in _rendered(folder).items()}
        nearest = min(changes, key=lambda other: (len(changes[other]), other))
        lines = [f"  {key}: {before} -> {now}" for key, (before, now) in changes[nearest].items()]
        edits = f"against {file_of(folder, nearest)}:\n" + ("\n".join(lines) or "  (comments or layout only)")
    return (
        f"{active} has been edited; switching would lose that. The edits, {edits}\n"
        f"Keep them:    make profile NAME={name} SAVE=my-name   (saves the values as {folder}/my-name.yaml first)\n"
        f"Give them up: make profile NAME={name} DISCARD=1"
    )


def _yaml() -> YAML:
    """Reads and writes YAML with its comments and quotes; a line is as long as it is."""
    round_trip = YAML()
    round_trip.preserve_quotes = True
    round_trip.width = 1_000_000
    return round_trip


def _read(path: Path) -> CommentedMap:
    """The file with its comments. Raises InputError if it is not a YAML file of keys."""
    try:
        text = path.read_text(encoding="utf-8")
        check_size(text, str(path))
        content = _yaml().load(text)
    except (*FAULTS, OSError) as error:
        raise yaml_error(error, str(path)) from None
    if not isinstance(content, CommentedMap):
        raise InputError(f"{path}: expected a section of keys, found {content!r}")
    return content


def _write(tree: Mapping[str, Any]) -> str:
    """The text, with an empty line before each section and nowhere else below the first key."""
    stream = io.StringIO()
    _yaml().dump(tree, stream)
    head, keys = re.split(r"(?m)^(?=\w)", stream.getvalue(), maxsplit=1)
    sections = "|".join(key for key, value in tree.items() if isinstance(value, dict))
    return head + re.sub(rf"\n(?=(?:{sections}):)", "\n\n", re.sub(r"\n\n+", "\n", keys)).rstrip() + "\n"


def _for_parent_folder(text: str) -> str:
    """The text for the folder around: editors find the schema by a path from the file."""
    return text.replace("$schema=../", "$schema=", 1)
