"""Port a checkpoint's arrays into a Flax tree by a table, one to one.

Every key of the checkpoint is used once or named as ignored, every leaf of the tree is filled
once, with the right shape and finite numbers; all that is wrong comes in one error.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from flax import traverse_util

from vadjax.errors import UserError

# (pattern of whole source keys, target path with "/" and groups as \1, key of TRANSFORMS)
Rule = tuple[str, str, str]

TRANSFORMS = {
    "none": lambda x: x,
    "conv": lambda x: x.transpose(2, 3, 1, 0),  # OIHW -> HWIO
    "linear": lambda x: x.transpose(1, 0),
}


def port(
    source_arrays: Mapping[str, np.ndarray],
    template: Mapping,
    rules: Sequence[Rule],
    *,
    ignore: Sequence[str] = (),
    source: str = "weights",
) -> dict:
    """Fill a tree of the template's shape from a checkpoint.

    Args:
        source_arrays: {key: array} of the checkpoint.
        template: Nested dict of anything with a shape (`jax.eval_shape` of the network's init).
        rules: The table; the first rule whose pattern matches a key takes it.
        ignore: Patterns of keys that hold nothing to port.
        source: What the arrays came from, for the error.

    Returns:
        Nested dict of float32 arrays.

    Raises:
        UserError: Keys that nothing asks for, leaves that nothing fills, wrong shapes, NaN or
            infinite values: all of them.
    """
    compiled = [(re.compile(pattern), *rest) for pattern, *rest in rules]
    wanted = traverse_util.flatten_dict(template, sep="/")
    filled: dict[str, np.ndarray] = {}
    origin: dict[str, str] = {}
    problems = []
    for key, array in source_arrays.items():
        if any(re.fullmatch(pattern, key) for pattern in ignore):
            continue
        target, transform = _find(key, compiled)
        if target not in wanted:
            problems.append(f"extra: {key} {list(array.shape)}")
            continue
        if target in origin:
            problems.append(f"extra: {key} fills {target}, which {origin[target]} fills already")
            continue
        origin[target] = key
        shape = wanted[target].shape
        # A wrong number of axes cannot be transposed; it is a wrong shape all the same.
        value = TRANSFORMS[transform](array) if array.ndim == len(shape) else array
        if value.shape != shape:
            problems.append(
                f"wrong shape: {key} is {list(value.shape)}, {target} wants {list(shape)}"
                + (f" (after {transform!r})" if transform != "none" else "")
            )
        elif not np.isfinite(value).all():
            count = int((~np.isfinite(value)).sum())
            problems.append(f"not finite: {key} holds {count} NaN or infinite values")
        filled[target] = np.ascontiguousarray(value, np.float32)
    problems += [
        f"missing: {target} {list(leaf.shape)}"
        for target, leaf in wanted.items()
        if target not in filled
    ]
    if problems:
        lines = "\n  ".join(sorted(problems))
        raise UserError(
            f"{source} does not fit this network; {len(problems)} differences:\n  {lines}\n"
            "Use the weights of the network that you named, or name the network of these weights."
        )
    return traverse_util.unflatten_dict(filled, sep="/")


def _find(key: str, compiled: Sequence[tuple]) -> tuple[str, str]:
    """Return target and transform of a source key; target "" if no rule matches."""
    for pattern, target, transform in compiled:
        match = pattern.fullmatch(key)
        if match:
            return match.expand(target), transform
    return "", "none"
