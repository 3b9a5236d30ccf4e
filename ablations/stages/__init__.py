"""One click script per stage of ablations/dvc.yaml."""

import sys

from ldnet.command_line import show_uncaught

sys.excepthook = show_uncaught
