"""Server-sent events: once a second the new scores, and every change of an event.

One task reads the watcher and the store and makes the text of each message once; clients only wait
for it. A client that is slow misses messages, sees that by their numbers, and asks anew.
"""

import asyncio
import collections
import json
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from vadjax.live.server.context import Context
from vadjax.live.server.sources import describe

TICK_S = 1.0
MOST_CLIENTS = 2000
_KEPT = 30  # messages, for clients that are slow


class Feed:
    """Makes messages and keeps the last ones.

    Args:
        context: what is read.
    """

    def __init__(self, context: Context):
        self._context = context
        self._messages: collections.deque[tuple[int, bytes]] = collections.deque(maxlen=_KEPT)
        self._tick = asyncio.Event()
        self._count = 0
        self._ended = False
        self._sent: dict[str, float] = {}  # source -> time of the last point, by its own clock
        self.clients = 0

    async def run(self) -> None:
        """Make messages until the task is cancelled."""
        known = await run_in_threadpool(self._context.store.last_change)
        while True:
            await asyncio.sleep(TICK_S)
            if not self.clients:
                self._sent.clear()
                known = await run_in_threadpool(self._context.store.last_change)
                continue
            text, known = await run_in_threadpool(self._read, known)
            self._count += 1
            self._messages.append((self._count, text))
            self._wake()

    def close(self) -> None:
        """End all clients."""
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        tick, self._tick = self._tick, asyncio.Event()
        tick.set()

    def _read(self, known: int) -> tuple[bytes, int]:
        """Return a message of all that is new, and the last change that it holds."""
        context, scores = self._context, {}
        for name in context.status.sources if context.status else ():
            assert context.status is not None
            # The point of the second that goes on is sent again with the next message.
            after = self._sent.get(name, 0.0) - 2.5 * TICK_S
            points = context.status.scores(name, after=after)
            points = points if name in self._sent else points[-3:]
            if points:
                scores[name] = points
                self._sent[name] = points[-1][0]
        sources = [describe(context, name) for name in context.sources()]
        parts = [_message("now", {"scores": scores, "sources": sources})]
        for number, event in context.store.changes(known, limit=200):
            parts.append(_message("event", event.to_dict(), number=number))
            known = number
        return b"".join(parts), known

    async def read(self) -> AsyncIterator[bytes]:
        """Yield the messages from now on."""
        self.clients += 1
        seen = self._count
        try:
            yield b"retry: 3000\n\n"
            while not self._ended:
                await self._tick.wait()
                for number, text in list(self._messages):
                    if number > seen:
                        yield text
                        seen = number
        finally:
            self.clients -= 1


async def stream(request: Request) -> Response:
    """Answer with the messages from now on."""
    feed: Feed = request.app.state.feed
    if feed.clients >= MOST_CLIENTS:
        return JSONResponse({"error": "too many pages are open."}, 503)
    headers = {"X-Accel-Buffering": "no"}  # nginx would keep messages back
    return StreamingResponse(feed.read(), media_type="text/event-stream", headers=headers)


def _message(name: str, content: object, *, number: int | None = None) -> bytes:
    identity = "" if number is None else f"id: {number}\n"
    return f"{identity}event: {name}\ndata: {json.dumps(content)}\n\n".encode()
