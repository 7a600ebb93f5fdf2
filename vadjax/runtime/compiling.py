"""Compilation is announced with an estimate: what the same program took the last time."""

import contextlib
import json
import os
import pathlib
import time
from collections.abc import Iterator

from vadjax.runtime.console import Console
from vadjax.runtime.pace import seconds

FILE = "compile_seconds.json"  # in the cache, beside the compiled programs
USUAL = "usually 5 to 20 s"


@contextlib.contextmanager
def compiling(
    console: Console, what: str, *, cache_dir: str | os.PathLike, key: str
) -> Iterator[None]:
    """Say that something is compiled and how long that may take; note how long it did.

    Args:
      console: where it is said.
      what: is compiled, in words.
      cache_dir: folder in which times are kept; where it cannot be written, none are.
      key: of the program; backend and version of JAX are added.

    Yields:
      Nothing; the block compiles.
    """
    import jax

    path = pathlib.Path(cache_dir).expanduser() / FILE
    key = f"{key}, {jax.default_backend()}, jax {jax.__version__}"
    last = _read(path).get(key)
    about = f"{seconds(max(last, 1))} the last time" if isinstance(last, (int, float)) else USUAL
    console.say(f"  compiling {what}: {about}")
    start = time.perf_counter()
    with console.doing(f"compiling {what}, {about}"):
        yield
    _keep(path, key, time.perf_counter() - start)


def _read(path: pathlib.Path) -> dict:
    with contextlib.suppress(OSError, ValueError):
        known = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(known, dict):
            return known
    return {}


def _keep(path: pathlib.Path, key: str, value: float) -> None:
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            text = json.dumps({**_read(path), key: round(value, 1)}, indent=1)
            beside.write_text(text, encoding="utf-8")
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
