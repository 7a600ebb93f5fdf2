"""PyTorch's side: networks and the usual training loop, on a GPU if there is one."""

import time
from collections.abc import Callable, Sequence

from tools.benchmarks import precision


def device() -> str:
    """Return torch's device."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def lstm(width: int, units: Sequence[int]):
    """Return LSTM layers and a linear layer on the last state: windows [b, t, width] -> [b]."""
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            pairs = zip((width, *units), units, strict=False)
            self.layers = torch.nn.ModuleList(
                torch.nn.LSTM(i, o, batch_first=True) for i, o in pairs
            )
            self.out = torch.nn.Linear(units[-1], 1)

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)[0]
            return self.out(x[:, -1])[:, 0]

    torch.manual_seed(0)
    return Net().to(device())


def train_sample(net, loss_of: Callable, *, num: int, batch: int) -> Callable[[], float]:
    """Return a sample: a shuffled epoch of gathers, forward, backward, Adam, in windows/s.

    Args:
        net: its parameters are trained.
        loss_of: returns the loss of a batch from window indices, int64 [b].
        num: number of windows.
        batch: windows per batch.
    """
    import torch

    adam = torch.optim.Adam(net.parameters(), lr=1e-3)

    def sample() -> float:
        start = time.perf_counter()
        for chosen in torch.randperm(num).to(device()).split(batch):
            adam.zero_grad(set_to_none=True)
            with precision.autocast(device()):
                loss = loss_of(chosen)
            loss.backward()
            adam.step()
        loss.item()  # waits for a GPU
        return num / (time.perf_counter() - start)

    sample.note = f"torch {torch.__version__} on {device()}"
    return sample


def train_lstm(features, labels, rows, *, units: Sequence[int], batch: int) -> Callable[[], float]:
    """Return a sample of an LSTM that learns the label of each window's last row.

    Args:
        features: float32 [n, d].
        labels: int32 [n].
        rows: int32 [m, t].
        units: widths of the layers.
        batch: windows in a batch.
    """
    import torch

    net = lstm(features.shape[1], units)
    x, table = torch.from_numpy(features).to(device()), torch.from_numpy(rows).long().to(device())
    y = torch.from_numpy(labels).float().to(device())
    criterion = torch.nn.BCEWithLogitsLoss()

    def loss_of(chosen):
        index = table[chosen]
        return criterion(net(x[index]), y[index[:, -1]])

    return train_sample(net, loss_of, num=len(rows), batch=batch)


def score_lstm(
    features, *, length: int, units: Sequence[int], batch: int, passes: int = 1
) -> Callable[[], float]:
    """Return a sample: every window at stride 1 gathered and scored, in windows per second."""
    import torch

    net = lstm(features.shape[1], units).eval()
    x = torch.from_numpy(features).to(device())
    starts = torch.arange(len(features) - length + 1, device=device())
    steps = torch.arange(length, device=device())

    def sample() -> float:
        start = time.perf_counter()
        with torch.inference_mode(), precision.autocast(device()):
            for chunk in passes * starts.split(batch):
                torch.sigmoid(net(x[chunk[:, None] + steps])).float().cpu().numpy()
        return passes * len(starts) / (time.perf_counter() - start)

    sample.note = f"torch {torch.__version__} on {device()}"
    return sample
