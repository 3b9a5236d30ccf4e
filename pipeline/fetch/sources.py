"""What each named data set consists of, where its files are found in a folder, and their public homes.

Every checksum below was recorded by others, independently of this project: CoNLL-2000 by CorpusLoaders.jl (its
training archive also by Homebrew), the GloVe archive by Embeddings.jl and the NumPy tutorials and its 100d file by
several public repositories, the One Billion Word benchmark, with its size, by TensorFlow Datasets.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Archive:
    """One file to download. `file` is its name on disk, whose ending says how it is unpacked; `size` is in bytes."""

    url: str
    file: str
    sha256: str
    size: int | None = None  # None: no record of the size was found


@dataclass(frozen=True, kw_only=True)
class Member:
    """A file inside an archive ('' if it has but one), where it goes, and the SHA-256 of its unpacked content."""

    name: str
    target: str
    sha256: str | None = None  # None: only the archive's checksum is published


@dataclass(frozen=True, kw_only=True)
class PublicSource:
    """Files with a public home. The homes are tried in order; `disk_bytes` is about what the unpacked files take."""

    homes: tuple[Archive, ...]
    members: tuple[Member, ...]
    disk_bytes: int


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A file of the data set, and the places where it may stand in a folder that is brought, best first."""

    target: str
    places: tuple[str, ...]
    required: bool = True
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A data set under data/raw/. No `shards`: any text in lm/ will do. No `public`: it must be brought.

    Of the user's `own`, word vectors under their published names are brought, too.
    """

    name: str
    slots: tuple[Slot, ...]
    shards: tuple[str, ...] = ()
    public: tuple[PublicSource, ...] = ()
    why_brought: str = ""
    own: bool = False


CONLL2000_TRAIN = "82033cd7a72b209923a98007793e8f9de3abc1c8b79d646c50648eb949b87cea"
CONLL2000_TEST = "73b7b1e565fa75a1e22fe52ecdf41b6624d6f59dacb591d44252bf4d692b1628"

# The shared task's own server has been unreachable at times: the second home is a copy that other data loaders use.
CONLL2000_PUBLIC = (
    PublicSource(
        homes=(
            Archive(
                url="https://www.clips.uantwerpen.be/conll2000/chunking/train.txt.gz",
                file="conll2000-train.txt.gz",
                sha256="bcbbe17c487d0939d48c2d694622303edb3637ca9c4944776628cd1815c5cb34",
            ),
            Archive(
                url="https://raw.githubusercontent.com/teropa/nlp/master/resources/corpora/conll2000/train.txt",
                file="conll2000-train.txt",
                sha256=CONLL2000_TRAIN,
                size=2_842_164,
            ),
        ),
        members=(Member(name="", target="train.txt", sha256=CONLL2000_TRAIN),),
        disk_bytes=3_000_000,
    ),
    PublicSource(
        homes=(
            Archive(
                url="https://www.clips.uantwerpen.be/conll2000/chunking/test.txt.gz",
                file="conll2000-test.txt.gz",
                sha256="2695b931a505b65b1d3fe2a5aa0d749edcd53d786278da6d7726714e1426fbe8",
            ),
            Archive(
                url="https://raw.githubusercontent.com/teropa/nlp/master/resources/corpora/conll2000/test.txt",
                file="conll2000-test.txt",
                sha256=CONLL2000_TEST,
                size=639_396,
            ),
        ),
        members=(Member(name="", target="test.txt", sha256=CONLL2000_TEST),),
        disk_bytes=1_000_000,
    ),
)

GLOVE_PUBLIC = PublicSource(
    homes=(
        Archive(
            url="https://nlp.stanford.edu/data/glove.6B.zip",
            file="glove.6B.zip",
            sha256="617afb2fe6cbd085c235baf7a465b96f4112bd7f7ccb2b2cbd649fed9cbcf2fb",
            size=862_182_613,
        ),
    ),
    members=(
        Member(
            name="glove.6B.100d.txt",
            target="vectors.txt.gz",
            sha256="95dde4dfd627ab26608d33e76d1195ec059734bd29089ea52cadb08d07c64544",
        ),
    ),
    disk_bytes=150_000_000,
)

# Shard 0 of the hundred is the benchmark's held-out part and not in the training folder.
BILLION_WORD_SHARDS = tuple(f"news.en-{number:05d}-of-00100" for number in range(1, 100))


def billion_word(shards: tuple[str, ...]) -> PublicSource:
    """These shards of the One Billion Word benchmark, each of about 8 million words."""
    archive = "1-billion-word-language-modeling-benchmark-r13output"
    return PublicSource(
        homes=(
            Archive(
                url=f"https://www.statmt.org/lm-benchmark/{archive}.tar.gz",
                file=f"{archive}.tar.gz",
                sha256="01ba60381110baf7f189dfd2b8374de371e8c9a340835793f190bdae9e90a34e",
                size=1_792_209_805,
            ),
        ),
        members=tuple(
            Member(
                name=f"{archive}/training-monolingual.tokenized.shuffled/{shard}",
                target=f"lm/{shard}.txt.gz",
            )
            for shard in shards
        ),
        disk_bytes=20_000_000 * len(shards),
    )


VECTORS = Slot(target="vectors.txt.gz", places=("vectors.txt.gz", "glove/glove.6B.100d.txt.gz", "glove.6B.100d.txt.gz"))
# One LM can serve both tasks if it has read neither test split.
CONLL2000_SLOTS = (
    Slot(target="train.txt", places=("conll2000/train.txt", "train.txt"), sha256=CONLL2000_TRAIN),
    Slot(target="test.txt", places=("conll2000/test.txt", "test.txt"), sha256=CONLL2000_TEST),
    Slot(target="other_tests/conll2003.txt", places=("conll2003/test.txt",), required=False),
    VECTORS,
)
CONLL2003_SLOTS = (
    Slot(target="train.txt", places=("conll2003/train.txt", "train.txt")),
    Slot(
        target="dev.txt",
        places=("conll2003/dev.txt", "conll2003/valid.txt", "dev.txt", "valid.txt"),
    ),
    Slot(target="test.txt", places=("conll2003/test.txt", "test.txt")),
    Slot(
        target="other_tests/conll2000.txt",
        places=("conll2000/test.txt",),
        required=False,
        sha256=CONLL2000_TEST,
    ),
    VECTORS,
)
DATA_SETS = {
    data_set.name: data_set
    for data_set in (
        DataSet(
            name="conll2000",
            slots=CONLL2000_SLOTS,
            public=(
                *CONLL2000_PUBLIC,
                GLOVE_PUBLIC,
                billion_word(BILLION_WORD_SHARDS[:1]),
            ),  # what a desktop can train on
        ),
        DataSet(
            name="conll2003",
            slots=CONLL2003_SLOTS,
            why_brought="CoNLL-2003 cannot be downloaded: its sentences are Reuters news (RCV1), licensed for research "
            "by NIST to those who sign for them",
        ),
        DataSet(
            name="paper",
            slots=CONLL2000_SLOTS,
            shards=tuple(f"lm/{shard}.txt.gz" for shard in BILLION_WORD_SHARDS),
            public=(*CONLL2000_PUBLIC, GLOVE_PUBLIC, billion_word(BILLION_WORD_SHARDS)),
        ),
    )
}


def own_data_set(name: str) -> DataSet:
    """The layout of a user's own data set: columns and LM text, with a dev split and word vectors if there are any."""
    return DataSet(
        name=name,
        slots=(
            Slot(target="train.txt", places=(f"{name}/train.txt", "train.txt")),
            Slot(target="test.txt", places=(f"{name}/test.txt", "test.txt")),
            Slot(
                target="dev.txt",
                places=(f"{name}/dev.txt", f"{name}/valid.txt", "dev.txt", "valid.txt"),
                required=False,
            ),
            Slot(target="vectors.txt.gz", places=(f"{name}/vectors.txt.gz", *VECTORS.places), required=False),
            Slot(target="vectors.txt", places=(f"{name}/vectors.txt", "vectors.txt"), required=False),
        ),
        own=True,
        why_brought=f"{name} is not a data set with a known public home",
    )
