"""What a server serves: parts that are mounted side by side.

Each part has its own way to answer and to render its errors; none looks at the paths of another.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from domain.errors import NotFound, ValidationFailed
from server.errors import refuse
from server.front import BASE, Api
from server.route import API
from server.routes import ROUTES
from server.services import Services

Handle = Callable[[web.BaseRequest, str], Awaitable[web.StreamResponse]]
"""A part: the response to a request, and to what comes in its path after where it is mounted."""


def build_app(services: Services) -> web.Application:
    """The application, also under the path of the public URL where that has one."""
    app = web.Application(
        client_max_size=services.settings.http.max_body_bytes, middlewares=[_in_our_words]
    )
    api = Api(services, ROUTES)
    # Also without the path: a proxy may take it off, and a health check knows none.
    for prefix in dict.fromkeys((services.prefix, "")):
        mount(app, prefix + BASE, api.handle)
    mount(app, "", _nothing)
    return app


def mount(app: web.Application, base: str, handle: Handle) -> None:
    """Gives a part all requests below a base path; what was mounted before comes first."""

    async def below(request: web.Request) -> web.StreamResponse:
        return await handle(request, request.rel_url.raw_path[len(base) :])

    # A path may have line breaks in it, which a dot does not match.
    rest = "{below:[\\s\\S]*}"
    for path in (base, f"{base}/{rest}") if base else (f"/{rest}",):
        app.router.add_route("*", path, below, expect_handler=_check_expectation)


@web.middleware
async def _in_our_words(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """aiohttp's own refusals, of targets that are no path: those of CONNECT and OPTIONS *."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return refuse(NotFound(error.reason))


async def _check_expectation(request: web.Request) -> web.Response | None:
    """100 Continue is for the part to send, once it has looked at all but the body."""
    if request.headers["Expect"].strip().lower() == "100-continue":
        return None
    return refuse(ValidationFailed([], "Expect may only be 100-continue"))


async def _nothing(_request: web.BaseRequest, _path: str) -> web.StreamResponse:
    return refuse(NotFound(f"There is nothing here; the API is at {API}"))
