"""Port a checkpoint's arrays into a Flax tree by a table, one to one.

Every key of the checkpoint is used once or named as ignored, every leaf of the tree is filled
once, with the right shape and finite numbers; all that is wrong comes in one error.
"""

import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from flax import traverse_util

from vadjax.errors import UserError

# (pattern of whole source keys, target path with "/" and groups as \1, key of TRANSFORMS)
Rule = tuple[str, str, str]

TRANSFORMS = {
    "none": lambda x: x,
    "conv": lambda x: x.transpose(2, 3, 1, 0),  # OIHW -> HWIO
    "linear": lambda x: x.transpose(1, 0),
    "conv_as_linear": lambda x: x[:, :, 0, 0].transpose(1, 0) if x.shape[2:] == (1, 1) else x,
}


def conv_rules(layer: str, conv: str, norm: str = "") -> tuple[Rule, ...]:
    """Return the rules of one `ConvBnAct`.

    Args:
        layer: Its path in our tree, with "/".
        conv: Name of the source's convolution, with ".".
        norm: Of the source's batch norm; "" is a convolution with bias.

    Returns:
        Rules of `port`.
    """
    rules = [(rf"{re.escape(conv)}\.weight", f"params/{layer}/kernel", "conv")]
    if not norm:
        return (*rules, (rf"{re.escape(conv)}\.bias", f"params/{layer}/bias", "none"))
    return (*rules, *norm_rules(layer, norm))


def norm_rules(layer: str, norm: str) -> tuple[Rule, ...]:
    """Return the rules of a batch norm.

    Args:
        layer: Path of the layer that holds it, with "/".
        norm: Its name in the source, with ".".

    Returns:
        Rules of `port`.
    """
    norm = re.escape(norm)
    return (
        (rf"{norm}\.weight", f"params/{layer}/norm/scale", "none"),
        (rf"{norm}\.bias", f"params/{layer}/norm/bias", "none"),
        (rf"{norm}\.running_mean", f"batch_stats/{layer}/norm/mean", "none"),
        (rf"{norm}\.running_var", f"batch_stats/{layer}/norm/var", "none"),
    )


def dense_rules(layer: str, linear: str, transform: str = "linear") -> tuple[Rule, ...]:
    """Return the rules of one Dense layer.

    Args:
        layer: Its path in our tree, with "/".
        linear: Its name in the source, with ".".
        transform: "linear", or "conv_as_linear" where the source has a 1x1 convolution.

    Returns:
        Rules of `port`.
    """
    linear = re.escape(linear)
    return (
        (rf"{linear}\.weight", f"params/{layer}/kernel", transform),
        (rf"{linear}\.bias", f"params/{layer}/bias", "none"),
    )


def layer_norm_rules(layer: str, norm: str) -> tuple[Rule, ...]:
    """Return the rules of one LayerNorm (or GroupNorm): scale and bias.

    Args:
        layer: Its path in our tree, with "/".
        norm: Its name in the source, with ".".

    Returns:
        Rules of `port`.
    """
    norm = re.escape(norm)
    return (
        (rf"{norm}\.weight", f"params/{layer}/scale", "none"),
        (rf"{norm}\.bias", f"params/{layer}/bias", "none"),
    )


def port(
    source_arrays: Mapping[str, np.ndarray],
    template: Mapping,
    rules: Sequence[Rule],
    *,
    ignore: Sequence[str] = (),
    unused: Collection[str] = (),
    source: str = "weights",
) -> dict:
    """Fill a tree of the template's shape from a checkpoint.

    Args:
        source_arrays: {key: array} of the checkpoint.
        template: Nested dict of anything with a shape (`jax.eval_shape` of the network's init).
        rules: The table; the first rule whose pattern matches a key takes it.
        ignore: Patterns of keys that hold nothing to port.
        unused: Targets, with "/", that the checkpoint may have and the template has not.
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
        if target in unused:
            continue
        if target not in wanted:
            problems.append(f"extra: {key} {list(array.shape)}")
            continue
        if target in origin:
            problems.append(f"extra: {key} fills {target}, which {origin[target]} fills already")
            continue
        origin[target] = key
        shape = wanted[target].shape
        try:
            value = TRANSFORMS[transform](array)
        except (ValueError, IndexError):  # the wrong number of axes: a wrong shape all the same
            value = array
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
    if problems and all(problem.startswith("not finite") for problem in problems):
        lines = "\n  ".join(sorted(problems))
        raise UserError(f"{source} is damaged; fetch it again:\n  {lines}")
    if problems:
        lines = "\n  ".join(sorted(problems))
        raise UserError(
            f"{source} does not fit this network; differences: {len(problems)}\n  {lines}\n"
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
