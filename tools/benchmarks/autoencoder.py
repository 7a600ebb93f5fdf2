"""Autoencoders: training on feature maps (convolutions) and on pooled features (dense layers).

`conv`: maps 7 x 11 x 1280, those of Ped2 at 224 x 336 under the default backbone, through the
default ConvAutoencoder: 1x1 to 64 channels, 3x3 of stride 2 to 32, transposed 4x4 back, 1x1.
`dense`: 1280-256-64-256-1280. Windows of one row, batch 64, Adam, mean squared error; the network
is the same on all sides, torch's in channels_last. vadjax runs the compiled epoch, gather included;
torch gathers each batch, Keras runs `fit`.
"""

import itertools
from collections.abc import Callable

import numpy as np

UNIT = "windows"
PRECISIONS = ("float32", "bfloat16")
MAP, CHANNELS, NUM_MAPS = (7, 11, 1280), (64, 32), 640
WIDTH, UNITS, NUM_VECTORS = 1280, (256, 64), 4096
BATCH = 64


def _rows(kind: str) -> np.ndarray:
    shape = (NUM_MAPS, *MAP) if kind == "conv" else (NUM_VECTORS, WIDTH)
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def train_vadjax(kind: str) -> Callable[[], float]:
    """Train epochs as `python -m vadjax.main` does."""
    from tools.benchmarks import epochs

    config = epochs.config_of(
        "reconstruct", name=f"{kind}_autoencoder", channels=CHANNELS, units=UNITS
    )
    config.train.batch_size = BATCH
    rows = _rows(kind)
    windows = np.arange(len(rows), dtype=np.int32)[:, None]
    return epochs.sample_of(config, rows, np.zeros(len(rows), np.int32), windows)


def train_torch(kind: str) -> Callable[[], float]:
    """Train with the usual loop."""
    import torch

    from tools.benchmarks import torch_side

    net = (torch_conv() if kind == "conv" else _torch_dense()).to(torch_side.device())
    x = torch.from_numpy(_rows(kind)).to(torch_side.device())
    if kind == "conv":  # NHWC already: the view is channels_last
        x, net = x.permute(0, 3, 1, 2), net.to(memory_format=torch.channels_last)

    def loss_of(chosen):
        batch = x[chosen]
        return torch.nn.functional.mse_loss(net(batch), batch)

    return torch_side.train_sample(net, loss_of, num=len(x), batch=BATCH)


def torch_conv():
    """Return torch's equivalent of ConvAutoencoder: maps [b, c, h, w] -> the same."""
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            thin, code = CHANNELS
            self.thin = nn.Conv2d(MAP[2], thin, 1)
            self.down = nn.Conv2d(thin, code, 3, stride=2, padding=1)
            self.up = nn.ConvTranspose2d(code, thin, 4, stride=2, padding=1)
            self.out = nn.Conv2d(thin, MAP[2], 1)

        def forward(self, x):
            h, w = x.shape[2:]
            x = torch.relu(self.thin(x))
            x = nn.functional.pad(x, (0, -w % 2, 0, -h % 2))
            x = torch.relu(self.up(torch.relu(self.down(x))))
            return self.out(x[:, :, :h, :w])

    torch.manual_seed(0)
    return Net()


def _torch_dense():
    import torch
    from torch import nn

    torch.manual_seed(0)
    middle, code = UNITS
    widths = [WIDTH, middle, code, middle, WIDTH]
    layers = []
    for i, o in itertools.pairwise(widths):
        layers += [nn.Linear(i, o), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def train_keras(kind: str) -> Callable[[], float]:
    """Train with `fit`; the rows are both input and target."""
    from tools.benchmarks import keras_side

    rows = _rows(kind)
    model = _keras_conv() if kind == "conv" else _keras_dense()
    return keras_side.train_sample(model, "mse", rows, rows, batch=BATCH)


def _keras_conv():
    from tools.benchmarks import keras_side

    layers = keras_side.keras().layers
    (h, w, channels), (thin, code) = MAP, CHANNELS
    return keras_side.keras().Sequential(
        [
            layers.Input(MAP),
            layers.Conv2D(thin, 1, activation="relu"),
            layers.ZeroPadding2D(((1, 1 + h % 2), (1, 1 + w % 2))),
            layers.Conv2D(code, 3, strides=2, activation="relu"),
            layers.Conv2DTranspose(thin, 4, strides=2, padding="same", activation="relu"),
            layers.Cropping2D(((0, h % 2), (0, w % 2))),
            layers.Conv2D(channels, 1, dtype="float32"),
        ]
    )


def _keras_dense():
    from tools.benchmarks import keras_side

    layers = keras_side.keras().layers
    middle, code = UNITS
    hidden = [layers.Dense(n, activation="relu") for n in (middle, code, middle)]
    return keras_side.keras().Sequential(
        [layers.Input((WIDTH,)), *hidden, layers.Dense(WIDTH, dtype="float32")]
    )


def _case(kind: str) -> dict:
    return {
        "vadjax": lambda: train_vadjax(kind),
        "torch": lambda: train_torch(kind),
        "keras": lambda: train_keras(kind),
    }


CASES = {"conv": _case("conv"), "dense": _case("dense")}
