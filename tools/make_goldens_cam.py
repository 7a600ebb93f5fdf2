"""Golden class activation maps of the PyTorch package grad-cam, under weights made from a seed.

This needs torch, timm and grad-cam; the tests that read the file do not. The weights are those of
`random_state`, so that the file has the maps only.
"""

import pathlib

import numpy as np

from tools import references
from tools.make_goldens_backbones import random_images, random_state

SIZE = (96, 96)
CLASS = 7
METHODS = {"gradcam": "GradCAM", "gradcam++": "GradCAMPlusPlus", "hirescam": "HiResCAM"}
EPS = 1e-6  # that the package adds
# Backbone -> tap -> the submodule with that output.
CASES = {
    "resnet18": {"stage3": lambda net: net.layer3, "map": lambda net: net.layer4},
    "tf_efficientnet_lite0": {"map": lambda net: net.bn2},
}


def maps_of(name: str, *, seed: int) -> dict[str, np.ndarray]:
    """Return {"<tap> <method>": [2, h, w] float32}, rectified, not resized."""
    from tools.torchvision_stand_in import install

    install()
    import pytorch_grad_cam
    import timm
    import torch
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    from vadjax import backbones

    net = timm.create_model(name, pretrained=False).eval()
    state = random_state(references.timm_shapes(name), seed=seed)
    net.load_state_dict({key: torch.from_numpy(value) for key, value in state.items()})
    preprocess = backbones.create(name, weights="random").preprocess
    images = random_images(SIZE, seed=seed + 1) / 255
    images = (images - np.array(preprocess.mean)) / np.array(preprocess.std)
    batch = torch.from_numpy(np.float32(images.transpose(0, 3, 1, 2)))
    found = {}
    for tap, module in CASES[name].items():
        for method, kind in METHODS.items():
            cam = getattr(pytorch_grad_cam, kind)(net, [module(net)])
            targets = [ClassifierOutputTarget(CLASS)] * len(batch)
            cam(batch, targets)
            a, g = (
                x[0].numpy()
                for x in (
                    cam.activations_and_grads.activations,
                    cam.activations_and_grads.gradients,
                )
            )
            raw = cam.get_cam_image(batch, cam.target_layers[0], targets, a, g, False)
            found[f"{tap} {method}"] = np.maximum(raw, 0).astype(np.float32)
    return found


def main(folder: pathlib.Path) -> None:
    """Write cam.npz into a folder."""
    arrays = {
        f"{name} {key}": value for name in CASES for key, value in maps_of(name, seed=0).items()
    }
    path = folder / "cam.npz"
    np.savez_compressed(path, **arrays)
    print(f"{path}: {len(arrays)} maps, {path.stat().st_size / 1e3:.0f} kB")
