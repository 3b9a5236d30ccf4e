"""All stages on a few sentences give what they gave before: numbers on any CPU, bytes on those that golden.json knows.

What shall not change a result leaves golden.json as it is. After a change that shall, `python -m tests.golden.renew`
tells what is different and writes golden.json anew; given on a kind of CPU that is not known yet, it adds that one's
checksums. The run is that of `running.py`, its parameters are in `experiment.yaml`.
"""

import json
from collections.abc import Mapping

import pytest

from pipeline.six_taggers import TRAININGS, VARIANTS, tagger_name
from tests.golden.outcome import GoldenRun, differences, on_this_machine, read_golden
from tests.golden.workspace import EXPERIMENT, read_blocks, words_of

GOLDEN = read_golden()
SHOWN = 30


def told(expected: Mapping[str, object], found: Mapping[str, object]) -> str:
    """The differences, a line each; not all if they are many."""
    lines = list(differences(expected, found))
    rest = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return "\n".join([*lines[:SHOWN], *rest])


def test_numbers_are_the_golden_ones(golden_run: GoldenRun) -> None:
    found = told(GOLDEN["numbers"], golden_run.outcome.numbers)
    assert not found, found


def test_prepared_text_is_the_golden_one_on_any_machine(golden_run: GoldenRun) -> None:
    found = told(GOLDEN["everywhere"], golden_run.outcome.everywhere)
    assert not found, found


def test_all_files_are_the_golden_ones_on_a_known_cpu(golden_run: GoldenRun) -> None:
    expected = on_this_machine(GOLDEN)
    if expected is None:
        pytest.skip("golden.json does not know this kind of CPU; `python -m tests.golden.renew` adds it")
    found = told(expected, golden_run.outcome.here)
    assert not found, found


@pytest.mark.parametrize(
    ("workspace", "file", "column"),
    [
        ("tagger_in_bfloat16", "work/soft_targets/transitions.npy", None),
        ("tagger_in_bfloat16", "curves/train_tagger_no_lm.csv", "loss"),
        ("tagger_in_bfloat16", "curves/train_tagger_full.csv", "loss"),
        ("selection_in_bfloat16", "curves/select.csv", "loss"),
    ],
)
def test_lower_precision_changes_little(golden_run: GoldenRun, workspace: str, file: str, column: str | None) -> None:
    exact, found = golden_run.numbers(f"main/{file}"), golden_run.numbers(f"{workspace}/{file}")
    if column is not None:
        exact, found = exact[column], found[column]
    assert found != exact and found == pytest.approx(exact, rel=0.05)


# What makes the golden run tell parts of the method apart.


def test_the_best_epoch_is_not_the_last_one(golden_run: GoldenRun) -> None:
    params = EXPERIMENT["params"]
    best = golden_run.numbers("main/metrics/train_tagger_full.json")["best_epoch"]
    assert min(best) < max(best) == params["train_tagger"]["epochs"], "one seed of each kind"
    assert golden_run.numbers("main/metrics/select.json")["epoch"] < params["select"]["epochs"]
    assert golden_run.numbers("gates_move_on/metrics/select.json")["epoch"] < params["select"]["epochs"]


def test_gates_are_closed_after_more_than_one_epoch_and_some_stay_half_open(golden_run: GoldenRun) -> None:
    selected = golden_run.numbers("main/metrics/select.json")
    gates = [gate for direction in ("forward", "backward") for gate in selected["gates"][direction]]
    assert selected["budget_reached_by"] == "enforcement" and EXPERIMENT["params"]["select"]["enforce_epoch"] > 1
    assert all(selected["layers_kept"].values()) and 0.0 in gates
    assert any(0.1 < gate < 0.9 for gate in gates)


def test_test_sentences_are_in_the_text_but_not_learnt_from(golden_run: GoldenRun) -> None:
    main, text = golden_run.folder / "main", golden_run.folder / "main/data/raw/golden/lm/tests.txt"
    raw, drawn = main / "data/raw/golden", set((main / "work/unlabelled.txt").read_text(encoding="utf-8").split("\n"))
    for file in ("test.txt", "other_tests/other.txt"):
        tests = {" ".join(words_of(block)) for block in read_blocks(raw / file)}
        assert tests <= set(text.read_text(encoding="utf-8").split("\n")) and not tests & drawn, file
    metrics = json.loads((main / "metrics/prepare_corpus.json").read_text(encoding="utf-8"))
    assert metrics["dropped_test_sentences"] == 60


def test_taught_taggers_learn_from_soft_targets_and_gold_ones_do_not(golden_run: GoldenRun) -> None:
    for execution in golden_run.record:
        if execution["stage"]["command"][2] == "stages.train_tagger":
            name = execution["stage"]["name"]
            read = {file for file in execution["read"] if file.startswith("work/soft_targets/")}
            expected = ("marginals.npy", "transitions.npy", "unlabelled.txt") if "taught" in name else ()
            assert read == {f"work/soft_targets/{file}" for file in expected}, name


def test_the_teachers_are_the_full_gold_taggers_of_all_seeds(golden_run: GoldenRun) -> None:
    (execution,) = (
        one for one in golden_run.record if (one["workspace"], one["stage"]["name"]) == ("main", "soft_targets")
    )
    weights = {file for file in execution["read"] if file.startswith("work/tagger/") and file.endswith(".safetensors")}
    seeds = EXPERIMENT["params"]["train_tagger"]["seeds"]
    assert weights == {f"work/tagger/full/seed-{seed}/weights.safetensors" for seed in seeds}


def test_each_training_gives_a_variant_other_weights(golden_run: GoldenRun) -> None:
    """So a gold tagger in the place of a taught one, or the other way round, does not go unseen."""
    for variant in VARIANTS:
        gold, taught = (
            golden_run.numbers(f"main/work/tagger/{tagger_name(variant, training)}/seed-1/weights.safetensors")
            for training in TRAININGS
        )
        assert list(gold) == list(taught) and gold["crf.transitions"] != pytest.approx(taught["crf.transitions"], 1e-3)
