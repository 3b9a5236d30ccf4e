"""A small language model of any architecture: trained on part of the text, and measured with each layer detached."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ablations.architectures import build
from ablations.detaching import detach_layers
from ldnet.errors import InputError
from pipeline.execution.finite import keeping_evidence
from pipeline.execution.reproducible import set_up
from pipeline.language_model.model import parameter_count, save_language_model
from pipeline.params import AblatedLMParams, AblationsParams, LMParams, Params
from pipeline.pretraining import encoded_corpus as corpus
from pipeline.pretraining import lm_training as pretraining


@dataclass(frozen=True, kw_only=True)
class LMJob:
    """All that the training of one direction needs; small enough to be sent to another process."""

    corpus: Path
    direction: str
    lm: LMParams
    ablations: AblationsParams
    candidate: AblatedLMParams
    seed: int
    threads: int
    checkpoint: Path
    checkpoint_steps: int
    out: Path


def pretrain_ablated(job: LMJob) -> dict[str, Any]:
    """Train and save the language model; its size, and its perplexity on held-out text, whole and without each layer.

    Going on at the checkpoint if there is one.
    """
    set_up(job.seed, job.threads)
    text = corpus.load(job.corpus).first(job.ablations.tokens)
    heldout, reverse = text.heldout[: job.ablations.heldout_tokens], job.direction == "backward"
    params = candidate_params(job.lm, job.ablations, job.candidate)
    model = build(pretraining.configure(params, len(text.vocabulary)), job.candidate.architecture)
    pretraining.embed_vectors(model, text.vectors)
    train = partial(pretraining.pretrain, reverse=reverse, checkpoint_steps=job.checkpoint_steps)
    with keeping_evidence(f"{job.out.parents[1].name}-{job.direction}"):
        *_, last = train(model, text, params, job.seed, job.checkpoint)
        model.eval()
        heldout_perplexity = pretraining.perplexity(model, heldout, reverse=reverse)
    save_language_model(model, text.vocabulary, job.out)
    without = [detach_layers(model, [layer])[0] for layer in range(params.layers)]
    return {
        "tokens": int(last["tokens"]),
        "layer_parameters": parameter_count(model.rnn),
        "macs_per_word": model.rnn.macs(),
        "perplexity": round(heldout_perplexity, 4),
        "perplexity_without_layer": [
            round(pretraining.perplexity(left, heldout, reverse=reverse), 4) for left in without
        ],
    }


def find_candidate(params: Params, name: str) -> tuple[AblationsParams, AblatedLMParams]:
    """The section `ablations` and a candidate in it.

    Raises InputError if one is missing, or if a stacked model's layers would not fit in the place of the one below.
    """
    if params.ablations is None:
        raise InputError("ablations: missing section; expected one as in profiles/base.yaml")
    candidates = params.ablations.candidates
    if name not in candidates:
        raise InputError(f"ablations.candidates.{name}: missing; there are {', '.join(candidates) or 'none'}")
    if candidates[name].architecture != "dense" and candidates[name].units != params.pretrain_lm.embedding:
        raise InputError(
            f"ablations.candidates.{name}.units: expected {params.pretrain_lm.embedding}, as pretrain_lm.embedding, "
            f"since a {candidates[name].architecture} model's layers take each other's place"
        )
    return params.ablations, candidates[name]


def candidate_params(params: LMParams, ablations: AblationsParams, candidate: AblatedLMParams) -> LMParams:
    """The language-model parameters of a candidate: those of the main model, but for what sets it apart."""
    own = candidate.model_dump(include={"layers", "units", "layer_dropout"})
    return params.model_copy(update={**own, "epochs": ablations.epochs})
