"""All classes of input that are fuzzed."""

from tests.fuzz import (
    conll_files,
    lm_texts,
    model_folders,
    params_yaml,
    served_requests,
    stage_files,
    tagged_input,
    vector_files,
)

CLASSES = [
    params_yaml.CLASS,
    conll_files.CLASS,
    vector_files.CLASS,
    lm_texts.CLASS,
    stage_files.CLASS,
    model_folders.CLASS,
    served_requests.CLASS,
    tagged_input.CLASS,
]
