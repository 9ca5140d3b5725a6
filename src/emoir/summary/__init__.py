"""The one picture of a collection, which report, gallery and command line show."""

from emoir.summary.summary import SURE, Group, Summary, month_of, summarise

__all__ = ["SURE", "Group", "Summary", "month_of", "summarise"]
