"""The experiment: what makes a tagger. `ldnet` is what ships, and knows nothing of this.

Reading order, which is also the import order (a package imports only from packages before it):
execution, text, grammar, corpus, fetch, language_model, pretraining, gpu_pretraining, features, tagger, selection,
pruning, evaluation, checking, report, exporting, experiments, publishing, reference.
"""
