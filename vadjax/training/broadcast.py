"""What the first of several processes reads alone and broadcasts to the others."""

import json
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.errors import JaxRuntimeError
from jax.experimental.multihost_utils import broadcast_one_to_all

from vadjax.errors import UserError, lost
from vadjax.runtime.processes import is_first

FAILED = -1


def from_first(read: Callable[[], tuple[Any, dict]], like: Any) -> tuple[Any, dict]:
    """Let the first process read something and return it in all of them.

    The others then need not see its disk, and cannot read an older state of it.

    Args:
      read: called in the first process: returns (tree of arrays, what JSON holds).
      like: tree of arrays or `jax.ShapeDtypeStruct`s that `read` will return.

    Returns:
      What `read` returned in the first process.

    Raises:
      UserError: of `read`, in the first process; elsewhere, that this one has stopped.
    """
    if jax.process_count() == 1:
        return read()
    size, tree, text, error = FAILED, None, b"", None
    if is_first():
        try:
            tree, value = read()
            text = json.dumps(value).encode()
            size = len(text)
        except UserError as found:
            error = found
    size = int(_broadcast(np.int32(size)))
    if size == FAILED:
        raise error or UserError("the first process has stopped; its own message says why.")
    if not is_first():
        tree = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), like)
        text = bytes(size)
    tree, text = _broadcast((tree, np.frombuffer(text, np.uint8)))
    return tree, json.loads(text.tobytes())


def _broadcast(tree: Any) -> Any:
    try:
        return jax.tree.map(np.asarray, broadcast_one_to_all(tree))
    except JaxRuntimeError as error:
        raise lost("a training began") from error
