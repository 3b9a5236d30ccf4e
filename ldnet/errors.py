"""The exceptions that mean: the user gave us something we cannot use."""


class InputError(ValueError):
    """Bad input. The message names the file (and line), what was found and what was expected."""


class TooLargeError(InputError):
    """A file that would be too large to be read again, and so is not written. Who knows what to lower may add it."""
