"""The routes of the page, put together."""

import contextlib
import pathlib
import urllib.parse
from collections.abc import AsyncIterator

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from vadjax.errors import UserError
from vadjax.live.server import events, feed, health, sources
from vadjax.live.server.context import Context
from vadjax.live.server.feed import Feed
from vadjax.live.server.guard import COOKIE, LOOPBACK, BodyTooLong, Guard, cookie_of, is_token
from vadjax.live.server.openapi import document
from vadjax.live.server.parameters import NotFound
from vadjax.report.page import TEMPLATE as REPORT

TEMPLATE = pathlib.Path(__file__).parent / "template"
STATIC = {path.name: path for path in TEMPLATE.iterdir() if path.suffix in (".css", ".js")}
STATIC["style.css"] = REPORT / "style.css"
_TYPES = {".css": "text/css", ".js": "text/javascript"}
_WRONG_TOKEN_S = 0.5  # before the answer, so that tokens are not tried out


def make_app(
    context: Context, *, token: str = "", secure: bool = False, hosts: tuple[str, ...] = LOOPBACK
) -> Starlette:
    """Return the application.

    Args:
        context: what the routes read.
        token: that requests need; "" for none.
        secure: whether it is served by TLS, for the cookie.
        hosts: names in the header Host that are answered without a token.

    Returns:
        An ASGI application.
    """

    async def login(request: Request) -> Response:
        form = urllib.parse.parse_qs((await request.body()).decode("utf-8", "replace"))
        if not token or is_token(form.get("token", [""])[0].strip().encode(), token):
            response = RedirectResponse("/", 303)
            if token:
                response.set_cookie(
                    COOKIE,
                    cookie_of(token),
                    max_age=30 * 86400,
                    secure=secure,
                    httponly=True,
                    samesite="strict",
                )
            return response
        await anyio.sleep(_WRONG_TOKEN_S)
        return HTMLResponse(_text("login.html").replace("hidden", ""), 401)

    def page(request: Request) -> Response:
        return HTMLResponse(_text("page.html"))

    def login_page(request: Request) -> Response:
        return HTMLResponse(_text("login.html"))

    def about(request: Request) -> Response:
        return JSONResponse({"title": context.title, "watching": context.status is not None})

    def openapi(request: Request) -> Response:
        return JSONResponse(document(token=bool(token)))

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(app.state.feed.run)
            yield
            app.state.feed.close()
            tasks.cancel_scope.cancel()

    one = "/api/events/{id}"
    app = Starlette(
        routes=[
            Route("/", page),
            Route("/login", login_page),
            Route("/login", login, methods=["POST"]),
            Route("/static/{name}", static),
            Route("/openapi.json", openapi),
            Route("/metrics", health.metrics),
            Route("/api/about", about),
            Route("/api/health", health.health),
            Route("/api/sources", sources.list_sources),
            Route("/api/picture", sources.picture),
            Route("/api/scores", sources.scores),
            Route("/api/settings", sources.get_settings),
            Route("/api/settings", sources.put_settings, methods=["PUT"]),
            Route("/api/preview", sources.try_settings, methods=["POST"]),
            Route("/api/stream", feed.stream),
            Route("/api/events", events.list_events),
            Route(one, events.get_event),
            Route(f"{one}/answer", events.put_answer, methods=["PUT"]),
            Route(f"{one}/picture", events.picture),
            Route(f"{one}/clip", events.clip),
        ],
        middleware=[Middleware(Guard, token=token, hosts=hosts)],
        exception_handlers={
            UserError: _said(422),
            NotFound: _said(404),
            BodyTooLong: lambda request, error: _error(413, "the request is too long."),
            HTTPException: _http_error,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.context = context
    app.state.feed = Feed(context)
    return app


def static(request: Request) -> Response:
    """Return a script or a style sheet."""
    path = STATIC.get(request.path_params["name"])
    if path is None:
        raise NotFound("there is no such file.")
    return FileResponse(path, media_type=_TYPES[path.suffix], headers={"Cache-Control": "no-cache"})


def _text(name: str) -> str:
    """Return a page, with the head that all of them share."""
    text, head = ((TEMPLATE / one).read_text("utf-8") for one in (name, "head.html"))
    return text.replace("<!-- head.html -->\n", head)


def _error(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status)


def _said(status: int):
    return lambda request, error: _error(status, str(error))


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = _error(error.status_code, error.detail)
    response.headers.update(error.headers or {})
    return response
