"""The outputs of the pipeline as parts of a model: which tagger to export, and what to say of it."""

from pathlib import Path
from statistics import mean

from ldnet.errors import InputError, written_by
from ldnet.files import read_json
from pipeline.evaluation.cost import parameters_by_part
from pipeline.exporting.model_export import ModelDescription, ModelSource
from pipeline.features.contextual import load_bidirectional_lm
from pipeline.report.measurements import pick
from pipeline.report.provenance import source_version
from pipeline.report.results import read_results
from pipeline.six_taggers import TAGGERS, metrics_name
from pipeline.tagger.model import load_tagger

GENERATED = "Sentences from this project's own seeded grammar; no third party has rights in them."
CONLL2000 = (
    "CoNLL-2000 chunking: Wall Street Journal text of the Penn Treebank, which belongs to its owners. Word vectors: "
    "GloVe 6B (PDDL). Language-model text: newswire, by default of the One Billion Word benchmark. "
    "Check their terms before you pass the weights on."
)
DATA_AND_LICENCE = {
    "conll2000": CONLL2000,
    "paper": CONLL2000,
    "conll2003": "CoNLL-2003: Reuters news (RCV1), licensed for research by NIST to those who sign for it. "
    "Word vectors: GloVe 6B (PDDL). Language-model text: what the user brought. "
    "Check their terms before you pass the weights on.",
}
OWN = "The user's own data; its terms decide who may have the weights."


def model_source(work: Path, tagger: str, seed: int, selection_seed: int) -> ModelSource:
    """Where the stages put the parts of one of TAGGERS. It was pruned by the selection of `selection_seed`."""
    pruned = work / "pruned" / f"seed-{selection_seed}"
    lm = {"no_lm": None, "full": work / "lm", "pruned": pruned}[TAGGERS[tagger][0]]
    return ModelSource(
        lexicon=work / "conll" / "lexicon",
        tagger=work / "tagger" / tagger / f"seed-{seed}",
        lm=lm,
        dev=work / "conll" / "dev.conll",
    )


def best_model(work: Path, metrics: Path, tagger: str) -> tuple[ModelSource, ModelDescription]:
    """The best seed on dev of one of TAGGERS: its parts and its description.

    Raises InputError if the pipeline has not run to its end.
    """
    with written_by("report"):
        results = read_results(work / "report" / "results.json")
    rows = {(row["variant"], row["training"]): row for row in results["rows"]}
    row = rows.get(TAGGERS[tagger]) if tagger in TAGGERS else None
    if row is None:
        raise InputError(f"{tagger}: no such tagger; expected {', '.join(TAGGERS)}")
    trained = read_json(metrics / f"{metrics_name(*TAGGERS[tagger])}.json")
    if trained["seeds"] != row["seeds"] or round(mean(trained["dev_f1"]), 4) != row["dev_f1_mean"]:
        raise InputError(f"{metrics}: not of the same run as {work / 'report'}; run `make repro` first")
    best = max(range(len(row["seeds"])), key=lambda index: trained["dev_f1"][index])
    data, params = results["data"], results["params"]
    generated = data in pick(params, "generate_data")
    selections = [row["layers_kept"], *row["layers_kept_again"]]  # the seeds take turns with them
    turn = best % len(selections)
    source = model_source(work, tagger, row["seeds"][best], row["seeds"][turn])
    description = ModelDescription(
        data=data,
        profile=params["profile"],
        tagger=tagger,
        seed=row["seeds"][best],
        seeds=row["seeds"],
        dev_f1=trained["dev_f1"][best],
        dev_f1_of_seeds=trained["dev_f1"],
        test_f1=row["test_f1"][best],
        test_f1_of_seeds=row["test_f1"],
        test_f1_mean=row["test_f1_mean"],
        lm_layers=params["pretrain_lm"]["layers"],
        layers_kept=selections[turn],
        macs_per_word=row["macs_per_word_of_seeds"][best],
        parameters=_parameters(source),
        generated=generated,
        data_and_licence=GENERATED if generated else DATA_AND_LICENCE.get(data, OWN),
        export_commit=source_version(Path.cwd()),
    )
    return source, description


def _parameters(source: ModelSource) -> int:
    lm = load_bidirectional_lm(source.lm) if source.lm else None
    return sum(parameters_by_part(load_tagger(source.tagger), lm).values())
