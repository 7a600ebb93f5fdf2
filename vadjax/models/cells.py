"""Recurrent cells with fused gates: one matrix for all gates of the input, one for the state.

A cell is a pure function of its carry, of the input's share of the gates and of the state's share,
so the input's share is computed for all steps in one product outside the scan.

Biases are Keras's, which decides the parameter counts: the LSTM and the simple RNN have one bias
vector (PyTorch's two are summed on import), the GRU has two, since its recurrent bias stands inside
the product with the reset gate (`reset_after=True`; PyTorch's form). Gates are in PyTorch's order.
"""

import dataclasses
from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

Carry = tuple[jax.Array, ...]  # arrays [b, u], the hidden state first


def _simple_rnn(carry: Carry, x, h) -> Carry:
    return (jnp.tanh(x + h),)


def _sigmoid(x):
    """The logistic function as XLA computes it fastest on CPU: (1 + tanh(x / 2)) / 2."""
    return 0.5 * jnp.tanh(0.5 * x) + 0.5


def _lstm(carry: Carry, x, h) -> Carry:
    """Hochreiter and Schmidhuber 1997 with forget gates; gates i, f, g, o.

    One tanh serves all four gates, sigmoids included (see `_sigmoid`): a third off the step's time.
    """
    units = carry[0].shape[-1]
    half = np.full(4 * units, 0.5, np.float32)
    half[2 * units : 3 * units] = 1.0
    i, f, g, o = jnp.split(jnp.tanh((x + h) * half.astype(x.dtype)), 4, axis=-1)
    c = (0.5 * f + 0.5) * carry[1] + (0.5 * i + 0.5) * g
    return (0.5 * o + 0.5) * jnp.tanh(c), c


def _gru(carry: Carry, x, h) -> Carry:
    """Cho et al. 2014 in cuDNN's form; gates r, z, n."""
    x_rz, x_n = jnp.split(x, [2 * carry[0].shape[-1]], axis=-1)
    h_rz, h_n = jnp.split(h, [2 * carry[0].shape[-1]], axis=-1)
    r, z = jnp.split(_sigmoid(x_rz + h_rz), 2, axis=-1)
    n = jnp.tanh(x_n + r * h_n)
    return (n + z * (carry[0] - n),)


@dataclasses.dataclass(frozen=True)
class Cell:
    """What tells one kind of cell from another.

    Attributes:
        update: (carry, input's share [b, g], state's share [b, g]) -> carry; g = gates * units.
        gates: number of gates.
        num_states: arrays in the carry.
        recurrent_bias: has a second bias, on the state's share.
        forget_gate: position of the gate whose bias starts at 1; None for none.
    """

    update: Callable[[Carry, jax.Array, jax.Array], Carry]
    gates: int
    num_states: int = 1
    recurrent_bias: bool = False
    forget_gate: int | None = None


CELLS = {
    "simple_rnn": Cell(_simple_rnn, gates=1),
    "lstm": Cell(_lstm, gates=4, num_states=2, forget_gate=1),
    "gru": Cell(_gru, gates=3, recurrent_bias=True),
}


def zero_carry(cell: str, shape: tuple[int, int], dtype) -> Carry:
    """The carry before the first step; shape is (batch, units)."""
    return (jnp.zeros(shape, dtype),) * CELLS[cell].num_states


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

    def advance(self, carry: Carry, x) -> Carry:
        """One step: x [b, g] is the projected input."""
        return self._advance(self._recurrent_params(), carry, x)

    def scan(self, carry: Carry, xs, *, reverse: bool = False):
        """All steps: xs [t, b, g] projected; returns the last carry and all states [t, b, u]."""
        carry, params = _vary_alike((carry, self._recurrent_params()), xs)

        def body(carry, x):
            carry = self._advance(params, carry, x)
            return carry, carry[0]

        return jax.lax.scan(body, carry, xs, reverse=reverse)

    def _recurrent_params(self):
        params = [self.recurrent_kernel]
        if CELLS[self.cell].recurrent_bias:
            params.append(self.recurrent_bias)
        return [p.astype(self.dtype) for p in params]

    def _advance(self, params, carry, x):
        h = carry[0] @ params[0]
        for bias in params[1:]:
            h = h + bias
        return CELLS[self.cell].update(carry, x.astype(self.dtype), h)


def _vary_alike(tree, xs):
    """Under `shard_map`, let arrays vary over the mesh axes that any of them or `xs` varies over.

    A scan's carry must keep its type, and a parameter that began to vary inside the scan would have
    its gradient summed over devices in every step instead of once. The added zero takes on the axes
    of all of them, and the compiler drops it.
    """
    zeros = [jnp.where(a[(0,) * a.ndim] == 0, 0, 0) for a in [xs, *jax.tree.leaves(tree)]]
    zero = sum(zeros[1:], start=zeros[0])
    return jax.tree.map(lambda a: a + zero.astype(a.dtype), tree)
