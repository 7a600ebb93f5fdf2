"""Golden outputs of the reference networks under weights that both sides make from a seed.

The weights are never stored: `random_state` recreates them from the names and shapes that the
golden file lists. Of every tap some values at random positions are kept.
"""

import json
import pathlib
import re
import zlib

import numpy as np

from tools import references

NUM_KEPT = 200
# Batch norms whose outputs are summed, in timm's RepVGG and MobileOne.
BRANCH = re.compile(r".*\.(conv_kxk|conv_1x1|conv_scale|identity)\..*")


def random_state(shapes: dict[str, list[int]], *, seed: int) -> dict[str, np.ndarray]:
    """Make weights and batch-norm statistics under which signals neither vanish nor explode.

    The gain of a layer is near one: with half as much more, a network amplifies rounding errors
    (PyTorch's own against float64) a hundredfold, which makes the comparison meaningless.

    Args:
        shapes: {key of a state dict: shape}.
        seed: each key has a random stream of its own, so that order does not matter.

    Returns:
        {key: float32 array, or int64 zero for counters}.
    """
    state = {}
    for key, shape in shapes.items():
        # RandomState, not Generator: its streams never change.
        random = np.random.RandomState(zlib.crc32(f"{seed} {key}".encode()))
        if key.endswith("num_batches_tracked"):
            state[key] = np.zeros(shape, np.int64)
            continue
        if key.endswith("running_var"):
            values = random.uniform(0.5, 2.0, shape)
        elif len(shape) > 1:
            values = random.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))
        elif key.endswith("weight"):
            values = random.uniform(0.5, 1.2, shape) * (0.5 if BRANCH.fullmatch(key) else 1)
        else:
            values = random.normal(size=shape) * 0.2
        state[key] = values.astype(np.float32)
    return state


def random_images(size: tuple[int, int], *, seed: int) -> np.ndarray:
    """Make two uint8 images [2, h, w, 3] of coarse and fine structure."""
    random = np.random.RandomState(seed)
    coarse = np.kron(random.rand(2, 4, 4, 3), np.ones((1, -(-size[0] // 4), -(-size[1] // 4), 1)))
    coarse = coarse[:, : size[0], : size[1]]
    return np.uint8(255 * (0.7 * coarse + 0.3 * random.rand(2, *size, 3)))


def kept_places(count: int, name: str) -> np.ndarray:
    """Return the positions, in a flattened array of `count` values, that a golden file has."""
    random = np.random.RandomState(zlib.crc32(name.encode()))
    return np.sort(random.randint(count, size=NUM_KEPT))


def main(folder: pathlib.Path, *, families: tuple[str, ...] = ()) -> None:
    """Write backbone_<name>.npz into a folder, for all families or the named ones."""
    from tools.torchvision_stand_in import install

    install()
    for family, reference in references.families().items():
        if families and family not in families:
            continue
        for name, size in reference.GOLDENS.items():
            shapes = reference.shapes(name)
            state = random_state(shapes, seed=0)
            outputs = reference.outputs(name, state, random_images(size, seed=1))
            kept = {
                key: value.ravel()[kept_places(value.size, key)] for key, value in outputs.items()
            }
            header = np.frombuffer(json.dumps(shapes).encode(), np.uint8)
            path = folder / f"backbone_{name}.npz"
            np.savez_compressed(path, shapes=header, **kept)
            print(f"{path}: {path.stat().st_size / 1000:.0f} KB")
