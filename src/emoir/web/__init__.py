"""The gallery and the REST service: a collection over HTTP."""

from emoir.web.app import create_app
from emoir.web.settings import Settings

__all__ = ["Settings", "create_app"]
