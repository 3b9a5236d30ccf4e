"""The library behind the stages.

Reading order, which is also the import order (a folder imports only from folders before it):
data, language_model, gates, pruning, tagger, evaluation, report, reference, serving.
"""

__version__ = "0.1.0"
