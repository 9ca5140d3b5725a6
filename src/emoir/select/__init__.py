"""Choosing stimuli: images that meet conditions, and sets that differ in emotion and in nothing else."""

from emoir.select.balance import Balance, balance
from emoir.select.condition import Condition, cross_factors, parse_factor, parse_stimulus_condition, parse_validity
from emoir.select.matching import VARIABLES, match_sets, variable_values
from emoir.select.pool import CandidatePool, sample_images
from emoir.select.stimuli import Stimuli, Stimulus, matched_stimuli, pools_of, select_stimuli

__all__ = [
    "VARIABLES",
    "Balance",
    "CandidatePool",
    "Condition",
    "Stimuli",
    "Stimulus",
    "balance",
    "cross_factors",
    "match_sets",
    "matched_stimuli",
    "parse_factor",
    "parse_stimulus_condition",
    "parse_validity",
    "pools_of",
    "sample_images",
    "select_stimuli",
    "variable_values",
]
