"""The one picture of a collection, which report and gallery show."""

from emoir.summary.summary import PALETTE_IMAGES, Group, Rows, Summary, month_of, summarise

__all__ = ["PALETTE_IMAGES", "Group", "Rows", "Summary", "month_of", "summarise"]
