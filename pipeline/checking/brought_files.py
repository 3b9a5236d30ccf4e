"""Whether the files that params.yaml names are there, and whether word vectors are as wide as it says."""

from collections.abc import Iterator
from pathlib import Path

from ldnet.errors import InputError
from pipeline.params import Params
from pipeline.text.word_vectors import vector_dimension
from pipeline.values import listed_files


def problems_of_files(params: Params, folder: Path) -> Iterator[InputError]:
    """An error that says which files the active data set, in `folder`/<name>, lacks; and one for each file of word
    vectors that is in another format or width than the parameters ask for. None for a data set that is generated."""
    name = params.data
    if name in params.generate_data:
        return
    conll, corpus = params.prepare_conll, params.prepare_corpus
    files = {
        "prepare_conll.train": conll.train,
        "prepare_conll.dev": conll.dev,
        "prepare_conll.test": conll.test,
        "prepare_conll.vectors": conll.vectors,
        "prepare_corpus.text": corpus.text,
        "prepare_corpus.vectors": corpus.vectors,
    }
    given = [(key, file) for key, named in files.items() for file in listed_files(named)]
    if missing := [f"{file} ({key})" for key, file in given if not any((folder / name).glob(file))]:
        yield InputError(
            f"{folder / name}: no {', no '.join(missing)}; copy the files from a folder with `make data NAME={name} "
            f"FROM=<folder>` (word vectors as vectors.txt or *.vec), or leave FROM out to download; or change what "
            "params.yaml says of them"
        )
    widths = {
        "train_tagger.word_dimension": (conll.vectors, params.train_tagger.word_dimension),
        "pretrain_lm.embedding": (corpus.vectors, params.pretrain_lm.embedding),
    }
    for file in dict.fromkeys(file for file, _ in widths.values() if file):
        path, found = folder / name / file, 0
        if path.exists():
            try:
                found = vector_dimension(path)
            except InputError as error:
                yield error
        for key, (named, width) in widths.items():
            if named == file and found not in (0, width):
                wrong = f"{found} numbers a word, but {key} is {width} in params.yaml"
                yield InputError(f"{path}: {wrong}; set it to {found}")
