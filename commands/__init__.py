"""Commands that are not stages of the experiment."""

import sys

from ldnet.command_line import show_uncaught

sys.excepthook = show_uncaught
