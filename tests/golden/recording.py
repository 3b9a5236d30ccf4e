"""What a stage really uses: which parameters it looks at, and which files it opens for reading.

Nothing here knows the project's modules: a section of parameters is any dataclass or pydantic model.
"""

import dataclasses
import os
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import safetensors.numpy
import safetensors.torch

Note = Callable[[str], None]


def watch(section: Any, note: Note, prefix: str = "") -> Any:
    """The section itself; the dotted name of each value in it is noted from now on when somebody looks at it.

    A section within it is not a value, its own values are. Whoever copies a section with changes looks at what is not
    changed. Copies are not watched.
    """
    values = [name for name, value in vars(section).items() if not _watch_within(value, note, f"{prefix}{name}.")]
    base, copying = type(section), False

    def note_values(but: Collection[str] = ()) -> None:
        for name in values:
            if name not in but and not copying:
                note(prefix + name)

    def model_copy(*, update: dict[str, Any] | None = None, deep: bool = False) -> Any:
        nonlocal copying
        note_values(but=update or ())
        copying = True
        try:
            return base.model_copy(section, update=update, deep=deep)
        finally:
            copying = False

    class Watched(base):  # type: ignore[misc, valid-type]
        """The section's class, and what tells of the values looked at."""

        def __getattribute__(self, name: str) -> Any:
            if self is section and name == "model_copy":
                return model_copy
            if self is section and name == "__dict__":
                note_values()
            elif self is section and name in values:
                note(prefix + name)
            return super().__getattribute__(name)

    object.__setattr__(section, "__class__", Watched)
    return section


def _watch_within(value: Any, note: Note, prefix: str) -> bool:
    """Watch the value if it is a section, or its items if it has sections as items; whether there were any."""
    if dataclasses.is_dataclass(value) or hasattr(type(value), "model_fields"):
        watch(value, note, prefix)
        return True
    items = value.items() if isinstance(value, dict) else ()
    sections = [name for name, item in items if _watch_within(item, note, f"{prefix}{name}.")]
    return len(sections) > 0


def watch_reads(note: Note) -> None:
    """The path of each file that this process opens for reading, or tries to, is noted from now on."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            reads = "r" in mode if mode else not flags & os.O_WRONLY
            if reads and isinstance(path, str | bytes | os.PathLike):
                note(str(Path(os.fsdecode(path)).absolute()))

    sys.addaudithook(hook)
    # These open files without Python's knowledge.
    safetensors.torch.load_file = _announced(safetensors.torch.load_file)
    safetensors.numpy.load_file = _announced(safetensors.numpy.load_file)


def _announced(load: Callable[..., Any]) -> Callable[..., Any]:
    def load_file(path: str | os.PathLike[str], *arguments: Any, **options: Any) -> Any:
        sys.audit("open", path, "rb", 0)
        return load(path, *arguments, **options)

    return load_file
