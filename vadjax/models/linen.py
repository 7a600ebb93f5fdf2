"""A Linen module as a `Model`, and the config keys that such modules share."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from vadjax.errors import UserError, unknown

DTYPES = ("float32", "bfloat16")


@dataclasses.dataclass(frozen=True)
class LinenModel:
    """A Linen module as pure functions over plain dicts of arrays.

    The module is called as `module(windows, train=, hparams=, keys=, num_outputs=)` and returns a
    dict of float32 arrays; the objective reads `output` from it, explanations and plots the rest.

    Attributes:
        module: the Linen module.
        feature_shape: shape of one row, (d,) or (h, w, c).
        min_length: the shortest window that the model and its objective can use.
    """

    module: nn.Module
    feature_shape: tuple[int, ...]
    min_length: int = 1

    @property
    def reductions(self) -> Mapping[str, str]:
        """What the module declares as `reductions`; see `Model`."""
        return getattr(self.module, "reductions", {})

    def init(self, key: jax.Array, windows: jax.Array | np.ndarray) -> dict:
        """Draw parameters.

        Args:
            key: typed key.
            windows: [b, t, *feature_shape]; only the shape is used.

        Returns:
            See `Model.init`.

        Raises:
            UserError: the windows have another shape than the model reads.
        """
        self._check(windows, self.feature_shape)
        zeros = jnp.zeros((1, *windows.shape[1:]), jnp.float32)
        return dict(self.module.init({"params": key}, zeros, train=False, hparams={}, keys={}))

    def apply(
        self,
        variables: Mapping,
        windows: jax.Array | np.ndarray,
        *,
        train: bool = False,
        hparams: Mapping[str, jax.Array] | None = None,
        rngs: Mapping[str, jax.Array] | None = None,
        num_outputs: int | None = None,
    ) -> tuple[dict[str, jax.Array], dict]:
        """Run the module over windows.

        Args:
            variables: parameters and state.
            windows: [b, t, *feature_shape] float.
            train: drop units and update the state.
            hparams: arrays by name.
            rngs: keys by name.
            num_outputs: outputs for so many of the last rows; None is all.

        Returns:
            (outputs, new state), see `Model.apply`.

        Raises:
            UserError: the windows have another shape than the model reads.
        """
        self._check(windows, self.feature_shape)
        return self._apply(
            variables,
            windows,
            train=train,
            hparams=hparams or {},
            keys=rngs or {},
            num_outputs=num_outputs,
        )

    @property
    def every_row(self) -> bool:
        """Whether it gives an output for every row asked for, and reads no later row for it."""
        return False

    def _apply(
        self, variables: Mapping, windows: jax.Array | np.ndarray, **kwargs: Any
    ) -> tuple[dict, dict]:
        state = {name: value for name, value in variables.items() if name != "params"}
        if kwargs["train"] and state:
            made, new = self.module.apply(variables, windows, mutable=list(state), **kwargs)
            return made, dict(new)
        outputs: Any = self.module.apply(variables, windows, **kwargs)
        return outputs, state

    def _check(self, windows: jax.Array | np.ndarray, row_shape: Sequence[int]) -> None:
        shape = tuple(windows.shape)
        if len(shape) < 2 or shape[2:] != tuple(row_shape):
            wanted = ", ".join(["batch", "time", *map(str, row_shape)])
            raise UserError(f"the model reads windows [{wanted}], but got shape {shape}")
        if shape[1] < self.min_length:
            raise UserError(
                f"window.length is {shape[1]}, but this model and objective need at least "
                f"{self.min_length} rows in a window"
            )


def read_fields(config: Any) -> dict:
    """Check what all models share and return it as fields of a module: dropout, dtype.

    Raises:
        UserError: a rate outside [0, 1), an unknown dtype.
    """
    if not 0 <= config.dropout < 1:
        raise UserError(f"model.dropout is {config.dropout}, but wants a rate from 0 to below 1")
    dtype = getattr(config, "dtype", "float32")
    if dtype not in DTYPES:
        raise unknown("model.dtype", dtype, DTYPES)
    return {"dropout": float(config.dropout), "dtype": jnp.dtype(dtype)}


def read_widths(key: str, widths: Any) -> tuple[int, ...]:
    """Check the widths of layers.

    Args:
        key: of the config, for the message.
        widths: its value.

    Returns:
        The widths.

    Raises:
        UserError: no widths, or one that is no whole number from 1 up.
    """
    if isinstance(widths, int) or not widths or any(int(n) != n or n < 1 for n in widths):
        raise UserError(
            f"{key} is {widths!r}, but wants the width of each layer, all at least 1, "
            "for instance (256, 128)"
        )
    return tuple(int(n) for n in widths)
