"""Populations: LSTM 32 on windows 10 x 1280, batch 32, K detectors at a time.

The network, the data, Adam and the batch are the same on all sides. vadjax trains K members that
differ in seed and learning rate in one compiled program over the same features; torch and Keras
train the same detectors one after another, as a script would, so that the rate for K detectors is
that of one. The unit is a training window of one member.
"""

from collections.abc import Callable

from tools.benchmarks import scanner

UNIT = "windows"
PRECISIONS = ("float32", "bfloat16")
SHAPE = scanner.SMALL._replace(batch=32)
MEMBERS = (1, 4, 16)


def train_vadjax(
    members: int, shape: scanner.Shape = SHAPE, *, num_devices: int = 0
) -> Callable[[], float]:
    """Train all members for an epoch in one compiled program."""
    from tools.benchmarks import epochs

    config = epochs.config_of("classify", units=shape.units)
    config.train.batch_size, config.train.num_devices = shape.batch, num_devices
    return epochs.sample_of(config, *scanner.data(shape), members=members)


def _case(members: int) -> dict:
    return {
        "vadjax": lambda: train_vadjax(members),
        "torch": lambda: scanner.train_torch(SHAPE, contiguous=False),
        "keras": lambda: scanner.train_keras(SHAPE, contiguous=False),
    }


CASES = {f"{members} members": _case(members) for members in MEMBERS}
EXTRA_CASES = {f"{members} members": _case(members) for members in (64, 256)}
