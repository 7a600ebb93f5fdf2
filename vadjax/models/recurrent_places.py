"""Recurrent scanners by place: a density of the motion of each place, shared by all of them."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.errors import UserError
from vadjax.models.autoencoder import conv3x3
from vadjax.models.layers import dense, make_dropout
from vadjax.models.linen import LinenModel, read_fields, read_widths
from vadjax.models.recurrence import Recurrence

PREFIX = "place_"  # before the kind of cell, in the registry
LEAST = 0.3  # variance of a standardised channel: what hardly ever moves is not surprising at once
DECAY = 0.99  # of the calibration, a training step


class RecurrentPlaces(nn.Module):
    """Gives each place a Gaussian density of its motion: from its look now, and before.

    A place is 2x2 cells of the map, which are its look. Its motion is the mean over 3x3 cells, a
    box about as large as a body. The recurrence of a place reads how it and its neighbours looked
    until `lag` rows ago. Its state and the present look give mean and variance of each channel of
    motion. No motion is read, and no look in between: what has moved for half a second
    predicts its own motion, however fast, and would never be unlikely. All places share the
    weights; each has biases of its own, because a walker's speed in pixels depends on the
    distance from the camera, and directions on the place.

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
    calibrated: bool = True
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    reductions = {"calibration": "mean"}  # noqa: RUF012 - a constant, no field

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`.

        Outputs for the last s = t - lag rows, or as many as scoring needs: `output` [b, s, h, w,
        2 k], means and variances; `errors` [b, s, h, w, k], standardised; `nll` [b, s]; and
        `surprise` [b, 1, h, w] of the last row.
        """
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        lag, mean = self.lag, min(self.mean, windows.shape[1] - self.lag)
        s = windows.shape[1] - lag if num_outputs is None else max(num_outputs, mean)
        motion = box_mean(windows[:, -s:, ..., : self.num_motion])  # [b, s, h, w, k]
        look = self._embedded(four_cells(windows[..., self.num_motion :]))  # [b, t, h, w, e]
        x = jnp.concatenate([look[:, -s:], self._states(look[:, :-lag], s)], -1)
        x = nn.relu(dense(self.units[-1], self.dtype, name="joined")(x))
        output = dense(2 * self.num_motion, self.dtype, name="output")(drop(x, 0))
        output = self._biased(output.astype(jnp.float32), "output_place")
        centre, spread = jnp.split(output, 2, axis=-1)
        variance = LEAST + nn.softplus(spread)
        errors = (motion - centre) * jax.lax.rsqrt(variance)
        nll = 0.5 * (jnp.square(errors) + jnp.log(variance))
        squared = jnp.square(mean_error(errors[:, -mean:], windows[:, -mean - 1 :])).sum(-1)
        return {
            "hidden": x.astype(jnp.float32),
            "output": jnp.concatenate([centre, variance], -1),
            "errors": errors,
            "nll": nll.mean((2, 3, 4)),
            "surprise": self._calibrated(squared, train)[:, None],
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

    def _states(self, x, s):
        """States of the recurrence after the last s rows, [b, s, h, w, u]."""
        b, t, h, w, _ = x.shape
        x = jnp.moveaxis(x, 1, 0).reshape(t, b * h * w, -1)
        for cell, width, units in zip(
            self.cells, (self.embed, *self.units), self.units, strict=False
        ):
            layer = Recurrence(cell, width, units, dtype=self.dtype)
            _, x = layer.scan(layer.init_carry(b * h * w), layer.project(x))
        return jnp.moveaxis(x[-s:].reshape(s, b, h, w, -1), 0, 1)

    def _calibrated(self, squared, train):
        """Follow the moments of each place in training; return deviations from its mean."""
        start = jnp.array([1.0, 2.0])  # mean and variance 1: a variance of 0 would be mere rounding
        shape = (2, *squared.shape[1:])
        moments = self.variable(
            "calibration", "moments", lambda: jnp.broadcast_to(start[:, None, None], shape)
        )
        if train and not self.is_initializing():
            now = jax.lax.stop_gradient(squared)
            new = jnp.stack([now.mean(0), jnp.square(now).mean(0)])
            moments.value = DECAY * moments.value + (1 - DECAY) * new
        if not self.calibrated:
            return squared
        first, second = box_mean(moments.value[None, ..., None], stride=1)[0, ..., 0]
        deviation = jnp.sqrt(jnp.maximum(second - jnp.square(first), 1e-6))
        return (squared - first) / (deviation + 0.3 * deviation.mean())


def box_mean(x, *, stride: int = 2):
    """Average 3x3 cells around every second one; cells at the border are repeated outside.

    Args:
        x: [b, t, h, w, c].
        stride: 1 keeps all cells.

    Returns:
        [b, t, ceil(h / stride), ceil(w / stride), c].
    """
    h, w = x.shape[2:4]
    x = jnp.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    rows = sum(x[:, :, i : i + h : stride] for i in range(3))
    return sum(rows[:, :, :, j : j + w : stride] for j in range(3)) / 9


def four_cells(x):
    """Lay 2x2 cells side by side: [b, t, h, w, c] to [b, t, ceil(h / 2), ceil(w / 2), 4 c]."""
    h, w = x.shape[2:4]
    x = jnp.pad(x, ((0, 0), (0, 0), (0, h % 2), (0, w % 2), (0, 0)), mode="edge")
    return jnp.concatenate([x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)], axis=-1)


def mean_error(errors, windows):
    """Average over rows, without those that only repeat the first frame of a video.

    Args:
        errors: [b, s, h, w, k].
        windows: [b, s + 1, ...], the rows and the one before them; a row that equals a neighbour
            has no motion of its own.

    Returns:
        [b, h, w, k]; 0 where no row counts.
    """
    same = (windows[:, 1:] == windows[:, :-1]).all(tuple(range(2, windows.ndim)))  # [b, s]
    own = ~(same | jnp.pad(same[:, 1:], ((0, 0), (0, 1))))
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
        UserError: a value out of range, maps without appearance, or two directions.
    """
    name = config.name.removeprefix(PREFIX)
    if config.bidirectional:
        raise UserError(
            f"model {config.name} predicts from the past alone; set model.bidirectional=False, or "
            f"use model {name} with objective reconstruct"
        )
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
    module = RecurrentPlaces(
        cells=cells,
        units=units,
        embed=int(config.embed) or units[0],
        num_motion=objective.num_motion,
        lag=int(config.lag),
        mean=int(config.mean),
        calibrated=config.calibrate == "place",
        **read_fields(config),
    )
    return LinenModel(module, feature_shape, min_length=int(config.lag) + 1)
