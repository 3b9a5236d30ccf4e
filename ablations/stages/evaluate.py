"""Score the taggers of one ablation on the test split, and put all that was measured of it together."""

from pathlib import Path
from statistics import mean, stdev

import click

from ablations.language_models import find_candidate
from ablations.taggers import Ablation, score_rows
from ldnet.command_line import FILE, FOLDER, echo
from ldnet.files import read_json, write_json
from ldnet.text.columns import read_conll
from ldnet.text.lexicon import Lexicon
from pipeline.execution.reproducible import set_up
from pipeline.params import load_params
from pipeline.tagger.tagging_data import TaggingData
from pipeline.tracking import stage_run
from stages._run import StoppableCommand, params_option


@click.command(cls=StoppableCommand, examples=["dvc repro ablations/dvc.yaml  # all of them"])
@params_option
@click.option("--candidate", required=True, help="A name under ablations.candidates.")
@click.option("--conll", type=FOLDER, required=True, help="Output of prepare_conll.")
@click.option("--lm", type=FOLDER, required=True, help="Output of pretrain_lm of the ablations.")
@click.option("--taggers", type=FOLDER, required=True, help="Output of train_taggers.")
@click.option("--lm-metrics", type=FILE, required=True, help="What pretrain_lm measured.")
@click.option("--tagger-metrics", type=FILE, required=True, help="What train_taggers measured.")
@click.option("--metrics", type=FILE, required=True, help="Where all of it goes (JSON).")
def main(
    params_path: Path,
    candidate: str,
    conll: Path,
    lm: Path,
    taggers: Path,
    lm_metrics: Path,
    tagger_metrics: Path,
    metrics: Path,
) -> None:
    """Test F1 of every kind of tagger on one small language model."""
    params = load_params(params_path)
    ablations, ablated = find_candidate(params, candidate)
    seeds = ablations.seeds
    set_up(params.seed, params.threads)
    ablation = Ablation(conll=conll, lm=lm, candidate=ablated, taggers=taggers, seeds=seeds, threads=params.threads)
    measured = read_json(tagger_metrics)
    with stage_run(f"ablations:evaluate@{candidate}", {"threads": params.threads, **ablated.model_dump()}, []) as run:
        scores = score_rows(ablation, measured["rows"], measured["layers_kept"], _test_sentences(conll))
        for row, test_f1 in scores.items():
            average, spread = round(mean(test_f1), 4), round(stdev(test_f1), 4) if len(test_f1) > 1 else 0.0
            measured["rows"][row] |= {"test_f1": test_f1, "test_f1_mean": average, "test_f1_sd": spread}
            run.log_metrics({f"{row}/test_f1_mean": average})
            echo(f"{candidate}, {row}: test F1 {average:.2f}")
        write_json(metrics, {**ablated.model_dump(), "seeds": seeds, "lm": read_json(lm_metrics), **measured})


def _test_sentences(conll: Path) -> TaggingData:
    """The test split in the place of dev, to be scored in the same way; there is nothing to train on."""
    lexicon, test = Lexicon.load(conll / "lexicon"), read_conll(conll / "test.conll", 0, 1)
    return TaggingData(lexicon=lexicon, train=[], dev=test, encoded_train=[])


if __name__ == "__main__":
    main()
