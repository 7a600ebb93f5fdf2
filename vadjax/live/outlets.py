"""What a watch opens to the outside: sinks that are told, and the page."""

import contextlib
import dataclasses
import os
import pathlib
from collections.abc import Callable, Iterator

from vadjax.errors import UserError
from vadjax.live.event_store import EventStore
from vadjax.live.sinks import open_sink
from vadjax.live.sinks.address import read_secret
from vadjax.live.sinks.delivery import Delivery
from vadjax.live.status import Status


@dataclasses.dataclass(frozen=True)
class Outlets:
    """What a person asks for.

    Attributes:
        sinks: their addresses.
        port: of the page; None serves none, 0 takes a free one.
        host: address that the page listens at.
        token_file: file whose first line is the token of the page; None reads VADJAX_TOKEN.
        certificate: file of the TLS certificate, or None.
        key: file of its key, or None.
    """

    sinks: tuple[str, ...] = ()
    port: int | None = None
    host: str = "127.0.0.1"
    token_file: pathlib.Path | None = None
    certificate: pathlib.Path | None = None
    key: pathlib.Path | None = None

    def __post_init__(self) -> None:
        for text in self.sinks:  # before anything large is loaded
            open_sink(text)

    @property
    def token(self) -> str:
        """The token of the page; "" where there is none."""
        if self.token_file is not None:
            return read_secret(self.token_file, what="the token of the page")
        return os.environ.get("VADJAX_TOKEN", "").strip()

    @contextlib.contextmanager
    def opened(
        self, store: EventStore, status: Status | None, say: Callable[[str], None], **page
    ) -> Iterator[None]:
        """Serve and announce while the block runs.

        Args:
            store: of the watch.
            status: of the watcher, or None.
            say: prints a line.
            page: further arguments of the `Server`.

        Yields:
            Nothing.

        Raises:
            UserError: the page cannot be served.
        """
        delivery = Delivery(store, [open_sink(text) for text in self.sinks], say=say)
        with contextlib.ExitStack() as stack:
            delivery.start()
            stack.callback(delivery.close)
            if self.port is not None:
                server = _server(self, store, status=status, delivery=delivery, **page)
                server.start()
                stack.callback(server.close)
                say(f"vadjax: the page is at {server.url}")
            yield


NOTHING = Outlets()


def _server(outlets: Outlets, store: EventStore, **more):
    try:
        from vadjax.live.server import Server
    except ModuleNotFoundError as error:
        raise UserError(
            f"the page needs the package {error.name}: pip install 'vadjax[live]'."
        ) from error
    return Server(
        more.pop("folder", store.folder),
        store,
        host=outlets.host,
        port=outlets.port or 0,
        token=outlets.token,
        certificate=outlets.certificate,
        key=outlets.key,
        **more,
    )
