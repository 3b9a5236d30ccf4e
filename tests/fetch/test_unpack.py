"""Archives that have other files than expected, or more."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from ldnet.errors import InputError
from pipeline.fetch.fetch import fetch
from tests.fetch.data_files import SHARDS, TRAIN, VECTORS, public_data_set, silent, tarred, zipped
from tests.fetch.web_site import Site, sha256


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("glove.zip", zipped({"sub/glove.100d.txt": VECTORS}), "has no file glove.100d.txt"),
        ("glove.zip", zipped({"glove.100d.txt": b"other"}), "glove.100d.txt has sha256"),
        ("glove.zip", b"PK nonsense", "cannot be unpacked"),
        ("train.txt.gz", gzip.compress(TRAIN)[:-6], "cannot be unpacked"),
        ("corpus.tar.gz", tarred({"corpus/news-1": b"x"}), "has no file corpus/news-2"),
    ],
    ids=["other name", "other content", "no archive", "cut short", "part missing"],  # contents have a time in them
)
def test_archives_with_another_content(site: Site, tmp_path: Path, file: str, content: bytes, message: str) -> None:
    data_set = public_data_set(site, **{file: sha256(content)})
    site.files[f"/{file}"] = content
    with pytest.raises(InputError, match=message):
        fetch(data_set, tmp_path, None, silent)
    assert not list(tmp_path.rglob(".*.part"))
    assert not (tmp_path / "news" / "SHA256SUMS").exists()


def test_links_in_an_archive_are_not_followed(site: Site, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in SHARDS:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
            archive.addfile(link)
    data_set = public_data_set(site, **{"corpus.tar.gz": sha256(buffer.getvalue())})
    site.files["/corpus.tar.gz"] = buffer.getvalue()
    with pytest.raises(InputError, match="has no file corpus/news-1"):
        fetch(data_set, tmp_path, None, silent)
