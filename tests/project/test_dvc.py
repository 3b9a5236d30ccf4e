"""dvc.yaml tells the truth: a change of code, data or a parameter re-runs what uses it, and nothing else."""

import importlib
import re
from itertools import pairwise
from pathlib import Path, PurePosixPath

import click
import pytest
import yaml
from click.testing import CliRunner

from pipeline.experiments.stage_graph import leading_to, read_stages
from pipeline.exporting.workspace import model_source
from pipeline.params import Params
from pipeline.six_taggers import TAGGERS, metrics_name, stage_of
from tests.dvc_stages import DvcStage, load_dvc_stages
from tests.imports import ROOT, closure, sources

# A change of it re-runs nothing: no result depends on it, but for what parameters mean (params.py) and which files are
# whose (six_taggers.py). The golden run notices a change of those two.
PLUMBING = frozenset(
    {
        "ldnet/__init__.py",
        "ldnet/command_line.py",
        "ldnet/compilation.py",
        "ldnet/errors.py",
        "ldnet/files.py",
        "ldnet/limits.py",
        "ldnet/mlflow_store.py",
        "ldnet/printable.py",
        "ldnet/processors.py",
        "pipeline/__init__.py",
        "pipeline/checkpoints.py",
        "pipeline/params.py",
        "pipeline/profiles.py",
        "pipeline/six_taggers.py",
        "pipeline/tracking.py",
        "pipeline/tracking_sender.py",
        "pipeline/tracking_store.py",
        "pipeline/validation.py",
        "pipeline/values.py",
        "pipeline/yaml_text.py",
        "stages/_dry_run.py",
        "stages/_ending.py",
        "stages/_run.py",
    }
)
# Parameters that change how a result is computed, but not the result.
NO_EFFECT = {"checkpoint_steps"}
SCRIPTS = [file for file in sources("stages", "ablations/stages") if not PurePosixPath(file).name.startswith("_")]

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pygtrie", "ignore:_NoneStep:DeprecationWarning")


@pytest.fixture(scope="module")
def stages() -> list[DvcStage]:
    return load_dvc_stages(ROOT)


def script(stage: DvcStage) -> str:
    """stages/x.py for `python -m stages.x ...`."""
    assert stage.command[:2] == ["python", "-m"] and stage.command[2].startswith(("stages.", "ablations.stages."))
    return stage.command[2].replace(".", "/") + ".py"


def unit(file: str) -> str:
    """What a stage lists for the file: its package. A script stands for itself, and so do modules beside a dvc.yaml,
    whose folder has outputs in it."""
    folder = PurePosixPath(file).parent
    alone = folder.name == "stages" or (ROOT / folder / "dvc.yaml").exists()
    return file if alone else folder.as_posix()


def reads(stage: DvcStage, path: str) -> bool:
    """Whether the path, something in it or a folder around it is a dependency of the stage."""
    mine = PurePosixPath(path)
    return any(mine.is_relative_to(other) or PurePosixPath(other).is_relative_to(mine) for other in stage.dependencies)


def test_graph_has_no_cycle_and_every_stage_script_is_used(stages: list[DvcStage]) -> None:
    assert {script(stage) for stage in stages} | {"stages/generate_data.py"} == set(SCRIPTS)


def test_code_dependencies_are_the_packages_of_the_import_closure(stages: list[DvcStage]) -> None:
    for stage in stages:
        listed = {path for path in stage.dependencies if path.endswith(".py") or (ROOT / path / "__init__.py").exists()}
        needed = {unit(file) for file in closure(script(stage), PLUMBING)}
        assert listed == needed, f"{stage.name}: add {needed - listed}, remove {listed - needed}"


def test_checkpoints_belong_to_all_code_that_the_stage_depends_on(
    stages: list[DvcStage], monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping = set()
    for stage in stages:
        module = importlib.import_module(stage.command[2])
        if not hasattr(module, "computation"):
            continue
        keeping.add(module.__name__)
        seen: set[str] = set()
        monkeypatch.setattr(module, "code_of", lambda *paths, seen=seen: seen.update(paths) or [])
        if hasattr(module, "text_files"):
            monkeypatch.setattr(module, "text_files", lambda *_: ([], []))
        found = module.computation(**module.main.make_context(stage.name, stage.command[3:]).params)
        assert found.stage.replace(":", "/") == stage.name
        listed = {path for path in stage.dependencies if path.endswith(".py") or (ROOT / path / "__init__.py").exists()}
        assert seen == listed, f"{stage.name}: add {listed - seen}, remove {seen - listed}"
    assert keeping >= {f"stages.{name}" for name in ("prepare_corpus", "pretrain_lm", "train_tagger", "select")}


def test_packages_are_alike_before_and_after_they_run() -> None:
    """A package is a dependency with all that lies in its folder."""
    assert "__pycache__" in (ROOT / ".dvcignore").read_text(encoding="utf-8").splitlines()


def test_sections_are_named_as_their_stages_and_listed_whole(stages: list[DvcStage]) -> None:
    general = {"profile", "data", "seed", "threads", "checkpoint_steps", "ablations"}
    assert set(Params.model_fields) - general <= {stage.name.split("@")[0] for stage in stages}
    for stage in stages:
        of_one_data_set = {f"generate_data.{stage.name.split('@')[-1]}"}
        assert {name for name in stage.parameters if "." in name} <= of_one_data_set, stage.name
        own = stage.name.split("@")[0]
        assert own not in Params.model_fields or own in {name.split(".")[0] for name in stage.parameters}


def test_the_report_depends_on_all_that_results_say_of_their_parameters(stages: list[DvcStage]) -> None:
    (report,) = (stage for stage in stages if stage.name == "report")
    assert set(report.parameters) == set(Params.model_fields) - {"ablations"} - NO_EFFECT


def test_the_test_split_is_read_by_evaluations_alone(stages: list[DvcStage]) -> None:
    readers = {script(stage) for stage in stages if reads(stage, "work/conll/test.conll")}
    assert readers == {"stages/evaluate.py", "ablations/stages/evaluate.py"}


def test_raw_data_is_read_by_the_prepare_stages_alone(stages: list[DvcStage]) -> None:
    readers = {stage.name for stage in stages if reads(stage, "data/raw")}
    assert readers == {"prepare_conll", "prepare_corpus", "prepare_unlabelled"}


def test_every_stage_is_described_and_reads_as_the_method(stages: list[DvcStage]) -> None:
    assert all(stage.description for stage in stages)
    named = {stage.name for stage in stages}
    assert named >= {"prepare_conll", "prepare_corpus", "select", "prune", "report"}
    assert named >= {"pretrain_lm@forward", "pretrain_lm@backward", "train_tagger@no_lm", "train_tagger@full"}
    assert len((ROOT / "dvc.yaml").read_text(encoding="utf-8").splitlines()) <= 250


def test_commands_fit_their_scripts(stages: list[DvcStage]) -> None:
    for stage in stages:
        words = stage.command
        command = importlib.import_module(words[2]).main
        assert isinstance(command, click.Command)
        assert command.make_context(words[2], words[3:]) is not None


def test_commands_name_the_dependencies_and_outputs_as_paths(stages: list[DvcStage]) -> None:
    """A path in the command lies in (or around) a dependency or an output: the script can read nothing else by it."""
    for stage in stages:
        known = [PurePosixPath(path) for path in [*stage.dependencies, *stage.outputs]]
        for word in stage.command[3:]:
            path = PurePosixPath(word)
            if "/" in word:
                near = any(path.is_relative_to(other) or other.is_relative_to(path) for other in known)
                assert near, f"{stage.name}: {word} is neither a dependency nor an output"


def test_what_is_shipped_is_what_was_trained_with_and_evaluated(stages: list[DvcStage]) -> None:
    """The language models and the taggers: a stage that makes new ones is in all three places, or in none."""
    commands = {stage.name: dict(pairwise(stage.command)) for stage in stages}
    assert {name for name, words in commands.items() if words["-m"] == "stages.train_tagger"} == {
        stage_of(variant, training) for variant, training in TAGGERS.values()
    }
    for name, (variant, training) in TAGGERS.items():
        trained, evaluated = commands[stage_of(variant, training)], commands[f"evaluate@{training}"]
        lm = {"no_lm": None, "full": evaluated["--lm"], "pruned": evaluated["--pruned"]}[variant]
        shipped = model_source(Path("work"), name, 1, 1)
        shipped_lm = shipped.lm and (shipped.lm.parent if variant == "pruned" else shipped.lm).as_posix()
        assert trained["--variant"] == variant and evaluated["--training"] == training
        assert trained.get("--lm") == lm == shipped_lm, name
        assert trained["--out"] == f"{evaluated['--taggers']}/{name}" == shipped.tagger.parent.as_posix()
        assert trained["--metrics"] == f"{evaluated['--dev-metrics']}/{metrics_name(variant, training)}.json"


def test_taught_taggers_have_the_same_targets_by_the_full_gold_taggers_and_gold_ones_have_none(
    stages: list[DvcStage],
) -> None:
    commands = {stage.name: dict(pairwise(stage.command)) for stage in stages}
    targets = commands["soft_targets"]["--out"]
    for name, (variant, training) in TAGGERS.items():
        trained = commands[stage_of(variant, training)]
        assert trained.get("--targets") == (targets if training == "taught" else None), name
    assert commands["soft_targets"]["--teachers"] == commands["train_tagger@full"]["--out"]
    assert commands["soft_targets"]["--lm"] == commands["train_tagger@full"]["--lm"]


def test_gold_rows_depend_on_nothing_that_is_taught() -> None:
    before = leading_to(read_stages(ROOT / "dvc.yaml", ROOT / "params.yaml"), ["evaluate@gold"])
    assert {"train_tagger@no_lm", "train_tagger@full", "train_pruned@gold"} <= {stage.name for stage in before}
    taught = {"prepare_unlabelled", "soft_targets", "train_taught"}
    for stage in before:
        assert stage.name.split("@")[0] not in taught and not stage.sections & taught, stage.name
        assert not [dep for dep in stage.deps if "taught" in str(dep)], stage.name


def test_parameters_exist(stages: list[DvcStage]) -> None:
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for stage in stages:
        for name in stage.parameters:
            place = content
            for key in name.split("."):
                assert isinstance(place, dict) and key in place, f"{stage.name}: {name} is not in params.yaml"
                place = place[key]


def test_scripts_use_only_parameters_that_their_stage_depends_on(stages: list[DvcStage]) -> None:
    """The sections are found as attributes of `params` in scripts that say `params = load_params(...)`.

    Of several stages with one script, each uses some; what it really looks at is watched in tests/golden.
    """
    of_script: dict[str, set[str]] = {}
    for stage in stages:
        of_script.setdefault(script(stage), set()).update(name.split(".")[0] for name in stage.parameters)
    for stage in stages:
        text = (ROOT / script(stage)).read_text(encoding="utf-8")
        text = text.replace("find_candidate(params", "params.ablations")  # and the LM's width, for an error message
        text = text.replace("params.selection_seeds", "params.train_tagger, params.select")
        whole = "params = load_params(params_path)\n" in text
        used = set(
            re.findall(r"\bparams\.(?!yaml)(\w+)", text) if whole else re.findall(r"load_params\(\w+\)\.(\w+)", text)
        )
        listed = of_script[script(stage)] | NO_EFFECT
        assert used, f"{stage.name}: no use of parameters found"
        assert used <= listed, f"{stage.name}: {used - listed} missing under params"


def test_outputs_depend_on_the_content_alone(stages: list[DvcStage]) -> None:
    """Small results stay in git (not in DVC's cache), everything else is in the cache, and nothing persists."""
    assert not [stage.name for stage in stages if stage.persists]


@pytest.mark.parametrize("file", SCRIPTS)
def test_help_of_each_stage(file: str) -> None:
    command = importlib.import_module(file.removesuffix(".py").replace("/", ".")).main
    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0
    assert "--params" in result.output
    undescribed = [option.name for option in command.params if option.name != "help" and not option.help]
    assert command.help, f"{file}: no docstring"
    assert set(undescribed) <= {"direction", "variant"}, f"{file}: no help for {undescribed}"
