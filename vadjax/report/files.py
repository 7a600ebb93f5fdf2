"""Whole files or none: written beside, then renamed."""

import contextlib
import os
import pathlib
import secrets
from collections.abc import Iterator

from vadjax.errors import UserError


@contextlib.contextmanager
def whole(path: os.PathLike | str) -> Iterator[pathlib.Path]:
    """Yield a name beside `path`, with its suffix; rename it to `path` when the block ends well.

    Raises:
        UserError: the place is read-only, full, or no folder.
    """
    path = pathlib.Path(path)
    beside = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        os.replace(beside, path)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UserError(
            f"{path} cannot be written ({why}); free space, or choose a folder that can be."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()
