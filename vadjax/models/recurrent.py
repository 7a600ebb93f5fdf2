"""Recurrent scanners: simple RNN, LSTM, GRU, and LSTM layers below a GRU layer.

Inside the network time is the first axis, so that a scan walks over contiguous steps; outside it is
the second.
"""

import flax.linen as nn
import jax.numpy as jnp

from vadjax.errors import UserError
from vadjax.models.cells import CELLS
from vadjax.models.layers import Head, dense, head_widths, make_dropout
from vadjax.models.linen import read_fields, read_widths
from vadjax.models.recurrence import Recurrence
from vadjax.models.recurrent_model import RecurrentModel


class RecurrentScanner(nn.Module):
    """A stack of recurrent layers and a head.

    By objective:

    - predict: reads rows 0..t-2. One direction: the state after each row gives the next row, s =
      t - 1 outputs. Two directions: only the last row is not seen by a backward state, so the two
      final states give that row, s = 1.
    - classify: the final states (of both directions) give the logits, s = 1.
    - reconstruct: an encoder-decoder after Srivastava et al. 2015 without teacher forcing: the
      final carries of the top layer start one decoder layer of the same cell kind, which also
      reads its starting state at every step and writes the rows from the last to the first.

    Dropout stands after every recurrent layer and hidden layer of the head.

    Attributes:
        cells: kind of each layer, keys of CELLS.
        units: width of each layer.
        in_features: width of the features.
        out_features: width of the output.
        task: name of the objective.
        bidirectional: every layer has a second direction; states are concatenated.
        embed: width of a ReLU layer on every row below the first layer; 0 is none.
        reuse: the last layer is the first one again, with its parameters (Ullah et al.'s code).
        head: widths of the head's hidden layers.
        dropout: configured rate.
        dtype: of the computation.
    """

    cells: tuple[str, ...]
    units: tuple[int, ...]
    in_features: int
    out_features: int
    task: str
    bidirectional: bool = False
    embed: int = 0
    reuse: bool = False
    head: tuple[int, ...] = ()
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @property
    def width(self) -> int:
        """Width of a row's projection onto the first layer, all directions."""
        return CELLS[self.cells[0]].gates * self.units[0] * (1 + self.bidirectional)

    def setup(self):
        if self.embed:
            self.embedding = dense(self.embed, self.dtype)
        widths = [n * (1 + self.bidirectional) for n in self.units]
        inputs = [self.embed or self.in_features, *widths[:-1]]
        layers = list(zip(self.cells, inputs, self.units, strict=True))
        if self.reuse:
            layers = layers[:-1]
        self.forward = [Recurrence(*layer, dtype=self.dtype) for layer in layers]
        if self.bidirectional:
            self.backward = [Recurrence(*layer, dtype=self.dtype) for layer in layers]
        if self.task == "reconstruct":
            self.decoder = Recurrence(self.cells[-1], widths[-1], widths[-1], dtype=self.dtype)
        self.output_head = Head(self.head, self.out_features, dtype=self.dtype)

    def project(self, rows):
        """[..., d] to [..., width]: everything before the first recurrence."""
        if self.embed:
            rows = nn.relu(self.embedding(rows))
        return self._project(0, rows)

    def __call__(self, windows, *, train, hparams, keys, num_outputs=None, projected=False):
        """See `Model.apply`; with `projected`, windows are [b, t, width] from `project`."""
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        if self.task == "predict":
            windows = windows[:, :-1]
        x = jnp.swapaxes(windows, 0, 1)  # [t, b, ...]
        x = x if projected else self.project(x)
        num_layers = len(self.cells)
        for i in range(num_layers):
            if i:
                x = self._project(i, drop(x, i - 1, batch_axis=1))
            x, carry = self._scan(i, x)
        hidden = jnp.swapaxes(x, 0, 1)  # [b, t, u]

        if self.task == "reconstruct":
            code = drop(carry[0], num_layers - 1)
            steps = jnp.broadcast_to(
                self.decoder.project(code), (x.shape[0], x.shape[1], self.decoder.width)
            )
            _, rows = self.decoder.scan(carry, steps, reverse=True)
            rows = jnp.swapaxes(rows, 0, 1)
        elif not self.bidirectional and (self.task == "predict" or (num_outputs or 1) > 1):
            rows = hidden  # of a classifier, the state after each row that is asked for
        else:
            rows = carry[0][:, None]
        if num_outputs is not None:
            rows = rows[:, -num_outputs:]
        output = self.output_head(rows, drop, num_layers)
        return {"hidden": hidden.astype(jnp.float32), "output": output}

    def step(self, carries, rows):
        """Read one more row; see `RecurrentModel.step`.

        Args:
            carries: of each layer, arrays [b, u].
            rows: [b, d] float.

        Returns:
            (carries after the row, the output [b, 1, ...]).
        """
        x, after = self.project(rows)[None], []  # [1, b, g]
        for i, carry in enumerate(carries):
            x = self._project(i, x) if i else x
            (layer,) = self._layers(i)
            carry, x = layer.scan(carry, x)
            after.append(carry)
        drop = make_dropout(0.0, train=False, hparams={}, keys={})
        output = self.output_head(jnp.swapaxes(x, 0, 1), drop, len(self.cells))
        return tuple(after), output

    def _layers(self, i):
        """Return the directions of layer i."""
        i = 0 if self.reuse and i == len(self.cells) - 1 else i
        return [self.forward[i], self.backward[i]] if self.bidirectional else [self.forward[i]]

    def _project(self, i, x):
        parts = [layer.project(x) for layer in self._layers(i)]
        return jnp.concatenate(parts, axis=-1)

    def _scan(self, i, x):
        """States [t, b, u] and final carry of layer i, both directions side by side."""
        batch = x.shape[1]
        forward, *backward = self._layers(i)
        if not backward:
            carry, states = forward.scan(forward.init_carry(batch), x)
            return states, carry
        ahead, back = jnp.split(x, 2, axis=-1)
        carry_a, states_a = forward.scan(forward.init_carry(batch), ahead)
        carry_b, states_b = backward[0].scan(backward[0].init_carry(batch), back, reverse=True)
        carry = tuple(jnp.concatenate(pair, -1) for pair in zip(carry_a, carry_b, strict=True))
        return jnp.concatenate([states_a, states_b], axis=-1), carry


def build(config, *, feature_shape, objective) -> RecurrentModel:
    """Build a recurrent scanner; see `models.create`.

    Args:
        config: the section `model`.
        feature_shape: shape of one row.
        objective: of the training.

    Returns:
        The model.

    Raises:
        UserError: a value out of range.
    """
    units = read_widths("model.units", config.units)
    num_layers = len(units)
    if config.name == "lstm_gru":
        if num_layers < 2:
            raise UserError(
                f"model.units is {units}, but lstm_gru wants at least two layers, "
                "the last one a GRU, for instance (32, 32)"
            )
        cells = ("lstm",) * (num_layers - 1) + ("gru",)
    else:
        cells = (config.name,) * num_layers
    embed, reuse = int(getattr(config, "embed", 0)), bool(getattr(config, "reuse", False))
    if reuse:
        _check_reuse(units, reads=embed or feature_shape[0], both=bool(config.bidirectional))
    module = RecurrentScanner(
        cells=cells,
        units=units,
        in_features=feature_shape[0],
        out_features=objective.out_features(feature_shape),
        task=objective.name,
        bidirectional=bool(config.bidirectional),
        embed=embed,
        reuse=reuse,
        head=head_widths(config.head),
        **read_fields(config),
    )
    return RecurrentModel(module, feature_shape, min_length=objective.min_length)


def _check_reuse(units: tuple[int, ...], *, reads: int, both: bool) -> None:
    """Refuse widths by which the first layer cannot be the last one too.

    Raises:
        UserError: it would read rows of another width there, or give another.
    """
    if len(units) < 3 or units[0] != units[-1] or units[-2] * (1 + both) != reads:
        raise UserError(
            f"model.reuse takes the first layer again as the last, but model.units is {units} and "
            f"the first layer reads {reads} values a row: give at least three widths, the first "
            "and last equal, and as model.embed what the last layer reads (in two directions twice "
            "the width below it), for instance (512, 512, 512) and embed=512"
        )
