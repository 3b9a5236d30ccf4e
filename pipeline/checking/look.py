"""One look at all data of an experiment."""

import time
from dataclasses import dataclass
from pathlib import Path

from ldnet.errors import InputError
from pipeline.checking.brought_files import problems_of_files
from pipeline.checking.findings import Findings
from pipeline.checking.lm_sentences import LMSentences, look_at_text
from pipeline.checking.tagged_sentences import TaggedSentences, look_at_sentences, look_at_vectors
from pipeline.params import Params
from pipeline.text.word_vectors import WordVectors


@dataclass(frozen=True)
class Look:
    """What was found, and the data itself where it can be read; the seconds that the tagged sentences took."""

    findings: Findings
    sentences: TaggedSentences | None
    vectors: WordVectors | None
    text: LMSentences | None
    seconds: float


def look(params: Params, folder: Path, *, with_vectors: bool = True) -> Look:
    """Read the data set that `params` name, in `folder`/<name>, without and with its word vectors.

    What is wrong with it is in the findings, as the stages would say it. Raises InputError if there is no data set.
    """
    raw = folder / params.data
    if params.data in params.generate_data and not raw.exists():
        raise InputError(f"{raw}: not generated yet; `dvc repro generate_data` does")
    findings, started = Findings(), time.perf_counter()
    for problem in problems_of_files(params, folder):
        findings.errors.append(str(problem))
    findings.lines.append("tagged sentences")
    sentences = look_at_sentences(raw, params, findings)
    vectors = look_at_vectors(raw, params.prepare_conll, sentences, findings) if with_vectors else None
    seconds = time.perf_counter() - started
    findings.lines.append("text of the language models")
    text = look_at_text(raw, params, sentences, findings)
    return Look(findings, sentences, vectors, text, seconds)
