"""Video models over pixels: a training epoch and scoring of the identical network on each side.

`2-D`: the U-Net of frame prediction with squared error, four frames of 32 x 48 to the fifth. `3-D`:
strided 3-D convolutions and transposed ones with batch norm, 16 frames of 32 x 32. Adam, batch 8;
torch in channels_last. vadjax runs the compiled epoch and its compiled scoring, gathers included.
"""

import itertools
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

UNIT = "windows"
PRECISIONS = ("float32", "bfloat16")
BATCH, NUM_ROWS = 8, 68


class Video(NamedTuple):
    """A network and what it reads.

    Attributes:
        model: its name.
        objective: its objective.
        length: rows of a window.
        frame: (h, w, c).
        channels: widths.
    """

    model: str
    objective: str
    length: int
    frame: tuple[int, int, int]
    channels: tuple[int, ...]


FLAT = Video("frame_prediction", "predict", 5, (32, 48, 1), (16, 32, 64, 128))
DEEP = Video("conv3d_autoencoder", "reconstruct", 16, (32, 32, 1), (12, 16, 32, 32))


def _data(video: Video) -> tuple[np.ndarray, np.ndarray]:
    shape = (NUM_ROWS, *video.frame)
    rows = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    starts = np.arange(NUM_ROWS - video.length + 1)[: NUM_ROWS - 20]
    windows = (starts[:, None] + np.arange(video.length)).astype(np.int32)
    return rows, windows[: len(windows) // BATCH * BATCH]


def _config(video: Video) -> Any:
    from tools.benchmarks import epochs

    config = epochs.config_of(video.objective, name=video.model, channels=video.channels)
    config.train.batch_size = BATCH
    return config


def train_vadjax(video: Video) -> Callable[[], float]:
    """Train epochs as `python -m vadjax.main` does."""
    from tools.benchmarks import epochs

    rows, windows = _data(video)
    return epochs.sample_of(_config(video), rows, np.zeros(len(rows), np.int32), windows)


def score_vadjax(video: Video) -> Callable[[], float]:
    """Score windows by the compiled program of stage `score`."""
    import jax

    from tools.benchmarks import epochs
    from vadjax.scoring.score_fn import make_score_fn

    rows, windows = _data(video)
    model, objective = epochs.network(_config(video), video.frame)
    variables = model.init(jax.random.key(0), rows[windows[:1]])
    scorer = make_score_fn(model, objective, length=video.length, batch_size=BATCH)
    placed = scorer.put(rows, windows)
    scorer.fetch(variables, *placed)

    def sample() -> float:
        start = time.perf_counter()
        scorer.fetch(variables, *placed)
        return len(windows) / (time.perf_counter() - start)

    return sample


def train_torch(video: Video) -> Callable[[], float]:
    """Train with the usual loop."""
    from tools.benchmarks import torch_side

    loss_of, net, windows = _torch(video)
    return torch_side.train_sample(net, loss_of, num=len(windows), batch=BATCH)


def score_torch(video: Video) -> Callable[[], float]:
    """Score batches without gradients."""
    import torch

    from tools.benchmarks import precision, torch_side

    loss_of, net, windows = _torch(video)
    net.eval()

    def sample() -> float:
        start = time.perf_counter()
        with torch.inference_mode(), precision.autocast(torch_side.device()):
            for chosen in torch.arange(len(windows)).to(torch_side.device()).split(BATCH):
                errors = loss_of(chosen)
        errors.item()  # waits for a GPU
        return len(windows) / (time.perf_counter() - start)

    return sample


def _torch(video: Video) -> tuple:
    import torch

    from tools.benchmarks import torch_side

    rows, windows = (torch.from_numpy(a).to(torch_side.device()) for a in _data(video))
    rows = rows.permute(0, 3, 1, 2)  # [n, c, h, w]
    flat = video.model == "frame_prediction"
    net = torch_unet(video) if flat else torch_conv3d(video)
    form = torch.channels_last if flat else torch.channels_last_3d
    net = net.to(torch_side.device()).to(memory_format=form)

    def loss_of(chosen):
        batch = rows[windows[chosen]]  # [b, t, c, h, w]
        if flat:
            x, target = batch[:, :-1].flatten(1, 2), batch[:, -1]
        else:
            x = target = batch.transpose(1, 2)
        return torch.nn.functional.mse_loss(net(x.contiguous(memory_format=form)), target)

    return loss_of, net, windows


def torch_unet(video: Video):
    """Return torch's equivalent of the generator: [b, t c, h, w] -> [b, c, h, w]."""
    import torch
    from torch import nn

    def twice(i, o):
        return nn.Sequential(
            nn.Conv2d(i, o, 3, padding=1), nn.ReLU(), nn.Conv2d(o, o, 3, padding=1), nn.ReLU()
        )

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            widths, c = video.channels, video.frame[2]
            pairs = list(itertools.pairwise(widths))
            inputs = ((video.length - 1) * c, *widths[:-1])
            self.down = nn.ModuleList(map(twice, inputs, widths))
            self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in pairs)
            self.merge = nn.ModuleList(twice(2 * a, a) for a, _ in pairs)
            self.out = nn.Conv2d(widths[0], c, 3, padding=1)

        def forward(self, x):
            skips = []
            for i, layer in enumerate(self.down):
                x = layer(nn.functional.max_pool2d(x, 2) if i else x)
                skips.append(x)
            for i in reversed(range(len(self.up))):
                x = self.merge[i](torch.cat([skips[i], torch.relu(self.up[i](x))], 1))
            return torch.tanh(self.out(x))

    torch.manual_seed(0)
    return Net()


def torch_conv3d(video: Video):
    """Return torch's equivalent of the 3-D autoencoder: [b, c, t, h, w] -> the same."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    widths, c, layers = video.channels, video.frame[2], []
    for i, (a, b) in enumerate(itertools.pairwise((c, *widths))):
        layers += [nn.Conv3d(a, b, 3, stride=(2 if i else 1, 2, 2), padding=1)]
        layers += [nn.BatchNorm3d(b), nn.LeakyReLU(0.2)]
    for a, b in itertools.pairwise(widths[::-1]):
        layers += [nn.ConvTranspose3d(a, b, 3, stride=2, padding=1, output_padding=1)]
        layers += [nn.BatchNorm3d(b), nn.LeakyReLU(0.2)]
    last = {"stride": (1, 2, 2), "padding": 1, "output_padding": (0, 1, 1)}
    return nn.Sequential(*layers, nn.ConvTranspose3d(widths[0], c, 3, **last))


def _sides(video: Video) -> dict[str, dict]:
    return {
        "train": {"vadjax": lambda: train_vadjax(video), "torch": lambda: train_torch(video)},
        "score": {"vadjax": lambda: score_vadjax(video), "torch": lambda: score_torch(video)},
    }


CASES = {
    f"{does} {kind}": sides
    for kind, video in (("2-D", FLAT), ("3-D", DEEP))
    for does, sides in _sides(video).items()
}
