"""NanoDet-g as an object detector: a file of weights, compiled programs, frames in batches."""

import functools
import hashlib
import pathlib
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones.convolution import TRANSFORMED
from vadjax.backbones.port import port
from vadjax.errors import UserError
from vadjax.objects import coco, nanodet, nanodet_weights
from vadjax.objects.detections import Limits
from vadjax.objects.fitted_detector import FittedDetector

_COUNT = 1000  # pairs of place and class that are looked at in a frame


class NanoDetDetector(FittedDetector):
    """NanoDet-g with its weights, for frames of any size.

    A frame is stretched to the input, as the published graph is used, unless `fit` says that its
    aspect ratio is kept, as in NanoDet's training, with black around it. Batches of one size are
    compiled: the last one is filled up.

    Attributes:
        names: COCO's 80 classes.
        size: (height, width) of the network's input in pixels.
        limits: Which candidates become detections.
        fit: How a frame becomes an input, see `frame_fit.fit`.
        batch: Frames that the network sees at once.
    """

    names = coco.CLASSES

    def __init__(
        self,
        path: pathlib.Path,
        *,
        limits: Limits,
        size: tuple[int, int] | None = None,
        fit: str = "",
        batch: int = 0,
    ):
        """Read the weights.

        Args:
            path: As `nanodet_weights.read` takes it.
            limits: Which candidates become detections.
            size: (height, width) of the input in pixels; None is the published 416 x 416.
            fit: How a frame becomes an input; "" is "stretch".
            batch: Frames at once; 0 is 1 on CPU and 16 elsewhere.

        Raises:
            UserError: The weights do not fit, or the size is no multiple of 32.
        """
        self.size = check_size(size or nanodet.SIZE)
        self.limits = limits
        self.fit = fit or "stretch"
        self.batch = batch or (1 if jax.default_backend() == "cpu" else 16)
        image = jax.ShapeDtypeStruct((1, *self.size, 3), jnp.float32)
        template = jax.eval_shape(nanodet.NanoDet().init, jax.random.key(0), image)
        template = {"params": template["params"]}
        arrays = nanodet_weights.read(path)
        variables = port(arrays, template, nanodet_weights.RULES, source=str(path))
        self._sha256 = _digest(arrays)
        self.variables = _prepared(jax.tree.map(jnp.asarray, variables), self.size)
        self._candidates = jax.jit(functools.partial(nanodet.candidates, count=_COUNT))

    def candidates(self, images: np.ndarray) -> Mapping[str, np.ndarray]:
        """Return the pairs of a place and a class of the highest scores.

        Args:
            images: [batch, h, w, 3] uint8 RGB.

        Returns:
            See `FittedDetector.candidates`.
        """
        found: Mapping[str, np.ndarray]
        found = jax.device_get(self._candidates(self.variables, images))
        return found

    def spec(self) -> dict:
        """Describe everything that determines the detections, for a fingerprint."""
        return {
            "detector": "nanodet_g",
            "weights_sha256": self._sha256,
            "size": list(self.size),
            "fit": self.fit,
            "least_score": self.limits.least_score,
            "overlap": self.limits.overlap,
            "most": self.limits.most,
        }


def check_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size if the network takes it.

    Raises:
        UserError: A side is no positive multiple of 32.
    """
    if len(size) != 2 or any(side < 64 or side % nanodet.MULTIPLE for side in size):
        raise UserError(
            f"input size {tuple(size)} of NanoDet-g: give (height, width), each a multiple of "
            f"{nanodet.MULTIPLE} pixels from 64 on, or nothing for the published "
            f"{nanodet.SIZE[0]} x {nanodet.SIZE[1]}"
        )
    return size[0], size[1]


def _prepared(variables: dict, size: tuple[int, int]) -> dict:
    """Add the kernels that the backend transforms once for all images."""

    @jax.jit  # the network itself is dead code here, and removed
    def transform(variables: dict) -> dict:
        image = jnp.zeros((1, *size, 3))
        return dict(nanodet.NanoDet().apply(variables, image, mutable=[TRANSFORMED])[1])

    return {**variables, **transform(variables)}


def _digest(arrays: dict[str, np.ndarray]) -> str:
    """Return the sha256 of the weights themselves, which is equal for both kinds of file."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode() + np.ascontiguousarray(arrays[name], np.float32).tobytes())
    return digest.hexdigest()
