"""One page about a collection, and its figures as files."""

from emoir.report.page import is_page, page, write_report
from emoir.report.pictures import Picture, read_pictures
from emoir.report.sections import Contents
from emoir.report.summary import Group, Summary, summarise

__all__ = ["Contents", "Group", "Picture", "Summary", "is_page", "page", "read_pictures", "summarise", "write_report"]
