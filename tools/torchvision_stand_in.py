"""The parts of torchvision that `import timm` and its evaluation transform need.

timm imports torchvision, which has no build for some machines that torch supports. Only parity
tests, goldens and benchmarks use timm, and only of its models and of Resize, CenterCrop, ToTensor
and Normalize; everything else that timm mentions is an empty class here.
"""

import contextlib
import enum
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types

import numpy as np


def install() -> None:
    """Put the replacement on the import path, unless torchvision is installed."""
    if importlib.util.find_spec("torchvision") is not None:
        return
    with contextlib.suppress(ImportError):
        from transformers.utils import is_torchvision_available

        is_torchvision_available()  # caches that it is not: transformers needs more
    sys.meta_path.append(_Finder())


class _Module(types.ModuleType):
    def __getattr__(self, name: str):
        if not name[0].isupper():  # a dunder, or a submodule, which the finder imports
            raise AttributeError(name)
        return type(name, (), {})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torchvision":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return _Module(spec.name)

    def exec_module(self, module):
        names = {
            "torchvision.transforms": (Compose, Resize, CenterCrop, ToTensor, Normalize),
            "torchvision.transforms.functional": (
                InterpolationMode,
                get_dimensions,
                resize,
                to_tensor,
            ),
        }
        for item in names.get(module.__name__, ()):
            setattr(module, item.__name__, item)


class InterpolationMode(enum.Enum):
    """Names of the filters."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


def get_dimensions(image) -> list[int]:
    """Return [channels, height, width] of a Pillow image."""
    return [len(image.getbands()), image.height, image.width]


def resize(image, size, interpolation=InterpolationMode.BILINEAR, **_):
    """Resize a Pillow image: an int is its shorter side, the longer one rounded down."""
    from PIL import Image

    if isinstance(size, int):
        short = min(image.size)
        size = [int(size * side / short) for side in (image.height, image.width)]
    method = Image.Resampling[InterpolationMode(interpolation).name]
    return image.resize((size[1], size[0]), method)


class Compose:
    """One transform after another."""

    def __init__(self, transforms):
        self.transforms = transforms

    def __call__(self, image):
        for transform in self.transforms:
            image = transform(image)
        return image


class Resize:
    """`resize` as a transform."""

    def __init__(self, size, interpolation=InterpolationMode.BILINEAR, **_):
        self.size, self.interpolation = size, interpolation

    def __call__(self, image):
        return resize(image, self.size, self.interpolation)


class CenterCrop:
    """Crop the centre, offsets rounded half to even."""

    def __init__(self, size):
        self.size = (size, size) if isinstance(size, int) else tuple(size)

    def __call__(self, image):
        height, width = self.size
        top = round((image.height - height) / 2)
        left = round((image.width - width) / 2)
        return image.crop((left, top, left + width, top + height))


def to_tensor(image):
    """Turn a Pillow image [h, w, c] of 0 .. 255 into a float tensor [c, h, w] of 0 .. 1."""
    import torch

    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


class ToTensor:
    """`to_tensor` as a transform."""

    def __call__(self, image):
        return to_tensor(image)


class Normalize:
    """Subtract a mean and divide by a standard deviation, per channel."""

    def __init__(self, mean, std, **_):
        self.mean, self.std = mean, std

    def __call__(self, tensor):
        import torch

        mean, std = torch.as_tensor(self.mean), torch.as_tensor(self.std)
        return (tensor - mean[:, None, None]) / std[:, None, None]
