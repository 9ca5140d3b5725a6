"""One page about a collection, and its figures as files."""

from emoir.report.page import is_page, page, write_report
from emoir.report.pictures import Picture, read_pictures
from emoir.report.sections import Contents

__all__ = ["Contents", "Picture", "is_page", "page", "read_pictures", "write_report"]
