"""What ships: finished taggers, from their folder to tags. Nothing here knows how a tagger was made.

Packages, each importing only from those before it: text, crf, decoding; then this folder's modules; adapters, commands.
All may import the basics: compilation, errors, files, limits, printable, processors.
"""

__version__ = "0.2.0"
