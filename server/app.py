"""What a server serves: parts that are mounted side by side.

Each part has its own way to answer and to render its errors; none looks at the paths of another.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from domain.errors import NotFound
from server.errors import render
from server.front import Api, new_request_id
from server.route import API
from server.routes import ROUTES
from server.services import Services

Handle = Callable[[web.BaseRequest, str], Awaitable[web.StreamResponse]]
"""A part: the response to a request, and to what comes in its path after where it is mounted."""


def build_app(services: Services) -> web.Application:
    """The application, under the path of the public URL where that has one."""
    app = web.Application(client_max_size=services.settings.http.max_body_bytes)
    mount(app, services.prefix + API, Api(services, ROUTES).handle)
    mount(app, "", _nothing)
    return app


def mount(app: web.Application, base: str, handle: Handle) -> None:
    """Gives a part all requests below a base path; what was mounted before comes first."""

    async def below(request: web.Request) -> web.StreamResponse:
        return await handle(request, request.rel_url.raw_path[len(base) :])

    # 100 Continue is for the part to send, once it has looked at all but the body.
    app.router.add_route("*", f"{base}/{{below:.*}}", below, expect_handler=_not_yet)


async def _not_yet(_request: web.Request) -> None:
    return None


async def _nothing(_request: web.BaseRequest, _path: str) -> web.StreamResponse:
    request_id = new_request_id()
    reply = render(NotFound(f"There is nothing here; the API is at {API}"), request_id)
    return web.Response(
        status=reply.status,
        body=reply.body,
        headers={"X-Request-Id": request_id},
        content_type="application/json",
    )
