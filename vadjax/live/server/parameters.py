"""Parameters and bodies of requests, checked."""

import json
import math
from typing import Any

from starlette.requests import Request

from vadjax.errors import UserError, unknown


class NotFound(Exception):
    """There is no such source, event or file."""


def text_of(request: Request, name: str) -> str | None:
    """Return a parameter of the query.

    Args:
        request: whose query is read.
        name: of the parameter.

    Returns:
        Its value; None where it is missing or empty.

    Raises:
        UserError: it is given twice.
    """
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise UserError(f"{name} is given {len(values)} times.")
    return values[0] or None if values else None


def choice_of(request: Request, name: str, choices: tuple[str, ...]) -> str | None:
    """Return a parameter that is one of some names.

    Args:
        request: whose query is read.
        name: of the parameter.
        choices: the names.

    Returns:
        The value, or None where it is missing.

    Raises:
        UserError: the value is no such, or is given twice.
    """
    value = text_of(request, name)
    if value is not None and value not in choices:
        raise unknown(name, value, choices)
    return value


def number_of(request: Request, name: str, *, most: float = 1e12) -> float | None:
    """Return a parameter that is a number from 0 to `most`.

    Args:
        request: whose query is read.
        name: of the parameter.
        most: of the number.

    Returns:
        The value, or None where it is missing.

    Raises:
        UserError: the value is no such, or is given twice.
    """
    text = text_of(request, name)
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= most:
        raise UserError(f"{name} is {text[:40]!r}; wanted a number from 0 to {most:g}.")
    return value


def whole_of(request: Request, name: str, *, default: int, most: int) -> int:
    """Return a parameter that is a whole number from 1 to `most`.

    Args:
        request: whose query is read.
        name: of the parameter.
        default: where it is missing.
        most: of the number.

    Returns:
        The value.

    Raises:
        UserError: the value is no such, or is given twice.
    """
    text = text_of(request, name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise UserError(f"{name} is {text[:40]!r}; wanted a whole number from 1 to {most}.")
    return int(text)


async def json_of(request: Request) -> Any:
    """Return the body of a request.

    Raises:
        UserError: it is no JSON.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise UserError("the body of the request: wanted Content-Type application/json.")
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        raise UserError("the body of the request is no JSON.") from None
