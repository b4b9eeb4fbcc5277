"""The scorecard's plots: one function each, from its part of the scorecard to inline SVG.

attributes   what the encoder sees, and what it takes for what
engagement   what the classifiers predict, per target
contexts     ... and per campaign type and industry
learning     what more data would bring
epochs       the encoder's training
search       a search, trial by trial
amounts      examples and seconds as bars
axes         what the plots' axes have in common

`name` is the plot's identifier on the page. Missing values leave a gap, never a zero.
"""

from emailimg.report.plots import (
    amounts,
    attributes,
    contexts,
    engagement,
    epochs,
    learning,
    search,
)

__all__ = ["amounts", "attributes", "contexts", "engagement", "epochs", "learning", "search"]
