"""One click script per stage of dvc.yaml: parameters and paths in, a library call, outputs and metrics out."""

import sys

from ldnet.command_line import show_uncaught

sys.excepthook = show_uncaught
