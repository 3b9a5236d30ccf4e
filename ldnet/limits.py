"""The most of everything that tagging accepts, checked before memory is asked for; docs/limits.md says why.

Requests to a served model have their own limits, which who serves it may change (`ldnet.adapters.requests`).
"""

MOST_LINE_BYTES = 1 << 22  # of a line of input
MOST_SENTENCE_WORDS = 500_000
MOST_SENTENCE_CHARACTERS = 1 << 24  # of all lines of a sentence in columns; a group of them ends there
MOST_PATHS = 100  # of the best taggings of a sentence
MOST_JSON_BYTES = 1 << 26  # of a JSON file, such as a configuration or a vocabulary
MOST_LAYERS, MOST_WIDTH = 100, 16_384  # of a model; those of params.yaml are the same
MOST_CHARACTERS = 100_000  # of a lexicon: tables of a gigabyte at most where spelling has 300 units
