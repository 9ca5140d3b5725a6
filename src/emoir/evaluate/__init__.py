"""Predictions and truth to metrics with intervals and baselines."""

from emoir.evaluate.intervals import Estimate, Influence, average_runs, holm, jackknife, mean_interval, of_mean

__all__ = ["Estimate", "Influence", "average_runs", "holm", "jackknife", "mean_interval", "of_mean"]
