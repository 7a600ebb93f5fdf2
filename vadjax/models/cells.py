"""Recurrent cells with fused gates: one matrix for all gates of the input, one for the state.

A cell is a pure function of its carry, of the input's share of the gates and of the state's share,
so the input's share is computed for all steps in one product outside the scan. It also says what a
step keeps for its gradient, and pulls the gradient back through the step, whose matrix products
(recurrence.py) are none of its business. What is kept was chosen by measuring on CPU.

Biases are Keras's, which decides the parameter counts: the LSTM and the simple RNN have one bias
vector (PyTorch's two are summed on import), the GRU has two, since its recurrent bias stands inside
the product with the reset gate (`reset_after=True`; PyTorch's form). Gates are in PyTorch's order.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Carry = tuple[jax.Array, ...]  # arrays [b, u], the hidden state first


def _simple_rnn(carry: Carry, gates) -> Carry:
    return (jnp.tanh(gates),)


def _sigmoid(x):
    """The logistic function as XLA computes it fastest on CPU: (1 + tanh(x / 2)) / 2."""
    return 0.5 * jnp.tanh(0.5 * x) + 0.5


def _lstm(carry: Carry, gates) -> Carry:
    """Hochreiter and Schmidhuber 1997 with forget gates; gates i, f, g, o.

    One tanh serves all four gates, sigmoids included (see `_sigmoid`): a third off the step's time.
    """
    units = carry[0].shape[-1]
    half = np.full(4 * units, 0.5, np.float32)
    half[2 * units : 3 * units] = 1.0
    i, f, g, o = jnp.split(jnp.tanh(gates * half.astype(gates.dtype)), 4, axis=-1)
    c = (0.5 * f + 0.5) * carry[1] + (0.5 * i + 0.5) * g
    return (0.5 * o + 0.5) * jnp.tanh(c), c


def _gru(carry: Carry, x, h) -> tuple[Carry, Carry]:
    """Cho et al. 2014 in cuDNN's form; gates r, z, n."""
    x_rz, x_n = jnp.split(x, [2 * carry[0].shape[-1]], axis=-1)
    h_rz, h_n = jnp.split(h, [2 * carry[0].shape[-1]], axis=-1)
    rz = _sigmoid(x_rz + h_rz)
    r, z = jnp.split(rz, 2, axis=-1)
    n = jnp.tanh(x_n + r * h_n)
    return (n + z * (carry[0] - n),), (rz, n, h_n)


def _pull_back_gru(before: Carry, kept: Carry, grad: Carry):
    """Written out: XLA would compute the gates again in each of autodiff's results (1.8 times)."""
    (rz, n, h_n), (d_h,) = kept, grad
    r, z = jnp.split(rz, 2, axis=-1)
    d_n = d_h * (1 - z) * (1 - n * n)  # before the tanh, as the others before their sigmoids
    d_r = d_n * h_n * r * (1 - r)
    d_z = d_h * (before[0] - n) * z * (1 - z)
    return (d_h * z,), jnp.concatenate([d_r, d_z, d_n * r], axis=-1), d_n


@dataclasses.dataclass(frozen=True)
class Cell:
    """What one kind of cell differs in from another.

    Attributes:
        update: (carry, input's share [b, g], state's share [b, g]) -> (carry, what `pull_back`
            needs); g = gates * units.
        pull_back: (carry before the step, what was kept, gradient of the carry after it) ->
            gradients of the carry before it, directly; of the state's share; and of the last
            gate's [b, u] of the input's share, None where that too is the state's.
        gates: number of gates.
        num_states: arrays in the carry.
        recurrent_bias: has a second bias, on the state's share.
        forget_gate: position of the gate whose bias starts at 1; None for none.
    """

    update: Callable[[Carry, jax.Array, jax.Array], tuple[Carry, Any]]
    pull_back: Callable[[Carry, Any, Carry], tuple[Carry, jax.Array, jax.Array | None]]
    gates: int
    num_states: int = 1
    recurrent_bias: bool = False
    forget_gate: int | None = None


def _of_sum(update: Callable[[Carry, jax.Array], Carry], **kwargs: Any) -> Cell:
    """Make a cell that reads the sum of both shares: it keeps that and computes its gates again."""

    def pull_back(before, gates, grad):
        _, pull = jax.vjp(update, before, gates)
        return *pull(grad), None

    def of_shares(carry, x, h):
        gates = x + h
        return update(carry, gates), gates

    return Cell(of_shares, pull_back, **kwargs)


def _relu_lstm(carry: Carry, gates) -> Carry:
    """An LSTM with ReLU in the place of both hyperbolic tangents; gates i, f, g, o."""
    i, f, g, o = jnp.split(gates, 4, axis=-1)
    c = _sigmoid(f) * carry[1] + _sigmoid(i) * jax.nn.relu(g)
    return _sigmoid(o) * jax.nn.relu(c), c


CELLS = {
    "simple_rnn": _of_sum(_simple_rnn, gates=1),
    "lstm": _of_sum(_lstm, gates=4, num_states=2, forget_gate=1),
    "relu_lstm": _of_sum(_relu_lstm, gates=4, num_states=2, forget_gate=1),
    "gru": Cell(_gru, _pull_back_gru, gates=3, recurrent_bias=True),
}


def zero_carry(cell: str, shape: tuple[int, int], dtype) -> Carry:
    """Return the carry before the first step.

    Args:
        cell: key of CELLS.
        shape: (batch, units).
        dtype: of the computation.

    Returns:
        Zeros, an array of `shape` for each state of the cell.
    """
    return (jnp.zeros(shape, dtype),) * CELLS[cell].num_states
