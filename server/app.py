"""What a server serves: parts that are mounted side by side.

Each part has its own way to answer and to render its errors; none looks at the paths of another.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import unquote

from aiohttp import web

from domain.errors import NotFound, ValidationFailed
from server.errors import refuse
from server.front import BASE, Api
from server.health import Health
from server.mcp.endpoint import MCP, Endpoint
from server.pages.front import Pages
from server.pages.table import PAGES
from server.probes import LIVE, READY
from server.request_metrics import foresee
from server.route import API
from server.routes import ROUTES
from server.services import Services

Handle = Callable[[web.BaseRequest, str], Awaitable[web.StreamResponse]]
"""A part: the response to a request, and to what comes in its path after where it is mounted."""


foresee(ROUTES, [MCP, *(page.path for page in PAGES)])


class App:
    """Gives a request to the part that is mounted where its path begins."""

    def __init__(self) -> None:
        self._mounts: list[tuple[str, Handle]] = []

    def mount(self, base: str, handle: Handle) -> None:
        """Gives a part all requests below a base path; what was mounted before comes first."""
        self._mounts.append((base, handle))

    def __call__(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        """The response to a request, from the part whose it is."""
        if "Expect" in request.headers and not _is_known_expectation(request):
            return _refuse(ValidationFailed([], "Expect may only be 100-continue"))
        path = request.rel_url.raw_path
        for base, handle in self._mounts:
            below = _below(base, path)
            if below is not None:
                return handle(request, below)
        return _refuse(NotFound(f"There is nothing here; the API is at {API}"))


def build_app(services: Services, health: Health) -> App:
    """All parts, also under the path of the public URL where that has one."""
    app = App()
    api, mcp, pages = Api(services, ROUTES), Endpoint(services), Pages(services)
    # Also without the path: a proxy may take it off, and a health check knows none.
    prefixes = [*dict.fromkeys((services.prefix, ""))]
    for prefix in prefixes:
        app.mount(prefix + BASE, api.handle)
        app.mount(prefix + MCP, mcp.handle)
        app.mount(prefix + LIVE, health.live)
        app.mount(prefix + READY, health.ready)
    for prefix in prefixes:
        app.mount(prefix, pages.handle)
    return app


def _below(base: str, path: str) -> str | None:
    """What comes in a raw path after a base path; None where it is not below that."""
    if path.startswith(f"{base}/") or path == base:
        return path[len(base) :]
    if "%" not in path:
        return None
    # As in the tree of routes, a segment may be percent-encoded without need.
    segments = path.split("/")[: base.count("/") + 1]
    if list(map(unquote, segments)) != list(map(unquote, base.split("/"))):
        return None
    return path[len("/".join(segments)) :]


def _is_known_expectation(request: web.BaseRequest) -> bool:
    """Whether it is 100 Continue, which the part sends once it has looked at all but the body."""
    return request.headers["Expect"].strip().lower() == "100-continue"


async def _refuse(error: NotFound | ValidationFailed) -> web.StreamResponse:
    return refuse(error)
