"""The experiment: what makes a tagger. `ldnet` is what ships, and knows nothing of this.

Reading order, which is also the import order (a package imports only from packages before it):
text, grammar, corpus, fetch, execution, language_model, pretraining, features, tagger, selection, pruning, evaluation,
report, exporting, experiments, reference.
"""
