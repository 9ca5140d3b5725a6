"""Predictions and truth to figures with intervals and baselines."""

from emoir.evaluate.intervals import Estimate, bootstrap, bootstrap_mean, paired_difference

__all__ = ["Estimate", "bootstrap", "bootstrap_mean", "paired_difference"]
