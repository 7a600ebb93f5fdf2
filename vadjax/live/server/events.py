"""Routes of events: the list, one of them, its picture and clip, and what a person says of it."""

import pathlib

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from vadjax.errors import UserError, unknown
from vadjax.live.event import ANSWERS, KINDS, Event
from vadjax.live.server.parameters import (
    NotFound,
    choice_of,
    json_of,
    number_of,
    text_of,
    whole_of,
)
from vadjax.live.server.sources import context_of

_MOST = 500
_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
}


def list_events(request: Request) -> Response:
    """Return events, the latest first; `next` is the id to give as `before` for more."""
    limit = whole_of(request, "limit", default=50, most=_MOST)
    events = context_of(request).store.list(
        source=text_of(request, "source"),
        kind=choice_of(request, "kind", KINDS),
        answer=choice_of(request, "answer", ANSWERS),
        since=number_of(request, "since"),
        until=number_of(request, "until"),
        before=text_of(request, "before"),
        limit=limit,
    )
    more = events[-1].id if len(events) == limit else None
    return JSONResponse({"events": [event.to_dict() for event in events], "next": more})


def get_event(request: Request) -> Response:
    """Return one event."""
    return JSONResponse(_event(request).to_dict())


async def put_answer(request: Request) -> Response:
    """Note what a person says of an event: "normal", "matters", or null to take it back."""
    content = await json_of(request)
    if not isinstance(content, dict) or set(content) != {"answer"}:
        raise UserError('wanted {"answer": "normal"}, "matters" or null.')
    answer = content["answer"]
    if answer is not None and (not isinstance(answer, str) or answer not in ANSWERS):
        raise unknown("answer", answer, ANSWERS)
    context = context_of(request)

    def note() -> Event:
        event = context.store.answer(_event(request).id, answer)
        context.answered(event)
        return event

    return JSONResponse((await run_in_threadpool(note)).to_dict())


def picture(request: Request) -> Response:
    """Return the picture of an event."""
    return _file(request, _event(request).picture)


def clip(request: Request) -> Response:
    """Return the clip of an event; ranges of bytes are answered, as players ask for them."""
    return _file(request, _event(request).clip)


def _event(request: Request) -> Event:
    event = context_of(request).store.get(request.path_params["id"])
    if event is None:
        raise NotFound("there is no such event.")
    return event


def _file(request: Request, name: str | None) -> Response:
    """Return a file of the watch; only files below its folder, and only pictures and clips."""
    if name is None:
        raise NotFound("this event has no such file (any more).")
    folder = context_of(request).folder.resolve()
    path = (folder / name).resolve()
    kind = _TYPES.get(pathlib.PurePath(name).suffix.lower())
    if kind is None or not path.is_relative_to(folder) or not path.is_file():
        raise NotFound("this event has no such file (any more).")
    headers = {"Cache-Control": "private, max-age=86400"}
    return FileResponse(path, media_type=kind, headers=headers)
