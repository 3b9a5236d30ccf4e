"""Data sets of a few bytes: on a web site, and in a folder that is brought."""

import dataclasses
import gzip
import io
import tarfile
import zipfile
from pathlib import Path

from pipeline.fetch.placing import read_sums
from pipeline.fetch.sources import Archive, DataSet, Member, PublicSource, Slot
from tests.fetch.web_site import Site, sha256

TRAIN, TEST, VECTORS = b"a B-NP\n\n", b"b O\n\n", b"the 1 2\n"


def silent(line: str) -> None:
    """For fetches whose messages are not looked at."""


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


SHARDS = {"corpus/news-1": b"one sentence\n" * 50, "corpus/news-2": b"two\n"}


def public_data_set(site: Site, **overrides: str) -> DataSet:
    """A small data set shaped like conll2000, with its files on the site."""
    site.files = {
        "/train.txt.gz": gzip.compress(TRAIN),
        "/test.txt": TEST,
        "/glove.zip": zipped({"glove.50d.txt": b"no", "glove.100d.txt": VECTORS, "../evil.txt": b"evil"}),
        "/corpus.tar.gz": tarred({"../evil.txt": b"evil", **SHARDS, "corpus/heldout": b"no", "news-2": b"no"}),
    }

    def source(path: str, *members: Member) -> PublicSource:
        file = path.strip("/")
        home = Archive(url=site.address + path, file=file, sha256=overrides.get(file) or sha256(site.files[path]))
        gone = dataclasses.replace(home, url=f"{site.address}/gone", file=f"gone-{file}")
        return PublicSource(homes=(gone, home), members=members, disk_bytes=1000)

    return DataSet(
        name="news",
        slots=tuple(Slot(target=target, places=(target,)) for target in ("train.txt", "test.txt", "vectors.txt.gz")),
        public=(
            source("/train.txt.gz", Member(name="", target="train.txt", sha256=sha256(TRAIN))),
            source("/test.txt", Member(name="", target="test.txt", sha256=sha256(TEST))),
            source("/glove.zip", Member(name="glove.100d.txt", target="vectors.txt.gz", sha256=sha256(VECTORS))),
            source("/corpus.tar.gz", *(Member(name=name, target=f"lm/{name[7:]}.txt.gz") for name in SHARDS)),
        ),
    )


def contents(folder: Path) -> dict[str, bytes]:
    """What the files of a data folder say, unpacked; SHA256SUMS is checked rather than shown."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    sums = read_sums(folder / "SHA256SUMS")
    files.pop("SHA256SUMS")
    assert sums == {name: sha256(content) for name, content in files.items()}
    return {name: gzip.decompress(data) if name.endswith(".gz") else data for name, data in files.items()}


FILLED = {
    "train.txt": TRAIN,
    "test.txt": TEST,
    "vectors.txt.gz": VECTORS,
    "lm/news-1.txt.gz": SHARDS["corpus/news-1"],
    "lm/news-2.txt.gz": SHARDS["corpus/news-2"],
}


def make_brought(folder: Path, files: dict[str, bytes], sums: bool = True) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    if sums:
        lines = (f"{sha256(content)}  {name}\n" for name, content in files.items())
        (folder / "SHA256SUMS").write_text("".join(lines))
    return folder


NESTED = {
    "conll2003/train.txt": TRAIN,
    "conll2003/valid.txt": b"dev O\n",
    "conll2003/test.txt": TEST,
    "glove/glove.6B.100d.txt.gz": gzip.compress(VECTORS),
    "lm/a.txt.gz": gzip.compress(b"a\n"),
    "lm/b.txt.gz": gzip.compress(b"b\n"),
    "lm/README.md": b"not a text of the corpus",
}

CONLL2003 = {
    "train.txt": TRAIN,
    "dev.txt": b"dev O\n",
    "test.txt": TEST,
    "vectors.txt.gz": VECTORS,
    "lm/a.txt.gz": b"a\n",
    "lm/b.txt.gz": b"b\n",
}
