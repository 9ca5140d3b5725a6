"""Affective data sets as one kind of table: paths, labels that may be absent, group, split."""

from emoir.datasets.delimited import Columns, read_table
from emoir.datasets.detect import read_dataset
from emoir.datasets.folders import read_folders
from emoir.datasets.table import ABSENT_CLASS, Table

__all__ = ["ABSENT_CLASS", "Columns", "Table", "read_dataset", "read_folders", "read_table"]
