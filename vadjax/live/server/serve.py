"""The page is served by a thread of the process that watches."""

import asyncio
import contextlib
import errno
import ipaddress
import pathlib
import socket
import ssl
import threading
import time

import uvicorn

from vadjax.errors import UserError, system_message
from vadjax.live.event_store import EventStore
from vadjax.live.server.app import make_app
from vadjax.live.server.context import Context
from vadjax.live.settings import SettingsFile
from vadjax.live.sinks.delivery import Delivery
from vadjax.live.status import Status

_SHORTEST_TOKEN = 16
_START_S = 20.0


class Server:
    """Serves the page.

    Args:
        folder: of the watch.
        store: its events.
        status: of the watcher; None where nothing is being watched.
        delivery: of its sinks, or None.
        host: address to listen at.
        port: to listen at; 0 takes a free one.
        token: that requests need, of at least 16 characters; "" is possible on loopback alone.
        certificate: file of the TLS certificate, PEM; None is no TLS.
        key: file of its key.
        title: of the page.
        answered: called with an event when a person has answered.

    Raises:
        UserError: there is no token where one is needed, or a certificate cannot be read.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        store: EventStore,
        *,
        status: Status | None = None,
        delivery: Delivery | None = None,
        host: str = "127.0.0.1",
        port: int = 8080,
        token: str = "",
        certificate: pathlib.Path | None = None,
        key: pathlib.Path | None = None,
        title: str = "vadjax watch",
        answered=lambda event: None,
    ):
        if not token and not is_loopback(host):
            raise UserError(
                f"the page at {host} can be reached by other machines: give a token "
                "(--token_file=FILE, or VADJAX_TOKEN), or leave --host out."
            )
        if token and (len(token) < _SHORTEST_TOKEN or not token.isascii()):
            raise UserError(
                f"a token has at least {_SHORTEST_TOKEN} ASCII characters; "
                "`openssl rand -hex 24` makes one."
            )
        self._host, self._port = host, port
        self._secure = certificate is not None
        if certificate is not None:
            _check_certificate(certificate, key)
        context = Context(folder, store, SettingsFile(folder), status, delivery, title, answered)
        self.app = make_app(context, token=token, secure=self._secure)
        config = uvicorn.Config(
            self.app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=30,
            h11_max_incomplete_event_size=32 << 10,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        """The address of the page."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http{'s' if self._secure else ''}://{host}:{self._port}/"

    def start(self) -> None:
        """Listen, and serve in a thread.

        Raises:
            UserError: the port is in use, or this machine has no such address.
        """
        listener = self._listen()
        self._port = listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, args=(listener,), daemon=True)
        self._thread.start()
        end = time.monotonic() + _START_S
        while not self._server.started and self._thread.is_alive() and time.monotonic() < end:
            time.sleep(0.005)
        if not self._server.started:
            raise UserError(f"the page at {self.url} does not start.")

    def close(self) -> None:
        """End the page; open connections are cut."""
        self._server.should_exit = True
        if self._thread is None or not self._thread.is_alive():
            return
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop has ended
            # uvicorn waits for its clients, and those of the feed for its next message.
            self._loop.call_soon_threadsafe(self.app.state.feed.close)
        self._thread.join(5.0)

    def _run(self, listener: socket.socket) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            await self._server.serve(sockets=[listener])

        asyncio.run(serve())

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            return socket.create_server((self._host, self._port), family=family, backlog=2048)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise UserError(
                    f"port {self._port} is in use by another program; give another --port."
                ) from error
            said = system_message(error) or f"{error}."
            raise UserError(f"{self._host}:{self._port} cannot be listened at: {said}") from error


def is_loopback(host: str) -> bool:
    """Return whether an address is this machine's own, which no other machine reaches."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_certificate(certificate: pathlib.Path, key: pathlib.Path | None) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one
        raise UserError(
            f"the certificate {certificate} and its key cannot be used ({error.strerror})."
        ) from error
