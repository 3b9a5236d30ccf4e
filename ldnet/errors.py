"""The one exception that means: the user gave us something we cannot use."""


class InputError(ValueError):
    """Bad input. The message names the file (and line), what was found and what was expected."""
