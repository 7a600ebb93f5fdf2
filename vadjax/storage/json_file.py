"""Read a JSON object that a person, a full disk or a bad cable may have changed."""

import json
import math
import pathlib
from typing import Any, NoReturn

from vadjax.errors import UserError, system_message

MAX_BYTES = 256 << 20


def read_object(path: pathlib.Path, *, mend: str) -> dict[str, Any]:
    """Return the object in a JSON file.

    Args:
        path: the file.
        mend: what to do where it is damaged, for the message.

    Returns:
        The object; no number in it is NaN or infinite.

    Raises:
        FileNotFoundError: there is no such file.
        UserError: it cannot be read, is no JSON, or holds something else than an object.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise UserError(f"{path} is damaged (it has {size >> 20} MB); {mend}")
        content = json.loads(
            path.read_text(encoding="utf-8"), parse_constant=_refuse, parse_float=_finite
        )
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UserError(system_message(error, where=path) or f"{path}: {error}") from error
    except UserError:
        raise
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged ({str(error)[:200]}); {mend}") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} is damaged (it holds no object); {mend}")
    return content


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is not a finite number")
    return value
