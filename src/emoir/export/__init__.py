"""What a collection gives to other programs: tables with a codebook."""

from emoir.export.table import ExportTable, image_table, vector_columns
from emoir.export.write import write_codebook, write_csv, write_json, write_matrix, write_parquet

__all__ = [
    "ExportTable",
    "image_table",
    "vector_columns",
    "write_codebook",
    "write_csv",
    "write_json",
    "write_matrix",
    "write_parquet",
]
