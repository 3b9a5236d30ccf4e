"""Speed: the product against a plain implementation of the published way of computing, on the same machine and data."""

import sys

from ldnet.command_line import show_uncaught

sys.excepthook = show_uncaught
