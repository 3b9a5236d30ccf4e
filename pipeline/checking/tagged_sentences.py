"""What the tagged sentences of an experiment are: sizes, spans, scheme, slips, overlap, and words with vectors."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ldnet.text.columns import Sentence
from ldnet.text.tags import spans
from pipeline.checking.findings import Findings, example, percent
from pipeline.params import ConllParams, Params
from pipeline.text.lexicon_building import vector_coverage
from pipeline.text.raw_columns import RawFile
from pipeline.text.splits import Splits, count_shared, make_splits, paths_of_splits, read_file
from pipeline.text.tag_scheme import TagReport
from pipeline.text.word_vectors import WordVectors, read_word_vectors

EXAMPLES = 3
SHOWN = 5  # words of the first sentence
MOST_TYPES = 12  # that have a line of their own
FEW_VECTORS = 0.5  # of the words in train


@dataclass(frozen=True)
class TaggedSentences:
    """The splits in IOBES, and what their tags were as they were written."""

    splits: Splits
    tags: TagReport


def look_at_sentences(raw: Path, params: Params, findings: Findings) -> TaggedSentences | None:
    """Read the files in `raw` that are there; None if they make no splits. What is found goes to `findings`."""
    conll, files = params.prepare_conll, dict[str, list[RawFile]]()
    paths = dict[str, list[Path]]()
    with findings.keep_error():
        paths = paths_of_splits(raw, conll)
    for name, of_split in paths.items():
        for path in of_split:
            with findings.keep_error():
                files.setdefault(name, []).append(read_file(path, name, conll))
    findings.lines += [f"  {file.description()}" for of_split in files.values() for file in of_split]
    if not paths or any(len(files.get(name, ())) < len(of_split) for name, of_split in paths.items()):
        return None
    with findings.keep_error():
        splits, tags = make_splits(files, conll, params.seed, findings.note)
        sentences = TaggedSentences(splits, tags)
        _report(sentences, conll, [file for of_split in files.values() for file in of_split], findings)
        return sentences
    return None


def _report(sentences: TaggedSentences, conll: ConllParams, files: Sequence[RawFile], findings: Findings) -> None:
    splits, tags = sentences.splits, sentences.tags
    word, tag = conll.word_column, conll.tag_column
    width = files[0].layout.width
    others = [str(column) for column in files[0].span_columns if column != tag % width]
    also = f"; tags also in column {', '.join(others)}" if others else ""
    first = files[0].sentences[0]
    findings.add("words", f"in column {word}, as prepare_conll.word_column says: {_beginning(first.words)}")
    findings.add("tags", f"in column {tag}, as prepare_conll.tag_column says: {_beginning(first.tags)}{also}")
    findings.add("scheme", f"{tags.name}, as all files together show{tags.evidence}")
    findings.add("slips", _slips(tags, conll))
    of_types = {name: _texts_by_type(split) for name, split in splits.items()}
    for name, split in splits.items():
        words = sum(len(sentence.words) for sentence in split)
        number = sum(map(len, of_types[name].values()))
        findings.add(name, f"{len(split):,} sentences, {words:,} words, {number:,} spans")
    _report_types(of_types, findings)
    _report_overlap(splits, findings)


def _beginning(of_sentence: Sequence[str]) -> str:
    """The first words or tags of a sentence."""
    return " ".join(map(example, of_sentence[:SHOWN])) + (" ..." if len(of_sentence) > SHOWN else "")


def _slips(tags: TagReport, conll: ConllParams) -> str:
    if not tags.slips:
        return "none"
    first = tags.slips[0]
    return f"{len(tags.slips):,}, the first at {first.path}:{first.line}; prepare_conll.slips is {conll.slips}"


def _texts_by_type(sentences: Iterable[Sentence]) -> dict[str, list[str]]:
    """The words of all spans, in order."""
    texts: dict[str, list[str]] = {}
    for sentence in sentences:
        for span in spans(sentence.tags):
            texts.setdefault(span.type, []).append(" ".join(sentence.words[span.start : span.end]))
    return texts


def _report_types(of_types: dict[str, dict[str, list[str]]], findings: Findings) -> None:
    """A line for each type of span, the most frequent first: how many in each split, and examples."""
    counts = Counter({kind: 0 for types in of_types.values() for kind in types})
    for types in of_types.values():
        counts.update({kind: len(texts) for kind, texts in types.items()})
    for kind, _ in counts.most_common(MOST_TYPES):
        numbers = ", ".join(f"{name} {len(types.get(kind, ())):,}" for name, types in of_types.items())
        texts = dict.fromkeys(text for types in of_types.values() for text in types.get(kind, ()))
        examples = " | ".join(map(example, list(texts)[:EXAMPLES]))
        findings.add(f"  {example(kind):<7}", f"{numbers}: {examples}")
    if len(counts) > MOST_TYPES:
        findings.add("  ...", f"and {len(counts) - MOST_TYPES:,} more types")
    for name in ("dev", "test"):
        if unseen := [kind for kind in of_types[name] if kind not in of_types["train"]]:
            number = sum(len(of_types[name][kind]) for kind in unseen)
            shown = ", ".join(map(example, unseen[:MOST_TYPES]))
            findings.warnings.append(f"{number:,} spans of {name} are of types that train does not have: {shown}")


def _report_overlap(splits: Splits, findings: Findings) -> None:
    test, dev = splits["test"], splits["dev"]
    in_train, in_dev = count_shared(test, splits["train"]), count_shared(test, dev)
    dev_in_train = count_shared(dev, splits["train"])
    findings.add(
        "overlap",
        f"of {len(test):,} test sentences {in_train:,} ({percent(in_train, len(test))}) are in train, {in_dev:,} in "
        f"dev; of {len(dev):,} dev sentences {dev_in_train:,} are in train",
    )
    if in_dev:
        findings.warnings.append(f"{in_dev:,} of {len(test):,} test sentences are in dev, too")


def look_at_vectors(
    raw: Path, conll: ConllParams, sentences: TaggedSentences | None, findings: Findings
) -> WordVectors | None:
    """Read the taggers' word vectors, if there are to be any, and say which share of the words they have."""
    if not conll.vectors:
        findings.add("vectors", "none (prepare_conll.vectors is '')")
        return None
    with findings.keep_error():
        vectors = read_word_vectors(raw / conll.vectors, conll.vector_rows, findings.note)
        if sentences is not None:
            _report_coverage(sentences.splits, vectors, conll.vectors, findings)
        return vectors
    return None


def _report_coverage(splits: Splits, vectors: WordVectors, file: str, findings: Findings) -> None:
    shares = []
    for name, split in splits.items():
        matches = vector_coverage(split, vectors)["tokens"]
        total = sum(matches.values())
        found = (f"{percent(matches[match], total)} {match}" for match in ("exact", "lower", "none"))
        shares.append(f"{name} {', '.join(found)}")
        if name == "train" and matches["none"] > (1 - FEW_VECTORS) * total:
            findings.warnings.append(
                f"{percent(matches['none'], total)} of the words in train have no vector in {file}: are case, spelling "
                "and normalisation those of the columns?"
            )
    findings.add("vectors", f"{len(vectors.rows):,} in {file}; words of {'; '.join(shares)}")
