"""The OpenAPI document of the page, which tests and other programs read."""

import dataclasses
from typing import Any

from vadjax.live.event import ANSWERS, KINDS, STATES, Event
from vadjax.live.settings import ZONES

_NUMBER = {"type": ["number", "null"]}
_TEXT = {"type": ["string", "null"]}


def document(*, token: bool) -> dict[str, Any]:
    """Return the document.

    Args:
        token: whether requests need one.

    Returns:
        OpenAPI 3.1, as plain values.
    """
    source = _parameter("source", {"type": "string", "minLength": 1, "maxLength": 200}, needed=True)
    number = {"type": "number", "minimum": 0, "maximum": 1e12}
    name = {"type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9._-]*$", "maxLength": 200}
    identity = {"name": "id", "in": "path", "required": True, "schema": name}
    event, settings = _ref("Event"), _ref("Settings")
    chosen = [
        _parameter("source", {"type": "string", "minLength": 1, "maxLength": 200}),
        _parameter("kind", {"type": "string", "enum": list(KINDS)}),
        _parameter("answer", {"type": "string", "enum": list(ANSWERS)}),
        _parameter("since", number, "seconds since 1970 UTC"),
        _parameter("until", number, "seconds since 1970 UTC"),
        _parameter("before", name, "an event's id: those that follow it in the list"),
        _parameter("limit", {"type": "integer", "minimum": 1, "maximum": 500}),
    ]
    answer = _closed({"answer": {"enum": [*ANSWERS, None]}}, "answer")
    paths = {
        "/api/about": _get("Title of the page", _json({"type": "object"})),
        "/api/sources": _get("How each source fares", _json(_list({"type": "object"}))),
        "/api/health": {
            "get": _does(
                "How sources and sinks fare; 503 where a camera is lost",
                {"200": _json({"type": "object"}), "503": _json({"type": "object"})},
            )
        },
        "/api/picture": _get("Last picture of a source", _file("image/jpeg"), [source]),
        "/api/scores": _get(
            "Score and threshold of each second of the last hour",
            _json({"type": "object"}),
            [source, _parameter("after", number, "seconds since 1970 UTC")],
        ),
        "/api/settings": {
            **_get("Zones, schedule and sensitivity of a source", _json(settings), [source]),
            "put": _does("Replace them", _json(settings), [source], body=settings),
        },
        "/api/preview": {
            "post": _does(
                "What the last week would have given under other settings",
                _json({"type": "object"}),
                [source],
                body=settings,
            )
        },
        "/api/events": _get(
            "Events, the latest first",
            _json({"type": "object", "properties": {"events": _list(event), "next": _TEXT}}),
            chosen,
        ),
        "/api/events/{id}": _get("One event", _json(event), [identity]),
        "/api/events/{id}/picture": _get("Its picture", _file("image/jpeg"), [identity]),
        "/api/events/{id}/clip": _get("Its clip", _file("video/*"), [identity]),
        "/api/events/{id}/answer": {
            "put": _does("Say what it was", _json(event), [identity], body=answer)
        },
        "/api/stream": _get(
            'Server-sent events: "now" once a second, "event" for each change of an event',
            _file("text/event-stream"),
        ),
        "/metrics": _get("Counters for Prometheus", _file("text/plain")),
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "vadjax watch", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": {
                "Event": _event_schema(),
                "Settings": _settings_schema(),
                "Error": {"type": "object", "properties": {"error": {"type": "string"}}},
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        **({"security": [{"token": []}]} if token else {}),
    }


def _event_schema() -> dict[str, Any]:
    kinds: dict[str, dict] = {
        "id": {"type": "string"},
        "source": {"type": "string"},
        "kind": {"enum": list(KINDS)},
        "state": {"enum": list(STATES)},
        "start": {"type": "number"},
        "peak": {"type": "number"},
        "box": {"type": ["array", "null"], "items": {"type": "number"}},
        "answer": {"enum": [*ANSWERS, None]},
    }
    texts = ("cue", "sentence", "picture", "clip", "like")
    names = [field.name for field in dataclasses.fields(Event)]
    properties = {n: kinds.get(n, _TEXT if n in texts else _NUMBER) for n in names}
    return {"type": "object", "properties": properties, "required": names}


def _settings_schema() -> dict[str, Any]:
    share = {"type": "number", "minimum": 0, "maximum": 1}
    point = {"type": "array", "items": share, "minItems": 2, "maxItems": 2}
    zone = {
        "kind": {"enum": list(ZONES)},
        "points": {"type": "array", "items": point, "minItems": 3, "maxItems": 64},
        "name": {"type": "string", "maxLength": 80},
        "seconds": {"type": "number", "minimum": 0, "maximum": 86400},
        "degrees": {"type": "number", "minimum": 0, "maximum": 360},
    }
    day = {"type": "integer", "minimum": 0, "maximum": 6}
    clock = {"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"}
    period = {
        "days": {"type": "array", "items": day, "minItems": 1, "maxItems": 7},
        "begin": clock,
        "end": clock,
    }
    rate = {"type": ["number", "null"], "minimum": 0.001, "maximum": 10000}
    return _closed(
        {
            "zones": {**_list(_closed(zone, "kind", "points")), "maxItems": 32},
            "schedule": {**_list(_closed(period, *period)), "maxItems": 32},
            "alarms_per_day": rate,
        }
    )


def _closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "done", "content": {"application/json": {"schema": schema}}}


def _file(kind: str) -> dict[str, Any]:
    return {"description": "done", "content": {kind: {}}}


def _parameter(
    name: str, schema: dict[str, Any], text: str = "", *, needed: bool = False
) -> dict[str, Any]:
    told = {"description": text} if text else {}
    return {"name": name, "in": "query", "required": needed, "schema": schema, **told}


def _get(summary: str, answer: dict[str, Any], parameters: Any = ()) -> dict[str, Any]:
    return {"get": _does(summary, answer, parameters)}


def _does(
    summary: str, answer: dict[str, Any], parameters: Any = (), *, body: Any = None
) -> dict[str, Any]:
    answers = answer if "200" in answer else {"200": answer}
    error = _json(_ref("Error"))
    operation = {
        "summary": summary,
        "parameters": list(parameters),
        "responses": {**answers, "4XX": {**error, "description": "not done; says why"}},
    }
    if body is not None:
        content = {"application/json": {"schema": body}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation
