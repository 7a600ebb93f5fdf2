"""A cache of ported and folded parameters, so that a backbone loads quickly the second time."""

import contextlib
import hashlib
import json
import os
import pathlib
from collections.abc import Callable, Mapping

import numpy as np
import safetensors
from flax import traverse_util
from safetensors.numpy import save_file

from vadjax.backbones.weights import Found
from vadjax.runtime import leftovers

_HERE = pathlib.Path(__file__).parent


def recall(
    found: Found, recipe: Mapping, folder: pathlib.Path, convert: Callable[[], tuple[dict, dict]]
) -> tuple[dict, dict]:
    """Return what `convert` returns, from the folder if it is there.

    Args:
        found: The weights file; another file, or the same one changed, is converted anew.
        recipe: What else the result depends on; the code that converts is always part of it.
        folder: Where conversions lie, a file each.
        convert: () -> (nested dict of arrays, facts: {str: JSON}).

    Returns:
        Nested dict of arrays, and the facts.
    """
    state = found.path.stat()
    code = [path.read_bytes() for path in sorted(_HERE.glob("*.py"))]
    key = hashlib.sha256(b"".join(code))
    times = [state.st_mtime_ns, state.st_ctime_ns]  # a copy may have the mtime of another file
    source = [str(found.path.resolve()), state.st_size, *times, found.wanted]
    key.update(json.dumps([source, recipe], sort_keys=True).encode())
    path = folder / f"{recipe['name']}-{key.hexdigest()[:16]}.safetensors"
    try:
        with safetensors.safe_open(path, framework="np") as file:
            flat = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            facts = json.loads(file.metadata()["facts"])
        return traverse_util.unflatten_dict(flat, sep="/"), facts
    except (OSError, safetensors.SafetensorError):
        pass  # not there, or damaged: made again
    tree, facts = convert()
    flat = {
        k: np.ascontiguousarray(v) for k, v in traverse_util.flatten_dict(tree, sep="/").items()
    }
    beside = path.with_name(f".tmp-{leftovers.owner()}-{path.stem}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        leftovers.remove_left(folder, ".tmp-")
        save_file(flat, beside, metadata={"facts": json.dumps(facts)})
        os.replace(beside, path)
    except (OSError, safetensors.SafetensorError):
        with contextlib.suppress(OSError):  # a full or read-only cache costs time, nothing else
            beside.unlink(missing_ok=True)
    return tree, facts
