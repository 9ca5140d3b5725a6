from __future__ import annotations

from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as effort
from schemathesis import Case
from schemathesis.specs.openapi.checks import allow_header_conformance, positive_data_acceptance

from emoir import Collection
from emoir.web import Settings, create_app
from tests.pictures import save_photos

# A schema cannot say what the query grammar accepts, and Starlette names one method of several when it refuses another.
NOT_OURS = [positive_data_acceptance, allow_header_conformance]
# Requests with which each route is tried.
TRIES = 12


def _schema() -> schemathesis.BaseSchema:
    import atexit
    import tempfile

    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    save_photos(Path(folder.name) / "photos", 3)
    collection = Collection(Path(folder.name) / "index.emoir")
    collection.index(Path(folder.name) / "photos", workers=1)
    app = create_app(collection, Settings(thumbnails=Path(folder.name) / "thumbnails"))
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers={"host": "127.0.0.1"})


schema = _schema()


@schema.parametrize()
@effort(
    max_examples=TRIES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)
def test_every_route_does_what_its_description_says(case: Case[Any]) -> None:
    case.call_and_validate(headers={"host": "127.0.0.1"}, excluded_checks=NOT_OURS, timeout=120)


def test_every_route_has_a_summary_and_an_example() -> None:
    for path, methods in create_app(Collection("none.emoir")).openapi()["paths"].items():
        for method, route in methods.items():
            assert route["summary"], path
            assert "Example: " in route["description"], f"{method} {path}"
