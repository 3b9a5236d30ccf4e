"""What the text of the language models is: its files, size and form, and which words of the tagged sentences it has.

The text is read once, a part of it in memory at a time; of a large one, the beginning of each file is read.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ldnet.text.columns import Sentence, sentence_hash
from ldnet.text.lines import compression
from ldnet.text.lm_words import END_OF_SENTENCE
from pipeline.checking.findings import Findings, percent
from pipeline.checking.tagged_sentences import TaggedSentences
from pipeline.corpus.altered_tests import Altered, doubts_of_altered_tests, merged
from pipeline.corpus.fitness import fitness, known_share, missing_words
from pipeline.corpus.lm_files import check_text, find_text, listed
from pipeline.corpus.lm_form import doubts_of_form
from pipeline.corpus.numbered_parts import NumberedPart, number_part
from pipeline.corpus.preparation import (
    COMPRESSION,
    check_size,
    doubts_of_other_tests,
    hashes_of,
    make_vocabulary,
    other_tests,
)
from pipeline.corpus.text_parts import PART_BYTES, Part, read_parts
from pipeline.corpus.unlabelled import LONGEST, SHORTEST, check_enough
from pipeline.params import Params

MOST_BYTES = 1 << 27  # of text that is read whole: about 25 million words
SAMPLE_TOKENS = 1_000_000  # that are kept, for steps of language models to be timed on
Ranks = NDArray[np.uint64]


@dataclass(eq=False)
class LMSentences:
    """The text without test sentences, as far as it was read; `share` of it was. Counts are of training sentences."""

    share: float
    read: int = 0  # sentences
    dropped: int = 0  # of them, as test sentences
    altered: Altered = field(default_factory=dict)  # test sentences that are there in another form
    sentences: int = 0  # for training
    counts: Counter[str] = field(default_factory=Counter)
    vocabulary: list[str] = field(default_factory=list)
    heldout: int = 0  # different sentences
    fitting: int = 0  # different ones that taught taggers can learn from, or as many as are asked for
    first: list[NumberedPart] = field(default_factory=list)

    @property
    def tokens(self) -> int:
        """Words and ends of training sentences, in all of the text."""
        return round((self.counts.total() + self.sentences) / self.share)


def look_at_text(
    raw: Path, params: Params, sentences: TaggedSentences | None, findings: Findings, most_bytes: int = MOST_BYTES
) -> LMSentences | None:
    """Read the text, all of it or about `most_bytes`; None if none can be read. What is found goes to `findings`."""
    corpus = params.prepare_corpus
    paths, plain, share, hashes = list[Path](), dict[Path, int](), 1.0, set[str]()
    with findings.keep_error():
        paths, others = find_text(raw, corpus.text)
        plain = {path: path.stat().st_size * (COMPRESSION if compression(path) else 1) for path in paths}
        share = min(1.0, most_bytes / max(1, sum(plain.values())))
        names = listed([path.relative_to(raw) for path in paths])
        how = (
            "all read" if share == 1 else f"about the first {percent(share, 1)} of each read, so numbers are estimates"
        )
        findings.add("taken", f"{len(paths):,} {'file' if len(paths) == 1 else 'files'}, {how}: {names}")
        left = f"{listed([path.relative_to(raw) for path in others])}: not taken by prepare_corpus.text, {corpus.text}"
        findings.add("left out", left if others else "nothing")
        if others:
            findings.warnings.append(f"not taken by prepare_corpus.text, {corpus.text}: {listed(others)}")
    before = len(findings.errors)
    with findings.keep_error():
        findings.warnings += doubts_of_form(paths)
    unreadable = len(findings.errors) > before
    with findings.keep_error():
        findings.warnings += doubts_of_other_tests(raw, corpus.other_tests)
        hashes = hashes_of(other_tests(raw, corpus.other_tests))
    hashes |= {sentence_hash(sentence.words) for sentence in sentences.splits["test"]} if sentences else set()
    if not plain:
        return None
    text = LMSentences(share)
    before = len(findings.errors)
    _read(text, plain, hashes, params, findings)
    if unreadable or len(findings.errors) > before:
        return None
    if share == 1:
        kept = text.read - text.dropped
        with findings.keep_error():
            check_size(paths[0].parent, corpus.heldout_sentences, text.heldout, kept, text.sentences)
        with findings.keep_error():
            check_enough(raw / corpus.text, text.fitting, params.prepare_unlabelled.sentences)
    _report(text, params, sentences, findings)
    return text if text.sentences else None


def _read(text: LMSentences, plain: dict[Path, int], hashes: set[str], params: Params, findings: Findings) -> None:
    """Count what the files have; a file that cannot be read is an error, and is left out."""
    size = math.ceil(text.share * params.prepare_corpus.heldout_sentences)
    heldout: dict[int, tuple[list[str], int]] = {}  # words and copies, by rank
    fitting: Ranks = np.zeros(0, dtype=np.uint64)
    total = round(text.share * sum(plain.values()))
    with tqdm(total=total, desc="reading LM text", unit="B", unit_scale=True, disable=None) as progress:
        for path, plain_bytes in plain.items():
            with findings.keep_error():
                check_text(path)
                for part in _beginning(path, plain_bytes, text.share):
                    numbered = number_part(part, hashes, params.seed)
                    text.read += numbered.read
                    text.dropped += numbered.read - len(numbered.ranks)
                    text.altered = merged([text.altered, numbered.altered])
                    occurrences = np.bincount(numbered.numbers, minlength=len(numbered.words)).tolist()
                    text.counts.update(dict(zip(numbered.words, occurrences, strict=True)))
                    heldout = _lowest(heldout, numbered, size)
                    fitting = _fitting(fitting, numbered, params.prepare_unlabelled.sentences)
                    if sum(len(other.numbers) for other in text.first) < SAMPLE_TOKENS:
                        text.first.append(numbered)
                    progress.update(sum(len(piece.lines) for piece in part))
    for words, copies in heldout.values():
        text.counts.subtract({word: copies * number for word, number in Counter(words).items()})
    text.sentences = text.counts.pop(END_OF_SENTENCE, 0)
    text.vocabulary = make_vocabulary(text.counts, math.ceil(text.share * params.prepare_corpus.min_count))
    text.heldout = len(heldout)
    text.fitting = len(fitting)


def _beginning(path: Path, plain_bytes: int, share: float) -> Iterator[Part]:
    """The first parts of a file, about this share of it; all for 1."""
    left = share * plain_bytes
    for part in read_parts([path], PART_BYTES if share == 1 else max(1, min(PART_BYTES, int(left)))):
        yield part
        left -= sum(len(piece.lines) + 1 for piece in part)
        if share < 1 and left <= 0:
            return


def _lowest(known: dict[int, tuple[list[str], int]], part: NumberedPart, size: int) -> dict[int, tuple[list[str], int]]:
    """The sentences of lowest rank, of those that are known and of a part: they will be held out, with all copies."""
    ranks = np.unique(np.concatenate([np.array(list(known), dtype=np.uint64), part.ranks]))[:size]
    chosen = {rank: known[rank] for rank in ranks.tolist() if rank in known}
    bounds = [0, *part.ends.tolist()]
    for i in np.isin(part.ranks, ranks).nonzero()[0].tolist():
        words = [part.words[number] for number in part.numbers[bounds[i] : bounds[i + 1]].tolist()]
        rank = int(part.ranks[i])
        chosen[rank] = (words, chosen[rank][1] + 1 if rank in chosen else 1)
    return chosen


def _fitting(known: Ranks, part: NumberedPart, count: int) -> Ranks:
    """The lowest ranks of sentences that prepare_unlabelled may draw, at most `count`."""
    lengths = np.diff(part.ends, prepend=0) - 1
    fits = (lengths >= SHORTEST) & (lengths <= LONGEST)
    return np.unique(np.concatenate([known, part.ranks[fits]]))[:count]


def _report(text: LMSentences, params: Params, sentences: TaggedSentences | None, findings: Findings) -> None:
    about = "" if text.share == 1 else "about "
    vocabulary, minimum = set(text.vocabulary), params.prepare_corpus.min_count
    findings.add(
        "size",
        f"{about}{round(text.read / text.share):,} sentences, {text.tokens:,} tokens for training; "
        f"{len(vocabulary):,} words in the vocabulary (prepare_corpus.min_count {minimum})",
    )
    findings.warnings += doubts_of_altered_tests(text.altered, text.dropped)
    if sentences is None or not text.sentences:
        return
    splits = sentences.splits
    train = [sentence.words for sentence in splits["train"]]
    words = Counter(word for sentence in train for word in sentence)
    missing = missing_words(words, text.counts)
    tokenised = "no, or in another way than train" if missing else "as train is"
    of_text, of_train = text.counts.total() / text.sentences, words.total() / len(train)
    findings.add("tokenised", f"{tokenised}; {of_text:.1f} words a line, {of_train:.1f} words a sentence of train")
    known = [f"{name} {_known(splits[name], vocabulary)}" for name in ("train", "dev")]
    of_test = Counter(word for sentence in splits["test"] for word in sentence.words)  # without a look at its tags
    known += [f"test {_share(of_test, vocabulary)} of all words"]
    findings.add("known", f"to the language models, of {'; of '.join(known)}")
    where = "in the text" if text.share == 1 else "in what was read"
    findings.add("dropped", f"{text.dropped:,} sentences {where} are test sentences, and will not be learnt from")
    for line in fitness(train, text.counts, vocabulary, text.sentences, text.dropped):
        findings.note(line)


def _known(sentences: Sequence[Sentence], vocabulary: set[str]) -> str:
    """Which share of all words, and of words inside of spans, the vocabulary has."""
    words = Counter(word for sentence in sentences for word in sentence.words)
    inside = Counter(
        word for sentence in sentences for word, tag in zip(sentence.words, sentence.tags, strict=True) if tag != "O"
    )
    return f"{_share(words, vocabulary)} of all words, {_share(inside, vocabulary)} of those in spans"


def _share(words: Counter[str], vocabulary: set[str]) -> str:
    return percent(known_share(words, vocabulary), 1) if words else "none"
