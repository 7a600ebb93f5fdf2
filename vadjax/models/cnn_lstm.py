"""Convolutions of every frame below LSTM layers, as firasabdelaziz/AnomalyDetectionDeepLearning."""

import flax.linen as nn
import jax.numpy as jnp

from vadjax.errors import UserError
from vadjax.models.convolution import max_pool
from vadjax.models.layers import head_widths
from vadjax.models.linen import read_fields, read_widths
from vadjax.models.recurrent import RecurrentScanner
from vadjax.models.recurrent_model import RecurrentModel
from vadjax.models.video_layers import Conv


class CNNLSTM(nn.Module):
    """3x3 convolutions without padding, with a ReLU and a pooling each, then LSTM layers.

    Attributes:
        channels: widths of the convolutions.
        units: widths of the LSTM layers.
        in_features: values of a frame after the last pooling.
        out_features: width of the output.
        task: name of the objective.
        bidirectional: of the LSTM layers.
        head: widths of the head's hidden layers.
        dropout: configured rate.
        dtype: of the computation.
    """

    channels: tuple[int, ...]
    units: tuple[int, ...]
    in_features: int
    out_features: int
    task: str
    bidirectional: bool = False
    head: tuple[int, ...] = ()
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @property
    def width(self) -> int:
        """Width of a frame's projection onto the first layer, all directions."""
        return 4 * self.units[0] * (1 + self.bidirectional)

    def setup(self):
        self.convolutions = [Conv(n, padding=0, dtype=self.dtype) for n in self.channels]
        self.scanner = RecurrentScanner(
            cells=("lstm",) * len(self.units),
            units=self.units,
            in_features=self.in_features,
            out_features=self.out_features,
            task=self.task,
            bidirectional=self.bidirectional,
            head=self.head,
            dropout=self.dropout,
            dtype=self.dtype,
        )

    def project(self, frames):
        """[n, h, w, c] to [n, width]: everything before the first recurrence."""
        x = frames
        for layer in self.convolutions:
            x = nn.relu(layer(x))
            x = max_pool(x[:, : x.shape[1] // 2 * 2, : x.shape[2] // 2 * 2])
        return self.scanner.project(x.reshape(x.shape[0], -1))

    def __call__(self, windows, *, train, hparams, keys, num_outputs=None, projected=False):
        """See `Model.apply`; with `projected`, windows are [b, t, width] from `project`."""
        rows = windows
        if not projected:
            rows = self.project(windows.reshape(-1, *windows.shape[2:]))
            rows = rows.reshape(*windows.shape[:2], -1)
        more = {"num_outputs": num_outputs, "projected": True}
        return self.scanner(rows, train=train, hparams=hparams, keys=keys, **more)


class FrameModel(RecurrentModel):
    """A `RecurrentModel` of frames."""

    def _check_rows(self, rows):
        if rows.shape[1:] != self.feature_shape:
            wanted = ", ".join(map(str, self.feature_shape))
            raise UserError(f"the model reads rows [n, {wanted}], but got shape {rows.shape}")


def build(config, *, feature_shape, objective) -> FrameModel:
    """Build the model; see `models.create`.

    Args:
        config: the section `model`.
        feature_shape: shape of one row.
        objective: of the training.

    Returns:
        The model.

    Raises:
        UserError: a value out of range, or frames that are too small for the convolutions.
    """
    channels = read_widths("model.channels", config.channels)
    size = list(feature_shape[:2])
    for _ in channels:
        size = [(n - 2) // 2 for n in size]
    if min(size) < 1:
        raise UserError(
            f"model {config.name} has {len(channels)} convolutions with poolings, which leave "
            f"nothing of rows of shape {tuple(feature_shape)}; set larger features.height and "
            "features.width, or fewer model.channels"
        )
    module = CNNLSTM(
        channels=channels,
        units=read_widths("model.units", config.units),
        in_features=size[0] * size[1] * channels[-1],
        out_features=objective.out_features(feature_shape),
        task=objective.name,
        bidirectional=bool(config.bidirectional),
        head=head_widths(config.head),
        **read_fields(config),
    )
    return FrameModel(module, feature_shape, min_length=objective.min_length)
