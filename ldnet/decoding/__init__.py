"""From sentences to tags with finished weights: packed layers, Viterbi, confidences."""
