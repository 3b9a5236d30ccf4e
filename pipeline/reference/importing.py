"""Weight files of the paper's released code to folders that our stages read.

With maps (vocabularies), numbers are ours and the result works on text. Without, numbers stay those of the file: then
there is no lexicon and no vocabulary, so what needs them says so instead of misreading every word.
"""

from collections.abc import Mapping
from pathlib import Path

from ldnet.text.lexicon import END_TAG, START_TAG
from pipeline.language_model.model import LanguageModel, save_language_model
from pipeline.pruning.pruning import prune_bidirectional_lm, prune_tagger
from pipeline.reference.models import PREFIXES, read_gates, read_language_model, read_tagger
from pipeline.reference.released_weights import Checkpoint
from pipeline.reference.vocabularies import (
    LM_MAPS,
    Maps,
    joint_vocabulary,
    language_model_rows,
    renumber_embedding,
    renumber_softmax,
    renumber_tagger,
)
from pipeline.tagger.model import save_tagger


def import_language_models(forward: Checkpoint, backward: Checkpoint, maps: Maps | None, out: Path) -> None:
    """Write `out`/forward and `out`/backward, as the stage pretrain_lm does."""
    checkpoints = {"forward": forward, "backward": backward}
    vocabulary = None
    if maps is not None:
        embeddings = dict.fromkeys(checkpoints, "word_embed.weight")
        vocabulary, rows = _language_model_numbers(maps, checkpoints, embeddings)
        for direction, checkpoint in checkpoints.items():
            reordered = renumber_softmax(checkpoint, rows[direction])
            checkpoints[direction] = renumber_embedding(reordered, embeddings[direction], rows[direction])
    for direction, checkpoint in checkpoints.items():
        _save_language_model(read_language_model(checkpoint), vocabulary, out / direction)


def import_tagger(checkpoint: Checkpoint, maps: Maps | None, out: Path, lexicon_folder: Path) -> None:
    """Write `out`/forward, `out`/backward and `out`/tagger, as the stage prune does, and with maps the lexicon.

    Gates are folded into the weights, and closed layers are deleted. A tagger without language models has the folder
    `out`/tagger alone. Without maps, `<s>` and `<eof>` are taken to be the last two tags, as in the released code.
    """
    vocabulary, lexicon = None, None
    tags, _ = checkpoint.sizes("crf.transitions")
    start_tag, end_tag = tags - 2, tags - 1
    if maps is not None:
        if "lm_seq.weight" in checkpoint.weights:
            embeddings = {direction: f"{prefix}word_embed.weight" for direction, prefix in PREFIXES.items()}
            vocabulary, rows = _language_model_numbers(maps, dict.fromkeys(PREFIXES, checkpoint), embeddings)
            for direction, name in embeddings.items():
                checkpoint = renumber_embedding(checkpoint, name, rows[direction])
        checkpoint, lexicon = renumber_tagger(checkpoint, maps)
        start_tag, end_tag = lexicon.tag_id(START_TAG), lexicon.tag_id(END_TAG)
    tagger, lm = read_tagger(checkpoint, start_tag, end_tag)
    if lm is not None:
        lm, kept = prune_bidirectional_lm(lm, read_gates(checkpoint))
        tagger = prune_tagger(tagger, kept)
        _save_language_model(lm.forward_lm, vocabulary, out / "forward")
        _save_language_model(lm.backward_lm, vocabulary, out / "backward")
    save_tagger(tagger, out / "tagger")
    if lexicon is not None:
        lexicon.save(lexicon_folder)


def _language_model_numbers(
    maps: Maps, checkpoints: Mapping[str, Checkpoint], embeddings: Mapping[str, str]
) -> tuple[list[str], dict[str, list[int]]]:
    """The vocabulary for both directions, and the numbers that its words have in each direction's file."""
    numbers = {
        direction: maps.numbers(name, checkpoints[direction].sizes(embeddings[direction])[0])
        for direction, name in LM_MAPS.items()
    }
    vocabulary = joint_vocabulary(numbers["forward"], numbers["backward"])
    return vocabulary, {direction: language_model_rows(vocabulary, numbers[direction]) for direction in numbers}


def _save_language_model(model: LanguageModel, vocabulary: list[str] | None, folder: Path) -> None:
    save_language_model(model, vocabulary or [], folder)
    if vocabulary is None:
        (folder / "vocabulary.json").unlink()  # an empty one would silently make every word unknown
