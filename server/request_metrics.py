"""What is measured of requests, when their responses are there."""

from collections.abc import Iterable
from typing import Final

from runtime import measured
from server.route import Route, Stream

ASSETS: Final = "assets"
NONE: Final = "none"
"""The route of what no route takes."""

_ANY: Final = "any"
"""The method of what is measured by no method of its own, to have fewer series."""
_CLASSES: Final = {2: "2xx", 3: "3xx", 4: "4xx", 5: "5xx"}


def foresee(routes: Iterable[Route], pages: Iterable[str]) -> None:
    """Says which requests there may be, by the routes of the API and the templates of pages."""
    for_itself = (route for route in routes if not isinstance(route, Stream))
    measured.foresee_routes((route.method, route.template) for route in for_itself)
    measured.foresee_routes((_ANY, page_group(template)) for template in pages)
    measured.foresee_routes([(_ANY, ASSETS), (_ANY, NONE)])


def page_group(template: str) -> str:
    """What pages are measured by: the first segment of a template, `/trips` of all below it."""
    return "/" + template.split("/", 2)[1]


def count_response(status: int) -> None:
    """Counts a response, also to what is no request."""
    measured.RESPONSES.add(_CLASSES[status // 100])


def measure_operation(route: Route, status: int, seconds: float) -> None:
    """Measures a request for a route of the API; a stream lasts as long as its client likes."""
    count_response(status)
    if not isinstance(route, Stream):
        measured.REQUEST_SECONDS.observe(seconds, route.method, route.template)


def measure_other(group: str, status: int, seconds: float) -> None:
    """Measures another request: for a group of pages, for `ASSETS`, or for `NONE`."""
    count_response(status)
    measured.REQUEST_SECONDS.observe(seconds, _ANY, group)
