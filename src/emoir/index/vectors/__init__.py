"""Engines that search row vectors: replicas of the store, behind one contract."""

from emoir.index.vectors.base import (
    Candidates,
    Capabilities,
    Component,
    RowCondition,
    RowFilter,
    VectorIndex,
    passing,
    scalar_column,
)
from emoir.index.vectors.choice import VectorChoice
from emoir.index.vectors.exact import ExactVectors

__all__ = [
    "Candidates",
    "Capabilities",
    "Component",
    "ExactVectors",
    "RowCondition",
    "RowFilter",
    "VectorChoice",
    "VectorIndex",
    "passing",
    "scalar_column",
]
