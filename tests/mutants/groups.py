"""What is mutated, and which tests speak of it: the cheap ones, since all of them run once before."""

from dataclasses import dataclass

from tests.imports import sources


@dataclass(frozen=True)
class Group:
    """Modules, and the tests that are to notice their mutants, as paths from the root."""

    slug: str
    modules: list[str]
    tests: list[str]
    every: int = 1  # of so many mutants one is tried


def _files(folder: str, *names: str) -> list[str]:
    """Files of a folder by their names; all but __init__ if there are none."""
    if names:
        return [f"{folder}/{name}.py" for name in names]
    return [file for file in sources(folder) if not file.endswith("__init__.py")]


SELECTING = "tests/selection/test_selection.py"
GROUPS = [
    Group(
        "gates",
        _files(
            *("pipeline/selection", "budget", "controls", "hard_concrete", "methods"),
            *("regularised_gates", "selection"),
        ),
        [
            *_files(
                *("tests/selection", "test_budget", "test_controls", "test_hard_concrete", "test_methods"),
                "test_regularised_gates",
            ),
            f"{SELECTING}::test_the_budget_holds_for_hard_concrete_gates",
            f"{SELECTING}::test_gates_that_are_not_finite_end_the_selection",
            f"{SELECTING}::test_one_step_of_the_gates_by_hand",
            f"{SELECTING}::test_a_step_of_cost_weighted_gates_by_hand",
            "tests/selection/test_resumption.py::test_stopped_and_resumed_to_the_bit[stops0-changes1]",
        ],
    ),
    Group("pruning", _files("pipeline/pruning"), ["tests/pruning"]),
    Group("crf", ["pipeline/tagger/crf.py", "ldnet/crf/transitions.py"], ["tests/tagger/test_crf.py"]),
    Group("recursions", ["ldnet/crf/recursions.py"], ["tests/ldnet/test_recursions.py"]),
    Group(
        "paths",
        ["ldnet/crf/confidence.py", "ldnet/crf/n_best.py"],
        ["tests/ldnet/test_confidence.py", "tests/ldnet/test_n_best.py"],
    ),
    Group(
        "tags",
        ["ldnet/text/tags.py", "ldnet/text/windows.py", "pipeline/tagger/scoring.py", "pipeline/tagger/whole_paths.py"],
        [
            *("tests/ldnet/test_tags.py", "tests/ldnet/test_windows.py", "tests/tagger/test_whole_paths.py"),
            "tests/tagger/test_scoring.py",
        ],
    ),
    Group("variants", ["pipeline/six_taggers.py"], ["tests/pipeline/test_six_taggers.py"]),
    Group("evaluation", _files("pipeline/evaluation"), ["tests/evaluation"]),
    Group(
        "search",
        _files("pipeline/selection", "exhaustive_search", "greedy_search", "importance", "masked_tagger"),
        _files("tests/selection", "test_importance", "test_masked_tagger", "test_methods"),
    ),
    Group(
        "gated-training",
        ["pipeline/selection/gated_training.py", "pipeline/tagger/optimizer_steps.py"],
        ["tests/tagger/test_optimizer_steps.py", SELECTING, "tests/selection/test_resumption.py"],
    ),
    # A trial costs up to all stages of a tiny experiment. The dry run is left out.
    Group(
        "stages",
        [file for file in _files("stages") if file != "stages/_dry_run.py"],
        [
            *_files("tests/stages", "test_stages", "test_run", "test_generate_data"),
            "tests/project/test_dvc.py",
        ],
        every=30,
    ),
]
