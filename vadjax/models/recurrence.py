"""One direction of a recurrent layer, and its scan over time with a gradient of its own.

Autodiff of `lax.scan` would add to the gradient of the recurrent kernel in every step: a product of
the batch's depth and the whole matrix read and written, as many times as there are steps. Here the
backward scan carries the gradient of the carry alone, and one product over all steps follows it.
There is no forward mode (`jax.jvp`) through it and no second derivative.
"""

import contextlib
import contextvars
import functools
from collections.abc import Iterator

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.models.cells import CELLS, Carry, Cell, zero_carry

UNROLLED = 16  # most steps that are written out where the device is no CPU
_WRITTEN_OUT = contextvars.ContextVar("written_out", default=False)


@contextlib.contextmanager
def written_out() -> Iterator[None]:
    """Trace every scan inside the block without a loop, for formats that have none."""
    token = _WRITTEN_OUT.set(True)
    try:
        yield
    finally:
        _WRITTEN_OUT.reset(token)


def whole() -> int | bool:
    """Return True inside `written_out`, else 1: how a scan is unrolled that is not elsewhere."""
    return True if _WRITTEN_OUT.get() else 1


def unroll(steps: int) -> int | bool:
    """Return how many steps of a scan are written out; True for all, without a loop.

    On a GPU each operation is a launch, and a loop adds those that cut its slices: all steps of
    short windows are written out (1.35 times as fast with 64 members, docs/decisions.md). A CPU
    gains nothing by it and compiles longer.
    """
    if whole() is True:
        return True
    return steps if steps <= UNROLLED and jax.default_backend() != "cpu" else 1


def _step(cell: Cell, params: tuple, carry: Carry, x):
    """One step: params are the recurrent kernel [u, g] and, if the cell has it, its bias [g]."""
    h = carry[0] @ params[0]
    for bias in params[1:]:
        h = h + bias
    return cell.update(carry, x, h)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _scan(cell: Cell, reverse: bool, params: tuple, carry: Carry, xs):
    """The last carry and all states [t, b, u]; xs [t, b, g] is the input's share."""

    def body(carry, x):
        carry, _ = _step(cell, params, carry, x)
        return carry, carry[0]

    if len(xs) == 1:  # a loop all the same, for jax.lax.scan
        carry, state = body(carry, xs[0])
        return carry, state[None]
    return jax.lax.scan(body, carry, xs, reverse=reverse, unroll=unroll(len(xs)))


def _scan_forward(cell, reverse, params, carry, xs):
    def body(carry, x):
        carry, kept = _step(cell, params, carry, x)
        return carry, (carry, kept)

    last, (after, kept) = jax.lax.scan(body, carry, xs, reverse=reverse, unroll=unroll(len(xs)))
    return (last, after[0]), (params, carry, after, kept)


def _scan_backward(cell, reverse, residuals, grads):
    params, first, after, kept = residuals
    kernel, (d_last, d_states) = params[0], grads

    def earlier(first, after):  # [t, b, u] before each step
        parts = [after[1:], first[None]] if reverse else [first[None], after[:-1]]
        return jnp.concatenate(parts)

    before = jax.tree.map(earlier, first, after)

    def body(d_carry, step):
        before, kept, d_state = step
        d_after = (d_carry[0] + d_state, *d_carry[1:])
        d_carry, d_share, d_last_gate = cell.pull_back(before, kept, d_after)
        d_carry = (d_carry[0] + d_share @ kernel.T, *d_carry[1:])
        return d_carry, (d_share, d_last_gate)

    steps, turns = (before, kept, d_states), unroll(len(d_states))
    d_first, (d_shares, d_last_gate) = jax.lax.scan(
        body, d_last, steps, reverse=not reverse, unroll=turns
    )
    units, width = kernel.shape
    flat = d_shares.reshape(-1, width)  # [t * b, g]
    d_params = [before[0].reshape(-1, units).T @ flat, flat.sum(0)]
    d_xs = d_shares
    if d_last_gate is not None:
        d_xs = jnp.concatenate([d_shares[..., :-units], d_last_gate], axis=-1)
    return tuple(d_params[: len(params)]), d_first, d_xs


_scan.defvjp(_scan_forward, _scan_backward)


class Recurrence(nn.Module):
    """One direction of one recurrent layer.

    Attributes:
        cell: key of CELLS.
        in_features: width d of the input.
        units: width u of the state.
        dtype: of the computation; parameters are float32.
    """

    cell: str
    in_features: int
    units: int
    dtype: jnp.dtype = jnp.dtype("float32")

    @property
    def width(self) -> int:
        """Width g of the input's share: gates * units."""
        return CELLS[self.cell].gates * self.units

    def setup(self):
        cell, init = CELLS[self.cell], nn.initializers
        shape = (self.in_features, self.width)
        self.input_kernel = self.param("input_kernel", init.glorot_uniform(), shape)
        self.bias = self.param("bias", self._init_bias)
        self.recurrent_kernel = self.param(
            "recurrent_kernel", init.orthogonal(), (self.units, self.width)
        )
        if cell.recurrent_bias:
            self.recurrent_bias = self.param("recurrent_bias", init.zeros, (self.width,))

    def _init_bias(self, key):
        bias = jnp.zeros((self.width,), jnp.float32)
        gate = CELLS[self.cell].forget_gate
        if gate is not None:
            bias = bias.at[gate * self.units : (gate + 1) * self.units].set(1)
        return bias

    def project(self, x):
        """Input's share of the gates, with bias: [..., d] to [..., g]."""
        x = x.astype(self.dtype)
        return x @ self.input_kernel.astype(self.dtype) + self.bias.astype(self.dtype)

    def init_carry(self, batch: int) -> Carry:
        """Zeros [batch, u]."""
        return zero_carry(self.cell, (batch, self.units), self.dtype)

    def scan(self, carry: Carry, xs, *, reverse: bool = False):
        """Run all steps.

        Args:
            carry: before the first step, arrays [b, u].
            xs: [t, b, g], rows of `project`.
            reverse: from the last row to the first.

        Returns:
            (the last carry, all states [t, b, u]).
        """
        carry, params = _vary_alike((carry, self._recurrent_params()), xs)
        return _scan(CELLS[self.cell], reverse, params, carry, xs.astype(self.dtype))

    def _recurrent_params(self):
        params = [self.recurrent_kernel]
        if CELLS[self.cell].recurrent_bias:
            params.append(self.recurrent_bias)
        return tuple(p.astype(self.dtype) for p in params)


def _vary_alike(tree, xs):
    """Under `shard_map`, let arrays vary over the mesh axes that any of them or `xs` varies over.

    A scan's carry must keep its type, and a parameter that began to vary inside the scan would have
    its gradient summed over devices in every step instead of once. The added zero takes on the axes
    of all of them, and the compiler drops it.
    """
    zeros = [jnp.where(a[(0,) * a.ndim] == 0, 0, 0) for a in [xs, *jax.tree.leaves(tree)]]
    zero = sum(zeros[1:], start=zeros[0])
    return jax.tree.map(lambda a: a + zero.astype(a.dtype), tree)
