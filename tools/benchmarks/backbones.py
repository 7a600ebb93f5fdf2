"""Backbones, from images to pooled features: vadjax's and timm's at batches 1, 4 and 16.

Both have random weights, get the same uint8 images and normalise them. vadjax's is folded and runs
as in extraction: a micro-batch at a time on each CPU device. timm's is in eval mode and
channels_last under inference_mode; RepVGG and MobileOne are re-parameterised by its own function,
and both sides omit the classifier's layers of VGG. `python tools/bench.py backbones
--case=resnet50`, or `--case="resnet50, compiled"` against torch.compile; the row "best" has the
ratio of the best batches of both.
"""

import pathlib
import tempfile
import time
from collections.abc import Callable

import numpy as np

NAMES = (
    "vgg16",
    "resnet50",
    "inception_v3",
    "mobilenetv2_100",
    "tf_efficientnet_lite0",
    "efficientnet_b0",
    "repvgg_a0",
    "mobileone_s0",
    "convnext_tiny",
    "poolformer_s12",
    "coatnet_0_rw_224",
    "maxvit_tiny_tf_224",
    "vit_small_patch16_224",
)
UNIT = "images"
PRECISIONS = ("float32", "bfloat16")
BATCHES = (1, 4, 16)
SECONDS = 1.0  # a sample of one batch size takes at least as long


def _rates(run: Callable[[int], object]) -> Callable[[], dict[str, float]]:
    """Return a sample of images/s at each batch size, after a warm-up of each."""
    for batch in BATCHES:
        run(batch)

    def sample() -> dict[str, float]:
        rates = {}
        for batch in BATCHES:
            count, start = 0, time.perf_counter()
            while (spent := time.perf_counter() - start) < SECONDS or count == 0:
                run(batch)
                count += batch
            rates[f"batch {batch}"] = count / spent
        rates["best"] = max(rates.values())
        return rates

    return sample


def _images(backbone) -> np.ndarray:
    shape = (max(BATCHES), *backbone.preprocess.size, 3)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def ours(name: str) -> Callable[[], dict[str, float]]:
    from vadjax import backbones
    from vadjax.runtime import devices

    devices.setup()
    import jax

    from tools.benchmarks import precision
    from tools.benchmarks.cost import count
    from vadjax.features.calibrate import choose_micro_batch
    from vadjax.features.extractor import Extractor

    backbone = backbones.create(name, weights="random", dtype=precision.dtype())
    images = _images(backbone)
    whole, variables = jax.jit(backbone.apply), backbone.prepared()
    runs, notes = {}, []
    for batch in BATCHES:
        if batch < jax.local_device_count():  # less than one image per device
            runs[batch] = lambda x: whole(variables, x)
            continue
        cache = pathlib.Path(tempfile.gettempdir()) / "vadjax-bench"
        micro_batch = choose_micro_batch(
            backbone, taps=("features",), batch_size=batch, cache_dir=cache, num_frames=10_000
        )
        runs[batch] = Extractor(
            backbone, taps=("features",), batch_size=batch, micro_batch=micro_batch
        )
        notes.append(f"{micro_batch} of {batch}")

    def run(batch: int):
        return np.asarray(runs[batch](images[:batch])["features"])

    sample = _rates(run)
    sample.note = f"micro-batches {', '.join(notes)}"
    sample.cost = lambda: count(backbone.apply, variables, images[:1])
    return sample


def theirs(name: str, *, compiled: bool = False) -> Callable[[], dict[str, float]]:
    import torch

    from tools import torchvision_stand_in

    torchvision_stand_in.install()
    import timm
    from timm.utils.model import reparameterize_model

    from tools.benchmarks import precision, torch_side
    from vadjax import backbones

    backbone = backbones.create(name, weights="random")
    net = timm.create_model(name, num_classes=0).eval()
    if name.startswith(("repvgg", "mobileone")):
        net = reparameterize_model(net)
    if name.startswith("vgg"):  # without classes its two layers of 4096 remain: no pooled features
        net = torch.nn.Sequential(net.features, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    place = torch_side.device()
    net = net.to(place, memory_format=torch.channels_last)
    mean, std = (
        torch.tensor(v, device=place).view(1, -1, 1, 1)
        for v in (backbone.preprocess.mean, backbone.preprocess.std)
    )
    images = torch.from_numpy(_images(backbone))
    if compiled:
        net = torch.compile(net)

    def run(batch: int):
        with torch.inference_mode(), precision.autocast(place):
            x = images[:batch].to(place).permute(0, 3, 1, 2).float().div_(255)
            x = x.sub_(mean).div_(std).contiguous(memory_format=torch.channels_last)
            return net(x).float().cpu().numpy()

    return _rates(run)


CASES = {
    name: {"vadjax": lambda name=name: ours(name), "torch": lambda name=name: theirs(name)}
    for name in NAMES
}
# Only with --case, since compiling takes a minute for each batch size.
EXTRA_CASES = {
    f"{name}, compiled": {
        "vadjax": lambda name=name: ours(name),
        "torch": lambda name=name: theirs(name, compiled=True),
    }
    for name in NAMES
}
