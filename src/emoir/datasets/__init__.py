"""Affective data sets as one kind of table: paths, labels that may be absent, group, split."""

from emoir.datasets.delimited import Columns, read_table
from emoir.datasets.detect import layout_of, read_dataset
from emoir.datasets.folders import read_folders
from emoir.datasets.published import PUBLISHED, Layout
from emoir.datasets.table import ABSENT_CLASS, Table
from emoir.datasets.view import LabelledImages

__all__ = [
    "ABSENT_CLASS",
    "PUBLISHED",
    "Columns",
    "LabelledImages",
    "Layout",
    "Table",
    "layout_of",
    "read_dataset",
    "read_folders",
    "read_table",
]
