"""What every request passes first: its host, its token, its size; and headers of every answer."""

import hashlib
import hmac
import http.cookies
import json
import urllib.parse
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "vadjax"
MOST_BYTES = 64 << 10  # of the body of a request
_MOST_HEADER_BYTES = 32 << 10
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_OPEN = ("/login", "/static/live.css", "/static/style.css")  # without a token
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; media-src 'self'; "
    "style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Middleware.

    Without a token only requests to this machine by its own name are answered, so that no web site
    can reach the page through a name that it lets point here. Requests that change something must
    come from the page itself, or from no page.

    Args:
        app: what it guards.
        token: that is asked for; "" for none.
        hosts: names in the header Host that are answered without a token.
    """

    def __init__(self, app: ASGIApp, *, token: str = "", hosts: Iterable[str] = LOOPBACK):
        self._app, self._token, self._hosts = app, token, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = {name.lower() for name, _ in message["headers"]}
                more = {n.lower().encode(): v.encode() for n, v in _HEADERS.items()}
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in more.items() if name not in known),
                ]
            await send(message)

        headers = {name.decode("latin-1").lower(): v for name, v in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _answer(sent, *refusal, page=_wants_page(scope, headers))
            return
        await self._app(scope, _limited(receive), sent)

    def _refusal(self, scope: Scope, headers: dict[str, bytes]) -> tuple[int, str] | None:
        """Return status and reason where a request is not answered."""
        if sum(len(name) + len(value) for name, value in scope["headers"]) > _MOST_HEADER_BYTES:
            return 431, "the headers of the request are too long."
        length = headers.get("content-length", b"0")
        if not length.isdigit() or int(length[:20]) > MOST_BYTES:
            return 413, f"a request has at most {MOST_BYTES} bytes."
        host = headers.get("host", b"").decode("latin-1")
        if not self._token and _name_of(host) not in self._hosts:
            return 403, "this page is for this machine alone: open it as http://localhost."
        if scope["method"] not in ("GET", "HEAD"):
            origin = headers.get("origin", b"").decode("latin-1")
            if origin and urllib.parse.urlsplit(origin).netloc != host:
                return 403, "the request comes from another page."
        if self._token and scope["path"] not in _OPEN and not self.knows(headers):
            return 401, "the token of this watch is missing or wrong."
        return None

    def knows(self, headers: dict[str, bytes]) -> bool:
        """Return whether a request has the token, as bearer or as cookie."""
        kind, _, given = headers.get("authorization", b"").partition(b" ")
        if kind.lower() == b"bearer" and is_token(given.strip(), self._token):
            return True
        try:
            cookies = http.cookies.SimpleCookie(headers.get("cookie", b"").decode("latin-1"))
        except http.cookies.CookieError:
            return False
        found = cookies.get(COOKIE)
        return found is not None and hmac.compare_digest(
            found.value.encode(), cookie_of(self._token).encode()
        )


def is_token(given: bytes, token: str) -> bool:
    """Return whether a text is the token, in a time that does not tell how much of it is.

    Args:
        given: the text.
        token: of the watch.

    Returns:
        Whether they are the same.
    """
    return hmac.compare_digest(hashlib.sha256(given).digest(), _digest(token))


def cookie_of(token: str) -> str:
    """Return what the browser keeps: it proves the token and is none."""
    return hmac.new(token.encode(), b"cookie of the page of vadjax", "sha256").hexdigest()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _name_of(host: str) -> str:
    """Return the name in a header Host, without port and brackets."""
    name, _, rest = host.rpartition(":")
    plain = name if name and rest.isdigit() else host
    return plain.strip("[]").lower()


def _wants_page(scope: Scope, headers: dict[str, bytes]) -> bool:
    return scope["path"] == "/" and b"text/html" in headers.get("accept", b"")


def _limited(receive: Receive) -> Receive:
    """Cut a body that is longer than it said: what is read of it is refused as too long."""
    count = 0

    async def received() -> Message:
        nonlocal count
        message = await receive()
        count += len(message.get("body", b""))
        if count > MOST_BYTES:
            raise BodyTooLong
        return message

    return received


class BodyTooLong(Exception):
    """The body of a request is longer than `MOST_BYTES`."""


async def _answer(send: Send, status: int, reason: str, *, page: bool) -> None:
    if page and status == 401:
        headers = [(b"location", b"/login"), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    body = json.dumps({"error": reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
