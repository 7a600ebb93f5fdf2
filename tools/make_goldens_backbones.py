"""Golden outputs of timm's networks under weights that both sides make from a seed.

The weights are never stored: `random_state` recreates them from the names and shapes that the
golden file lists. Of every tap some values at random places are kept.
"""

import json
import pathlib
import zlib

import numpy as np

NAMES = ("tf_efficientnet_lite0", "efficientnet_lite0", "mobilenetv2_100")
SIZE = (96, 64)
NUM_KEPT = 200


def random_state(shapes: dict[str, list[int]], *, seed: int) -> dict[str, np.ndarray]:
    """Make weights and batch-norm statistics under which signals neither die nor explode.

    The gain of a layer is near one: with half as much more, a network amplifies rounding errors
    (PyTorch's own against float64) a hundredfold, and comparing becomes a matter of luck.

    Args:
        shapes: {key of a timm state dict: shape}.
        seed: Each key draws from its own stream of it, so that order does not matter.

    Returns:
        {key: float32 array, or int64 zero for counters}.
    """
    state = {}
    for key, shape in shapes.items():
        # RandomState, not Generator: its streams are frozen for good.
        random = np.random.RandomState(zlib.crc32(f"{seed} {key}".encode()))
        if key.endswith("num_batches_tracked"):
            state[key] = np.zeros(shape, np.int64)
            continue
        if key.endswith("running_var"):
            values = random.uniform(0.5, 2.0, shape)
        elif len(shape) > 1:
            values = random.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))
        elif key.endswith("weight"):
            values = random.uniform(0.5, 1.2, shape)
        else:
            values = random.normal(size=shape) * 0.2
        state[key] = values.astype(np.float32)
    return state


def random_images(size: tuple[int, int], *, seed: int) -> np.ndarray:
    """Make two uint8 images [2, h, w, 3] of coarse and fine structure."""
    random = np.random.RandomState(seed)
    coarse = np.kron(random.rand(2, 4, 4, 3), np.ones((1, size[0] // 4, size[1] // 4, 1)))
    return np.uint8(255 * (0.7 * coarse + 0.3 * random.rand(2, *size, 3)))


def kept_places(count: int, name: str) -> np.ndarray:
    """Return the places, in a flattened array of `count` values, that a golden keeps."""
    random = np.random.RandomState(zlib.crc32(name.encode()))
    return np.sort(random.randint(count, size=NUM_KEPT))


def timm_outputs(name: str, state: dict[str, np.ndarray], images: np.ndarray) -> dict:
    """Run timm's network on images, normalised as its configuration says.

    Args:
        name: Of the network.
        state: Its state dict.
        images: [b, h, w, 3] uint8.

    Returns:
        {tap: [b, h, w, c]} for "stem", "stage1" ... and "map"; "features" and "logits".
    """
    import timm
    import torch

    network = timm.create_model(name, pretrained=False).eval()
    network.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in state.items()})
    mean, std = (np.float32(network.default_cfg[key]) for key in ("mean", "std"))
    x = (np.float32(images) / 255 - mean) / std
    x = torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))
    outputs = {}
    with torch.no_grad():
        x = outputs["stem"] = network.bn1(network.conv_stem(x))
        for i, stage in enumerate(network.blocks, start=1):
            x = outputs[f"stage{i}"] = stage(x)
        x = outputs["map"] = network.bn2(network.conv_head(x))
        outputs = {key: value.permute(0, 2, 3, 1) for key, value in outputs.items()}
        outputs["features"] = network.forward_head(x, pre_logits=True)
        outputs["logits"] = network.forward_head(x)
    return {key: value.numpy() for key, value in outputs.items()}


def timm_shapes(name: str) -> dict[str, list[int]]:
    """Return {key: shape} of timm's state dict."""
    import timm

    network = timm.create_model(name, pretrained=False)
    return {key: list(value.shape) for key, value in network.state_dict().items()}


def main(folder: pathlib.Path) -> None:
    """Write backbone_<name>.npz into a folder."""
    from tools.torchvision_stand_in import install

    install()
    for name in NAMES:
        shapes = timm_shapes(name)
        state = random_state(shapes, seed=0)
        outputs = timm_outputs(name, state, random_images(SIZE, seed=1))
        kept = {key: value.ravel()[kept_places(value.size, key)] for key, value in outputs.items()}
        header = np.frombuffer(json.dumps(shapes).encode(), np.uint8)
        path = folder / f"backbone_{name}.npz"
        np.savez_compressed(path, shapes=header, **kept)
        print(f"{path}: {path.stat().st_size / 1000:.0f} KB")
