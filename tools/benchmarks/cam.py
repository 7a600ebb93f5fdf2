"""Grad-CAM++ of a class at the last map, 224 px, batch 16: vadjax and the package grad-cam.

Both get the same images, normalised beforehand for the package, use random weights, and return
maps in NumPy. vadjax runs the folded network forward once and backward from the logit to the map,
as the stage `explain` does; the package runs forward and backward through timm's full network, and
resizes its maps to the image (half a millisecond each).
"""

import time
from collections.abc import Callable, Sequence

import numpy as np

NAMES = ("resnet50", "tf_efficientnet_lite0")
UNIT = "maps"
BATCH, SIDE, CLASS = 16, 224, 7
MICRO_BATCHES = (1, 2, 4, 8)
SECONDS = 2.0  # a sample takes at least as long


def _images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (BATCH, SIDE, SIDE, 3), np.uint8)


def _sampled(run: Callable) -> Callable[[], float]:
    """Return a sample of maps/s."""

    def sample() -> float:
        count, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < SECONDS or not count:
            run()
            count += BATCH
        return count / spent

    return sample


def ours(name: str, micro_batches: Sequence[int] = MICRO_BATCHES) -> Callable[[], float]:
    """Return vadjax's sample: the backward pass from the logit of one class to the map."""
    from vadjax import backbones
    from vadjax.runtime import devices

    devices.setup()
    import jax

    from tools.benchmarks.cost import count
    from vadjax.explain import cam

    backbone, images = backbones.create(name, weights="random", size=SIDE), _images()
    gradients = np.zeros((BATCH, 1000), np.float32)
    gradients[:, CLASS] = 1
    options = {"tap": "map", "rows": "logits", "method": "gradcam++"}
    runs = {
        n: cam.make_frame_fn(backbone, **options, micro_batch=n)
        for n in micro_batches
        if BATCH % (n * jax.local_device_count()) == 0
    }
    samples = {
        n: _sampled(lambda run=run: np.asarray(run(images, gradients))) for n, run in runs.items()
    }
    for run in samples.values():
        run()
    best = max(samples, key=lambda n: samples[n]())
    sample = samples[best]
    sample.note = f"micro-batch {best}"
    sample.cost = lambda: count(runs[best], images, gradients).times(1 / BATCH)
    return sample


def theirs(name: str) -> Callable[[], float]:
    """Return the package's sample: `GradCAMPlusPlus` on timm's network in eval mode."""
    from tools import torchvision_stand_in

    torchvision_stand_in.install()
    import timm
    import torch
    from pytorch_grad_cam import GradCAMPlusPlus
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    net = timm.create_model(name).eval().to(memory_format=torch.channels_last)
    last = net.layer4 if name.startswith("resnet") else net.bn2
    explain = GradCAMPlusPlus(net, [last])
    images = torch.from_numpy(np.float32(_images().transpose(0, 3, 1, 2)) / 127.5 - 1)
    images = images.contiguous(memory_format=torch.channels_last)
    targets = [ClassifierOutputTarget(CLASS)] * BATCH
    return _sampled(lambda: explain(images, targets))


CASES = {
    name: {
        "vadjax": lambda name=name: ours(name),
        "torch": lambda name=name: theirs(name),
    }
    for name in NAMES
}
EXTRA_CASES = {
    f"{name}, quick": {
        "vadjax": lambda name=name: ours(name, (1,)),
        "torch": lambda name=name: theirs(name),
    }
    for name in NAMES
}
