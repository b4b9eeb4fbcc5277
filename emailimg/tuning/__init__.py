"""Tuning: Ray Tune searches the settings of the encoder and of the classifiers.

space        what is searched: continuous, integer and categorical parameters
defaults     the spaces that are searched unless a file says otherwise
objective    what a search makes smaller, and what a trial of it holds
    encoder_objective      the encoder's validation error
    classifiers_objective  the classifiers' validation log-loss
    joint_objective        the classifiers' log-loss on the embeddings of a new encoder
proposals    which settings are tried next: Bayesian, random or grid search
scheduling   which trials are stopped early
trials       the record of every trial, from which a search continues
runs         a search on Ray Tune
results      table, best.yaml and importance of the parameters
plots, page  pictures of a search
"""
