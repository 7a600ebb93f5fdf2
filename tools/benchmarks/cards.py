"""Cards that are not at hand, and how long they would train a detector: a model, no measurement.

An epoch of K members side by side takes

    high bound: max(K FLOP / (share peak), K bytes / (share bandwidth), kernels launch_s)
    low bound:  max(K FLOP / (share peak), K bytes / (share bandwidth)) + kernels launch_s

so that in the low bound no launch hides behind work.
"""

from typing import NamedTuple


class Card(NamedTuple):
    """One card by its vendor's data sheet: FLOP/s without sparsity, bytes/s, bytes."""

    name: str
    float32: float
    tf32: float
    bandwidth: float
    memory: float


CARDS = (
    Card("A100 SXM 80 GB", 19.5e12, 156e12, 2.039e12, 80e9),
    Card("H100 SXM", 67e12, 494.7e12, 3.35e12, 80e9),
    Card("H200", 67e12, 494.7e12, 4.8e12, 141e9),
)


class Work(NamedTuple):
    """One detector's training: cost of a window, windows and kernels of an epoch, epochs."""

    flop: float
    bytes: float
    windows: float
    kernels: float
    epochs: int


class Bound(NamedTuple):
    """What a card is trusted with: shares of its peaks, and the seconds that a kernel takes."""

    flop_share: float
    byte_share: float
    launch_s: float
    tensor: bool  # products in TF32, JAX's default on these cards; else in full float32
    overlap: bool  # launches hide behind work, and the host behind the device


LOW = Bound(0.1, 0.3, 10e-6, tensor=False, overlap=False)
HIGH = Bound(1.0, 0.8, 2e-6, tensor=True, overlap=True)  # its share of FLOP is to be measured


def device_s(card: Card, work: Work, bound: Bound, *, members: int) -> tuple[float, str]:
    """Return the seconds of training a detector among K, and what takes most of them."""
    windows = work.epochs * work.windows
    peak = card.tf32 if bound.tensor else card.float32
    parts = {
        "products": windows * work.flop / (bound.flop_share * peak),
        "memory": windows * work.bytes / (bound.byte_share * card.bandwidth),
        "launches": work.epochs * work.kernels * bound.launch_s / members,
    }
    most = max(parts, key=parts.__getitem__)
    if bound.overlap:
        return parts[most], most
    return max(parts["products"], parts["memory"]) + parts["launches"], most


def per_hour(device: float, host: float, *, overlap: bool) -> float:
    """Return detectors an hour, from the seconds that each takes of the device and of the host.

    >>> round(per_hour(0.1, 0.3, overlap=True)), round(per_hour(0.1, 0.3, overlap=False))
    (12000, 9000)
    """
    return 3600 / (max(device, host) if overlap else device + host)


def member_bytes() -> tuple[int, int]:
    """Return the bytes of a member's state and of its batch, as a sweep plans them."""
    import numpy as np

    from tools.benchmarks import epochs, population
    from vadjax.sweeps import budget
    from vadjax.training.population import Member

    shape = population.SHAPE
    rows = np.zeros((1, shape.length), np.int32)
    data = {"train": {"rows": rows}, "features": np.zeros((1, shape.width), np.float32)}
    model, _ = epochs.network(epochs.config_of("classify", units=shape.units), (shape.width,))
    batch = 4 * shape.batch * shape.length * shape.width
    return budget.state_bytes(model, data, Member("", 0, {}), "adam"), batch
