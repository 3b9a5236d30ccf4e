"""The generated language as a whole: what the default experiment relies on."""

import random
from collections import Counter, defaultdict
from functools import cache
from itertools import pairwise

import pytest

from pipeline.grammar.language import (
    MAX_TOKENS,
    GeneratedLanguage,
    Sentence,
    TaggedSplits,
    Token,
    columns,
    compile_productions,
    expand,
    literal_words,
    words_of,
)
from pipeline.grammar.lexical_inventory import NAME_COUNTS, WordClass, name_words
from pipeline.grammar.productions import PRODUCTIONS
from pipeline.params import GrammarParams

PARAMS = GrammarParams(seed=1, train_sentences=600, dev_sentences=300, test_sentences=600, lm_sentences=10_000)
ENTITY_TYPES = {"PER", "LOC", "ORG", "MISC"}


@cache
def language(seed: int = 1) -> GeneratedLanguage:
    return GeneratedLanguage(seed)


@cache
def tagged() -> TaggedSplits:
    return language().tagged_splits(PARAMS)


@cache
def text() -> list[tuple[str, ...]]:
    return list(language().text(PARAMS.lm_sentences, tagged()))


def all_tagged() -> list[Sentence]:
    return [*tagged().train, *tagged().dev, *tagged().test]


def entity_words(sentences: list[Sentence]) -> set[str]:
    return {token.word for sentence in sentences for token in sentence if token.entity != "O"}


def uses(sentences: list[Sentence], column: str) -> dict[str, Counter[str]]:
    """How often each lower-cased word bears each kind of chunk or entity."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for sentence in sentences:
        for token in sentence:
            found[token.word.lower()][getattr(token, column)[2:]] += 1
    return found


def toy(productions: str, **words: str) -> Sentence:
    inventory = {name: WordClass("NN", [word], [1.0]) for name, word in words.items()}
    return expand(compile_productions(productions), inventory, random.Random(1))


def test_productions_are_expanded_with_their_tags() -> None:
    sentence = toy(
        "sentence\n    1 [NP <PER FIRST LAST > ] [VP eats/VBZ ] [NP the/DT LAST ] ./.\n", FIRST="Ann", LAST="Ox"
    )
    assert columns([sentence]).splitlines() == [
        "Ann NN B-NP B-PER",
        "Ox NN I-NP I-PER",
        "eats VBZ B-VP O",
        "the DT B-NP O",
        "Ox NN I-NP O",
        ". . O O",
        "",
    ]


def test_apposition_comma_gives_way_to_the_full_stop_and_a_becomes_an() -> None:
    sentence = toy(
        "sentence\n    1 ``/`` NOUN is/VBZ a/DT old/JJ NOUN thing ./.\nthing\n    1 ,/, too/RB ,/,\n", NOUN="ox"
    )
    assert " ".join(words_of(sentence)) == "`` Ox is an old ox , too ."


def test_number_is_the_same_throughout_a_production() -> None:
    grammar = compile_productions("sentence\n    4 s@ V.V@\ns@\n    1 N.N@\n")
    assert grammar["sentence"].right_sides == [["s.sg", "V.VBZ"], ["s.pl", "V.VBP"]]
    assert grammar["sentence"].cumulative == [3, 4]
    assert grammar["s.sg"].right_sides == [["N.NN"]]
    assert grammar["s.pl"].right_sides == [["N.NNS"]]


def test_recursion_nests_and_ends_within_the_length_limit() -> None:
    grammar = compile_productions("sentence\n    3 (/( sentence )/)\n    1 x/X\n")
    rng = random.Random(1)
    lengths = [len(expand(grammar, {}, rng)) for _ in range(300)]
    assert max(lengths) > 20
    assert max(lengths) <= MAX_TOKENS
    assert all(length % 2 for length in lengths)


def test_every_symbol_is_defined_and_every_nonterminal_is_reachable() -> None:
    grammar, inventory = language().grammar, language().inventories.corpus
    for name, alternatives in grammar.items():
        for symbols in alternatives.right_sides:
            for symbol in symbols:
                known = symbol in grammar or symbol in inventory or "/" in symbol or symbol[0] in "[<]>"
                assert known, f"{name}: {symbol}"
    used = {s for alternatives in grammar.values() for right in alternatives.right_sides for s in right}
    assert set(grammar) - used == {"sentence"}


def test_brackets_are_balanced_in_every_production() -> None:
    for alternatives in compile_productions(PRODUCTIONS).values():
        for symbols in alternatives.right_sides:
            nesting = [s[0] for s in symbols if s[0] in "[]<>" and "/" not in s]
            chunks = [s for s in nesting if s in "[]"]
            entities = [s for s in nesting if s in "<>"]
            assert chunks == ["[", "]"] * (len(chunks) // 2), symbols
            assert entities == ["<", ">"] * (len(entities) // 2), symbols


@pytest.mark.parametrize("column", ["chunk", "entity"])
def test_tags_are_valid_iob2(column: str) -> None:
    kinds = set()
    for sentence in all_tagged():
        tags = ["O", *(getattr(token, column) for token in sentence)]
        for before, tag in pairwise(tags):
            kinds.add(tag[2:])
            assert tag == "O" or tag[:2] in {"B-", "I-"}
            assert tag[:2] != "I-" or before[2:] == tag[2:]
    assert kinds >= ({"NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT"} if column == "chunk" else ENTITY_TYPES)


def test_splits_have_the_sizes_asked_for_and_share_no_sentence() -> None:
    assert [len(tagged().train), len(tagged().dev), len(tagged().test)] == [600, 300, 600]
    assert len(text()) == PARAMS.lm_sentences
    sentences = [words_of(sentence) for sentence in all_tagged()]
    assert len(set(sentences)) == len(sentences)
    assert set(sentences).isdisjoint(text())


def test_tagged_sentences_are_kept_out_of_the_text_even_where_the_grammar_would_repeat_them() -> None:
    drawn = list(language().text(50, TaggedSplits([], [], [])))
    test = [tuple(Token(word, "X", "O", "O") for word in words) for words in drawn[:10]]
    assert list(language().text(40, TaggedSplits([], [], test))) == [w for w in drawn if w not in drawn[:10]][:40]


def test_names_of_one_split_never_occur_in_another() -> None:
    names = name_words(language().inventories.corpus)
    seen = [entity_words(split) & names for split in (tagged().train, tagged().dev, tagged().test)]
    assert all(len(split) > 100 for split in seen)
    for i, split in enumerate((tagged().train, tagged().dev, tagged().test)):
        words = {token.word for sentence in split for token in sentence}
        for j, others in enumerate(seen):
            assert i == j or words.isdisjoint(others)


def test_the_text_has_all_names_often_enough_to_learn_them() -> None:
    counts = Counter(word for words in text() for word in words)
    names = sorted(name_words(language().inventories.corpus))
    assert sum(counts[name] for name in names) / len(names) >= 25  # a third of the default text
    assert sum(counts[name] >= 4 for name in names) >= 0.98 * len(names)


def test_words_follow_zipf_in_a_vocabulary_of_a_few_thousand() -> None:
    counts = Counter(word for words in text() for word in words)
    frequencies = sorted(counts.values(), reverse=True)
    assert 2500 < len(counts) < 6000
    slopes = [frequencies[rank] / frequencies[10 * rank] for rank in (20, 50, 100)]
    assert all(4 < slope < 25 for slope in slopes), slopes  # 10 in Zipf's law
    assert sum(frequencies[:100]) > 0.4 * sum(frequencies)


def test_sentences_are_as_long_as_newswire() -> None:
    lengths = [len(words) for words in text()]
    assert 15 <= sum(lengths) / len(lengths) <= 20
    assert max(lengths) <= MAX_TOKENS


def test_clauses_are_nested_in_clauses() -> None:
    depth = Counter(sum(token.chunk == "B-SBAR" for token in sentence) for sentence in all_tagged())
    assert sum(n for embedded, n in depth.items() if embedded >= 2) > 20


def test_only_context_resolves_the_chunk_of_many_words() -> None:
    by_word = uses(all_tagged(), "chunk")
    both = [word for word, kinds in by_word.items() if kinds["NP"] and kinds["VP"]]
    assert {"plans", "reports"} <= set(both)
    assert len(both) > 40
    assert {"PP", "SBAR"} <= set(by_word["after"])
    assert {"PP", "PRT"} <= set(by_word["over"])
    assert {"NP", "SBAR"} <= set(by_word["that"])


def test_names_have_one_dominant_type_but_not_only_that() -> None:
    rng = random.Random(3)
    corpus = language().inventories.corpus
    by_word = uses([expand(language().grammar, corpus, rng) for _ in range(8000)], "entity")
    for kind in ("PER", "LOC", "ORG"):
        together: Counter[str] = sum((by_word[name.lower()] for name in corpus[kind].forms), Counter())
        assert 0.85 <= together[kind] / together.total() <= 0.96, kind
        assert set(together) >= {"PER", "LOC", "ORG"}


def test_spelling_does_not_tell_the_type_of_a_name() -> None:
    """Naive Bayes over the last three letters, trained on half of the names, guesses the other half."""
    examples = [(name, kind) for kind in ("PER", "LOC", "ORG") for name in language().inventories.corpus[kind].forms]
    train, test = examples[::2], examples[1::2]
    counts = Counter((kind, i, name[i]) for name, kind in train for i in (-1, -2, -3))

    def score(name: str, kind: str) -> float:
        result = 1.0
        for i in (-1, -2, -3):
            result *= (counts[kind, i, name[i]] + 1) / (NAME_COUNTS[kind] / 2 + 26)
        return result

    right = sum(kind == max(("PER", "LOC", "ORG"), key=lambda k: score(name, k)) for name, kind in test)
    assert right / len(test) < 0.45


def test_same_seed_same_sentences_other_seed_other_sentences() -> None:
    again = GeneratedLanguage(1).tagged_splits(PARAMS)
    assert again == tagged()
    assert list(GeneratedLanguage(1).text(100, again)) == text()[:100]
    other = language(2).tagged_splits(PARAMS)
    assert columns(other.train) != columns(tagged().train)
    names = [name_words(language(seed).inventories.corpus) for seed in (1, 2)]
    assert len(names[0] & names[1]) < 0.05 * len(names[0])


def test_sizes_of_one_part_do_not_change_another() -> None:
    more = PARAMS.model_copy(update={"train_sentences": 650})
    splits = language().tagged_splits(more)
    assert splits.train[:600] == tagged().train
    assert splits.test == tagged().test


def test_names_are_not_words_of_the_language() -> None:
    corpus = language().inventories.corpus
    names = {name.lower() for name in name_words(corpus)}
    classes = {
        kind: c for kind, c in corpus.items() if "~" not in kind and kind not in {*NAME_COUNTS, "NATION", "TEAM"}
    }
    words = {form.lower() for word_class in classes.values() for form in word_class.forms}
    assert names.isdisjoint(words | {word.lower() for word in literal_words(language().grammar)})
