"""Routes for people and programs that look after the watch: health, and metrics of Prometheus."""

import dataclasses
import time
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from vadjax.live.server.context import Context
from vadjax.live.server.sources import context_of, describe
from vadjax.live.status import memory_bytes

_STARTED = time.time()


def health(request: Request) -> Response:
    """Return how sources and sinks fare; status 503 where a watched source is not there."""
    context = context_of(request)
    sources = [describe(context, name) for name in context.sources()]
    lost = [s["name"] for s in sources if s.get("state") in ("lost", "refused")]
    return JSONResponse(
        {
            "well": not lost,
            "lost": lost,
            "since": _STARTED,
            "memory_bytes": memory_bytes(),
            "clients": request.app.state.feed.clients,
            "sources": sources,
            "sinks": [dataclasses.asdict(each) for each in _sinks(context)],
        },
        503 if lost else 200,
    )


def metrics(request: Request) -> Response:
    """Return the counters in the text format of Prometheus 0.0.4."""
    context, lines = context_of(request), list[str]()

    def write(name: str, kind: str, rows: Iterable[tuple[dict[str, str], float | None]]) -> None:
        lines.append(f"# TYPE vadjax_{name} {kind}")
        for labels, value in rows:
            if value is not None:
                inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
                lines.append(f"vadjax_{name}{'{' + inside + '}' if inside else ''} {value:.10g}")

    watched = [s for s in (describe(context, n) for n in context.sources()) if s["watched"]]
    by_source = [({"source": s["name"]}, s) for s in watched]
    write("source_up", "gauge", ((n, float(s["state"] == "watching")) for n, s in by_source))
    for name, key in (
        ("frames_total", "frames"),
        ("frames_dropped_total", "dropped"),
        ("reconnects_total", "reconnects"),
    ):
        write(name, "counter", ((n, s[key]) for n, s in by_source))
    for name in ("score", "threshold"):
        write(name, "gauge", ((n, s[name]) for n, s in by_source))
    write("frames_per_second", "gauge", ((n, s["fps"]) for n, s in by_source))
    quantiles = (("0.5", "latency_p50_s"), ("0.99", "latency_p99_s"))
    write(
        "latency_seconds",
        "gauge",
        (({**n, "quantile": q}, s[key]) for n, s in by_source for q, key in quantiles),
    )
    write("memory_bytes", "gauge", [({}, memory_bytes())])
    write("changes_total", "counter", [({}, context.store.last_change())])
    sinks = [({"sink": each.name}, each) for each in _sinks(context)]
    write("sink_delivered_total", "counter", ((n, s.delivered) for n, s in sinks))
    write("sink_failed_attempts_total", "counter", ((n, s.attempts_failed) for n, s in sinks))
    write("sink_refused_total", "counter", ((n, s.refused) for n, s in sinks))
    write("sink_waiting", "gauge", ((n, s.waiting) for n, s in sinks))
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")


def _sinks(context: Context) -> list:
    return [] if context.delivery is None else context.delivery.states()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
