"""A model of GPUs: how long they would train a detector, estimated and not measured.

An epoch of K members side by side takes

    high bound: max(K FLOP / (share peak), K bytes / (share bandwidth), kernels launch_s)
    low bound:  max(K FLOP / (share peak), K bytes / (share bandwidth)) + kernels launch_s

that is, launches overlap with work in the high bound only.
"""

from typing import NamedTuple


class Card(NamedTuple):
    """One GPU by its vendor's data sheet: FLOP/s without sparsity, bytes/s, bytes."""

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
    """One detector's training: cost per window, windows and kernels per epoch, epochs."""

    flop: float
    bytes: float
    windows: float
    kernels: float
    epochs: int


class Bound(NamedTuple):
    """A bound: assumed shares of the GPU's peaks, and seconds per kernel launch."""

    flop_share: float
    byte_share: float
    launch_s: float
    tensor: bool  # products in TF32, JAX's default on these GPUs; otherwise float32
    overlap: bool  # of launches with work, and of the host with the device


LOW = Bound(0.1, 0.3, 10e-6, tensor=False, overlap=False)
HIGH = Bound(
    1.0, 0.8, 2e-6, tensor=True, overlap=True
)  # the FLOP share is replaced by a measured one


def device_s(card: Card, work: Work, bound: Bound, *, members: int) -> tuple[float, str]:
    """Return the seconds of training one of K detectors, and what takes most of them.

    Args:
        card: the GPU.
        work: one detector's training.
        bound: see `Bound`.
        members: K.

    Returns:
        (seconds per detector, "products", "memory" or "launches").
    """
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
    """Return detectors per hour from the seconds of device and host per detector.

    >>> round(per_hour(0.1, 0.3, overlap=True)), round(per_hour(0.1, 0.3, overlap=False))
    (12000, 9000)
    """
    return 3600 / (max(device, host) if overlap else device + host)


def member_bytes() -> tuple[int, int]:
    """Return the bytes of a member's state and of its batch, as a sweep estimates them."""
    import numpy as np

    from tools.benchmarks import epochs, population
    from vadjax.sweeps import budget
    from vadjax.training.member import Member

    shape = population.SHAPE
    rows = np.zeros((1, shape.length), np.int32)
    data = {"train": {"rows": rows}, "features": np.zeros((1, shape.width), np.float32)}
    model, _ = epochs.network(epochs.config_of("classify", units=shape.units), (shape.width,))
    batch = 4 * shape.batch * shape.length * shape.width
    return budget.state_bytes(model, data, Member("", 0, {}), "adam"), batch
