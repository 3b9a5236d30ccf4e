"""Backups, hidden files and the like, which patterns find without asking for them."""

from pathlib import Path

import pytest

from pipeline.text.stray_files import is_stray


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("train-1.txt", "train-*", False),
        ("train-1.txt~", "train-*", True),
        ("train-1.txt.bak", "train-*", True),
        ("._a-train.txt", "*train.txt", True),
        (".old/train.txt", "**/train.txt", True),
        (".old/train.txt", ".old/*.txt", False),
        ("train-1.txt~", "train-*~", False),
    ],
)
def test_strays(path: str, pattern: str, expected: bool) -> None:
    assert is_stray(Path(path), pattern) == expected
