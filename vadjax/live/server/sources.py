"""Routes of sources: how they fare, what they show now, the last hour's scores, their settings."""

import dataclasses
import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vadjax.live.preview import DAYS, preview
from vadjax.live.server.context import Context
from vadjax.live.server.parameters import NotFound, json_of, number_of, text_of
from vadjax.live.settings import source_settings


def context_of(request: Request) -> Context:
    """Return what the routes read."""
    return request.app.state.context


def source_of(request: Request) -> str:
    """Return the source that a request names.

    Raises:
        NotFound: there is none of this name.
    """
    name = text_of(request, "source")
    if name is None or name not in context_of(request).sources():
        raise NotFound("there is no such source; GET /api/sources lists them.")
    return name


def watched_of(request: Request) -> tuple[Context, str]:
    """Return the context and the source that a request names, which is being watched."""
    context, name = context_of(request), source_of(request)
    if context.status is None or name not in context.status.sources:
        raise NotFound("this source is not being watched now.")
    return context, name


def list_sources(request: Request) -> Response:
    """Return the sources and how each fares."""
    context = context_of(request)
    return JSONResponse([describe(context, name) for name in context.sources()])


def describe(context: Context, name: str) -> dict[str, Any]:
    """Return how a source fares: `status.Health`, and its last score.

    Args:
        context: what is read.
        name: of the source.

    Returns:
        Plain values.
    """
    if context.status is None or name not in context.status.sources:
        return {"name": name, "watched": False}
    health = dataclasses.asdict(context.status.health(name))
    latest = context.status.latest(name)
    scores = context.status.scores(name)
    last = scores[-1] if scores and health["state"] == "watching" else None
    return {
        "name": name,
        "watched": True,
        **health,
        "score": last[1] if last else None,
        "threshold": last[2] if last else None,
        "picture_time": latest.time if latest else None,
    }


def picture(request: Request) -> Response:
    """Return the last picture, with heat map and boxes."""
    context, name = watched_of(request)
    assert context.status is not None
    latest = context.status.latest(name)
    if latest is None:
        raise NotFound("this source has shown no picture yet.")
    headers = {"X-Time": str(latest.time)}
    return Response(latest.jpeg, media_type="image/jpeg", headers=headers)


def scores(request: Request) -> Response:
    """Return (time, score, threshold) of each second of the last hour."""
    context, name = watched_of(request)
    assert context.status is not None
    points = context.status.scores(name, after=number_of(request, "after") or 0.0)
    return JSONResponse({"source": name, "points": points})


def get_settings(request: Request) -> Response:
    """Return zones, schedule and sensitivity."""
    context, name = context_of(request), source_of(request)
    return JSONResponse(context.settings.read().of(name).to_dict())


async def put_settings(request: Request) -> Response:
    """Replace zones, schedule and sensitivity."""
    values = source_settings(await json_of(request))
    context, name = context_of(request), await run_in_threadpool(source_of, request)
    await run_in_threadpool(context.settings.write, name, values)
    return JSONResponse(values.to_dict())


async def try_settings(request: Request) -> Response:
    """Return what the last week would have given under other settings."""
    values = source_settings(await json_of(request))
    context, name = context_of(request), await run_in_threadpool(source_of, request)
    now = time.time()

    def count() -> dict[str, Any]:
        since = now - (DAYS + 1) * 86400
        events = context.store.list(source=name, since=since, kind="anomaly", limit=50_000)
        return preview(events, values, now)

    return JSONResponse(await run_in_threadpool(count))
