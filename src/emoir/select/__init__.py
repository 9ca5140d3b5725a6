"""Choosing stimuli: images that meet conditions, and sets that differ in emotion and in nothing else."""

from emoir.select.balance import Balance, balance
from emoir.select.condition import Condition, parse_stimulus_condition
from emoir.select.draw import Pool, draw
from emoir.select.matched import VARIABLES, match_sets, variable_values
from emoir.select.stimuli import Stimuli, Stimulus, matched_stimuli, pools_of, select_stimuli

__all__ = [
    "VARIABLES",
    "Balance",
    "Condition",
    "Pool",
    "Stimuli",
    "Stimulus",
    "balance",
    "draw",
    "match_sets",
    "matched_stimuli",
    "parse_stimulus_condition",
    "pools_of",
    "select_stimuli",
    "variable_values",
]
