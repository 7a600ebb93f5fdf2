"""Recurrent scanners by place: a density of the motion of each place, shared by all of them."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.errors import UserError
from vadjax.models.autoencoder import conv3x3
from vadjax.models.layers import dense, make_dropout
from vadjax.models.linen import LinenModel, read_fields, read_widths
from vadjax.models.motion_density import errors_and_nll, gaussians
from vadjax.models.recurrence import Recurrence

PREFIX = "place_"  # before the kind of cell, in the registry
DECAY = 0.99  # of the calibration, a training step


class RecurrentPlaces(nn.Module):
    """Gives each place a density of its motion: from its look now, and before.

    A place is 2x2 cells of the map, which are its look. Its motion is the mean over 3x3 cells, a
    box about as large as a body, or over several boxes. The recurrence of a place reads how it and
    its neighbours looked until `lag` rows ago. Its state and the present look give mean and
    variance of each channel of motion, or those of several Gaussians (`motion_density`). No motion
    is read, and no look in between: what has moved for half a second predicts its own motion,
    however fast, and would never be unlikely. All places share the weights, or those of a row do;
    each has biases of its own, because a walker's speed in pixels depends on the distance from the
    camera, and directions on the place.

    In two directions a second stack of layers reads the look from the end of the window down to
    `lag` rows after the row that is predicted; where no row is that late, its state is 0. The two
    stacks meet above their last layers only: below, each would tell the other about the row itself.

    The surprise of a place is the squared mean of the last standardised errors, summed over
    channels: twice the negative log likelihood of this mean but for a constant. Calibrated, it is
    in standard deviations from the average of its place, which training follows in `calibration`.

    Attributes:
        cells: kind of each recurrent layer, keys of `cells.CELLS`.
        units: width of each recurrent layer.
        embed: width of the layers before the recurrence.
        num_motion: the first channels of a cell, which are its motion; the others are its look.
        lag: rows between the newest look that the recurrence reads and the row that is predicted.
        mean: rows over which errors are averaged, at most.
        scored: rows of a window that have a surprise, the last ones.
        mixture: Gaussians of a place.
        boxes: widths of the boxes, in cells, over which motion is averaged; odd.
        by_row: whether each row of places has weights of its own, but for the embedding.
        bidirectional: whether later rows are read too.
        calibrated: whether surprises are relative to what is usual at their place.
        dropout: configured rate, before the head.
        dtype: of the computation.
    """

    cells: tuple[str, ...]
    units: tuple[int, ...]
    embed: int
    num_motion: int
    lag: int
    mean: int
    scored: int = 1
    mixture: int = 1
    boxes: tuple[int, ...] = (3,)
    by_row: bool = False
    bidirectional: bool = False
    calibrated: bool = True
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    reductions = {"calibration": "mean"}  # noqa: RUF012 - a constant, no field

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`.

        Outputs for the last s = t - lag rows, or as many as scoring needs; k channels of motion
        are those of all boxes, m Gaussians: `output` [b, s, h, w, 2 m k (+ m)], means, variances
        and, of several Gaussians, their weights; `errors` [b, s, h, w, k], standardised; `nll`
        [b, s]; and `surprise` [b, scored, h, w] of the last rows.
        """
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        s = windows.shape[1] - self.lag
        if num_outputs is not None:
            s = min(s, max(num_outputs, self.scored + self.mean - 1))
        moved = windows[:, -s:, ..., : self.num_motion]
        motion = jnp.concatenate([box_mean(moved, box=n) for n in self.boxes], -1)
        look = self._embedded(four_cells(windows[..., self.num_motion :]))  # [b, t, h, w, e]
        x = jnp.concatenate([look[:, -s:], *self._states(look, s)], -1)
        x = nn.relu(self._applied(dense(self.units[-1], self.dtype, name="joined"), x))
        width = motion.shape[-1] * 2 * self.mixture + (self.mixture if self.mixture > 1 else 0)
        output = self._applied(dense(width, self.dtype, name="output"), drop(x, 0))
        output = self._biased(output.astype(jnp.float32), "output_place")
        density = gaussians(output, count=self.mixture)
        errors, nll = errors_and_nll(density, motion)
        own = own_rows(windows[:, -s - 1 :])
        last = [
            mean_error(errors[:, max(stop - self.mean, 0) : stop], own[:, :stop][:, -self.mean :])
            for stop in range(s - self.scored + 1, s + 1)
        ]
        squared = jnp.square(jnp.stack(last, 1)).sum(-1)  # [b, scored, h, w]
        return {
            "hidden": x.astype(jnp.float32),
            "output": density.flat(),
            "errors": errors,
            "nll": nll.mean((2, 3)),
            "surprise": self._calibrated(squared, train),
        }

    def _embedded(self, x):
        """Read each place and its neighbours: [b, t, h, w, c] to [b, t, h, w, embed]."""
        x = dense(self.embed, self.dtype, name="thin")(x.astype(self.dtype))
        x = nn.relu(self._biased(x, "place"))
        init = nn.initializers.variance_scaling(2.0, "fan_in", "truncated_normal")
        kernel = self.param("conv", init, (3, 3, self.embed, self.embed)).astype(self.dtype)
        return nn.relu(conv3x3(x.reshape(-1, *x.shape[2:]), kernel)).reshape(x.shape)

    def _biased(self, x, name):
        """Add a bias for each place."""
        return x + self.param(name, nn.initializers.zeros, x.shape[2:]).astype(x.dtype)

    def _applied(self, layer, x):
        """Apply a layer to [b, s, h, w, c]."""
        return self._lifted(lambda layer, x: layer(x))(layer, x)

    def _states(self, look, s):
        """States for the last s rows of each direction, [b, s, h, w, u]."""
        x = jnp.moveaxis(look, 1, 0)  # [t, b, h, w, e]
        states = [jnp.moveaxis(self._stack(x[: -self.lag], "")[-s:], 0, 1)]
        if self.bidirectional:  # the state at row r + lag has read from there to the end
            behind = self._stack(x[self.lag :], "backward")[-s:][self.lag :]
            late = jnp.zeros((s - len(behind), *behind.shape[1:]), behind.dtype)
            states.append(jnp.moveaxis(jnp.concatenate([behind, late]), 0, 1))
        return states

    def _stack(self, x, name):
        """Run the layers of one direction: [t, b, h, w, e] to [t, b, h, w, u]."""
        for i, (cell, units) in enumerate(zip(self.cells, self.units, strict=True)):
            own = f"{name}_{i}" if name else None  # None: named as trained detectors have it
            layer = Recurrence(cell, x.shape[-1], units, dtype=self.dtype, name=own)
            scanned = functools.partial(_scanned, reverse=bool(name))
            x = self._lifted(scanned)(layer, x)
        return x

    def _lifted(self, function):
        """Return a function of a layer and rows, whose third axis has weights of its own."""
        if not self.by_row:
            return function
        return nn.vmap(
            function,
            in_axes=2,
            out_axes=2,
            variable_axes={"params": 0},
            split_rngs={"params": True},
        )

    def _calibrated(self, squared, train):
        """Follow the moments of each place in training; return deviations from its mean."""
        start = jnp.array([1.0, 2.0])  # mean and variance 1: a variance of 0 would be mere rounding
        own = squared.shape[2:] if self.scored == 1 else squared.shape[1:]  # each row by itself
        moments = self.variable(
            "calibration",
            "moments",
            lambda: jnp.broadcast_to(start.reshape(2, *[1] * len(own)), (2, *own)),
        )
        if train and not self.is_initializing():
            now = jax.lax.stop_gradient(squared)
            new = jnp.stack([now.mean(0), jnp.square(now).mean(0)]).reshape(2, *own)
            moments.value = DECAY * moments.value + (1 - DECAY) * new
        if not self.calibrated:
            return squared
        usual = moments.value.reshape(2, *squared.shape[1:])  # [2, scored, h, w]
        first, second = box_mean(usual[..., None], stride=1)[..., 0]
        deviation = jnp.sqrt(jnp.maximum(second - jnp.square(first), 1e-6))
        return (squared - first) / (deviation + 0.3 * deviation.mean((1, 2), keepdims=True))


def _scanned(layer, x, *, reverse: bool):
    """Run a recurrence over [t, ..., e] to [t, ..., u]."""
    flat = x.reshape(len(x), -1, x.shape[-1])
    _, states = layer.scan(layer.init_carry(flat.shape[1]), layer.project(flat), reverse=reverse)
    return states.reshape(*x.shape[:-1], -1)


def box_mean(x, *, stride: int = 2, box: int = 3):
    """Average the cells of boxes around every second one; cells at the border are repeated outside.

    Args:
        x: [b, t, h, w, c].
        stride: 1 keeps all cells.
        box: cells that a box is high and wide; odd.

    Returns:
        [b, t, ceil(h / stride), ceil(w / stride), c].
    """
    h, w = x.shape[2:4]
    x = jnp.pad(x, ((0, 0), (0, 0), *[(box // 2, box // 2)] * 2, (0, 0)), mode="edge")
    rows = sum(x[:, :, i : i + h : stride] for i in range(box))
    return sum(rows[:, :, :, j : j + w : stride] for j in range(box)) / box**2


def four_cells(x):
    """Lay 2x2 cells side by side: [b, t, h, w, c] to [b, t, ceil(h / 2), ceil(w / 2), 4 c]."""
    h, w = x.shape[2:4]
    x = jnp.pad(x, ((0, 0), (0, 0), (0, h % 2), (0, w % 2), (0, 0)), mode="edge")
    return jnp.concatenate([x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)], axis=-1)


def own_rows(windows):
    """Say which rows are no repetition of the first frame of a video.

    Args:
        windows: [b, s + 1, ...], the rows and the one before them; a row that equals a neighbour
            has no motion of its own.

    Returns:
        bool [b, s].
    """
    same = (windows[:, 1:] == windows[:, :-1]).all(tuple(range(2, windows.ndim)))  # [b, s]
    return ~(same | jnp.pad(same[:, 1:], ((0, 0), (0, 1))))


def mean_error(errors, own):
    """Average over rows, without those that only repeat the first frame of a video.

    Args:
        errors: [b, s, h, w, k].
        own: bool [b, s], of `own_rows`.

    Returns:
        [b, h, w, k]; 0 where no row counts.
    """
    weight = own[:, :, None, None, None].astype(jnp.float32)
    return (weight * errors).sum(1) / jnp.maximum(weight.sum(1), 1)


def build(config, *, feature_shape, objective) -> LinenModel:
    """Build a recurrent scanner by place; see `models.create`.

    Args:
        config: the section `model`.
        feature_shape: shape of one row.
        objective: of the training.

    Returns:
        The model.

    Raises:
        UserError: a value out of range, or maps without appearance.
    """
    name = config.name.removeprefix(PREFIX)
    if feature_shape[2] <= objective.num_motion:
        raise UserError(
            f"model {config.name} reads maps (h, w, c) with {objective.num_motion} channels of "
            f"motion and others of appearance, but the features have shape {feature_shape}; use "
            "features.backbone=flow or flow_lite0, and features.tap=map"
        )
    units = read_widths("model.units", config.units)
    cells = (name,) * len(units)
    if name == "lstm_gru":
        if len(units) < 2:
            raise UserError(
                f"model.units is {units}, but {config.name} wants at least two layers, "
                "the last one a GRU, for instance (32, 32)"
            )
        cells = ("lstm",) * (len(units) - 1) + ("gru",)
    boxes = read_widths("model.boxes", config.boxes)
    if any(box % 2 == 0 for box in boxes):
        raise UserError(
            f"model.boxes is {boxes}; a box around a cell is an odd number of cells wide"
        )
    module = RecurrentPlaces(
        cells=cells,
        units=units,
        embed=int(config.embed) or units[0],
        num_motion=objective.num_motion,
        lag=int(config.lag),
        mean=int(config.mean),
        scored=objective.scored_rows,
        mixture=int(config.mixture),
        boxes=boxes,
        by_row=config.sharing == "row",
        bidirectional=bool(config.bidirectional),
        calibrated=config.calibrate == "place",
        **read_fields(config),
    )
    return LinenModel(module, feature_shape, min_length=int(config.lag) + objective.scored_rows)
