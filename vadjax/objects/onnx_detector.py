"""Any object detector in ONNX, run by onnxruntime (extra `objects`)."""

import hashlib
import importlib.util
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from vadjax.errors import UserError
from vadjax.objects import frame_fit, onnx_layouts, onnx_settings
from vadjax.objects.detections import Candidates, Detections, Limits, ObjectDetector

_DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}


class OnnxDetector(ObjectDetector):
    """A model file, its settings, and the layout that its outputs were recognised to have.

    Attributes:
        names: Of the classes.
        settings: See `onnx_settings.Settings`.
        size: (height, width) of the input in pixels.
        limits: Which candidates become detections.
        batch: Images that the model takes at once.
        layout: Of its outputs, one of `onnx_settings.LAYOUTS`.
    """

    def __init__(
        self,
        path: pathlib.Path,
        *,
        limits: Limits,
        size: tuple[int, int] | None = None,
        fit: str = "",
        batch: int = 0,
    ):
        """Read the model and run it once on a grey image, whose outputs show their layout.

        Args:
            path: The .onnx file.
            limits: Which candidates become detections.
            size: (height, width) of the input in pixels; None is the model's own.
            fit: How a frame becomes an input; "" is as the settings say.
            batch: Images at once, where the model leaves it open; 0 is 1.

        Raises:
            UserError: onnxruntime is not installed, or the model cannot be read or understood.
        """
        self._path, self.limits = path, limits
        self._session = _session(path)
        self._sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.settings = onnx_settings.read(path, metadata)
        self.fit = fit or self.settings.fit
        self._input = self._only_input()
        self._dtype = _DTYPES[self._input.type]
        self._channels_last, self.batch, self.size = self._shape(size, batch)
        image = np.full((self.batch, *self.size, 3), self.settings.pad, np.uint8)
        outputs = self._run(image)
        names = [output.name for output in self._session.get_outputs()]
        self.layout = onnx_layouts.recognise(
            dict(zip(names, outputs, strict=True)), self.settings, model=str(path)
        )
        self.names = onnx_layouts.names_of(self.layout, self.settings)
        if len(self._candidates(outputs)) != self.batch:
            raise UserError(
                f"{path} gives one table for {self.batch} images; create the detector with batch=1"
            )

    def detect_batch(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        """Detect the objects of several frames; see `ObjectDetector`."""
        found: list[Detections] = []
        for start in range(0, len(frames), self.batch):
            chunk = [frame_fit.colour(frame) for frame in frames[start : start + self.batch]]
            fitted = [
                frame_fit.fit(frame, size=self.size, how=self.fit, pad=self.settings.pad)
                for frame in chunk
            ]
            images = np.zeros((self.batch, *self.size, 3), np.uint8)
            for row, (image, _) in enumerate(fitted):
                images[row] = image
            read = self._candidates(self._run(images))
            for one, (_, placed) in zip(read[: len(chunk)], fitted, strict=True):
                boxes = placed.to_frame(self._in_pixels(one))
                kept = Candidates(boxes, one.scores, one.classes, one.suppressed)
                found.append(kept.select(self.limits, self.names))
        return found

    def spec(self) -> dict:
        """Describe everything that determines the detections, for a fingerprint."""
        settings = {key: value for key, value in vars(self.settings).items() if key != "names"}
        return {
            "detector": "onnx",
            "weights_sha256": self._sha256,
            **{key: list(v) if isinstance(v, tuple) else v for key, v in settings.items()},
            "size": list(self.size),
            "fit": self.fit,
            "layout": self.layout,
            "names": list(self.names),
            "least_score": self.limits.least_score,
            "overlap": self.limits.overlap,
            "most": self.limits.most,
        }

    def _candidates(self, outputs: list[np.ndarray]) -> list[Candidates]:
        return onnx_layouts.candidates(
            outputs, self.layout, num_classes=len(self.names), model=str(self._path)
        )

    def _in_pixels(self, one: Candidates) -> np.ndarray:
        """Return boxes in pixels of the input."""
        if self.settings.boxes == "unit":
            return one.boxes * np.tile(self.size[::-1], 2)
        boxes = one.boxes[one.scores >= self.limits.least_score]
        if len(boxes) and np.abs(boxes).max() <= 1:
            raise UserError(
                f"all boxes of {self._path} lie within one pixel, so they seem to be in 0 .. 1; "
                'write {"boxes": "unit"} into the .json file beside the model'
            )
        return one.boxes

    def _run(self, images: np.ndarray) -> list[np.ndarray]:
        """Run the model on [b, h, w, 3] uint8 RGB images of the input's size."""
        x = images[..., ::-1] if self.settings.order == "bgr" else images
        if self._dtype != np.uint8:
            mean, std = (np.asarray(v, np.float32) for v in (self.settings.mean, self.settings.std))
            x = ((x.astype(np.float32) - mean) / std).astype(self._dtype)
        x = x if self._channels_last else x.transpose(0, 3, 1, 2)
        try:
            outputs = self._session.run(None, {self._input.name: np.ascontiguousarray(x)})
        except Exception as error:  # of onnxruntime, which has no common class for them
            raise UserError(
                f"{self._path} does not run on {list(x.shape)}: {str(error)[:200]}; give the "
                "model's input size"
            ) from None
        if not all(isinstance(array, np.ndarray) for array in outputs):
            raise UserError(f"{self._path} has outputs that are no arrays; export it without them")
        return [a.astype(np.float32) if a.dtype.kind == "f" else a for a in outputs]

    def _only_input(self) -> Any:
        inputs = self._session.get_inputs()
        described = ", ".join(f"{i.name} {i.type} {i.shape}" for i in inputs)
        fine = len(inputs) == 1 and len(inputs[0].shape) == 4 and inputs[0].type in _DTYPES
        if not fine or 3 not in (inputs[0].shape[1], inputs[0].shape[3]):
            raise UserError(
                f"{self._path} has inputs {described}; wanted one, [b, 3, h, w] or [b, h, w, 3], "
                "of float, float16 or uint8"
            )
        return inputs[0]

    def _shape(self, size: tuple[int, int] | None, batch: int) -> tuple[bool, int, tuple[int, int]]:
        shape = list(self._input.shape)
        last = shape[1] != 3
        sides = shape[1:3] if last else shape[2:4]
        own = [side if isinstance(side, int) and side > 0 else 0 for side in sides]
        wanted = tuple(size or self.settings.size or own)
        if len(wanted) != 2 or min(wanted) < 1:
            raise UserError(
                f"{self._path} takes images of any size; write the size that it was trained with "
                'into the .json file beside it, as {"size": [640, 640]}'
            )
        if any(a and a != b for a, b in zip(own, wanted, strict=True)):
            raise UserError(
                f"{self._path} takes images of {own[0]} x {own[1]} pixels (0: any), "
                f"not {wanted[0]} x {wanted[1]}"
            )
        fixed = shape[0] if isinstance(shape[0], int) and shape[0] > 0 else 0
        return last, fixed or batch or 1, (int(wanted[0]), int(wanted[1]))


def _session(path: pathlib.Path) -> Any:
    if importlib.util.find_spec("onnxruntime") is None:
        raise UserError(
            f"{path} needs onnxruntime, which is not installed: pip install 'vadjax[objects]'; "
            "NanoDet-g's .safetensors file needs nothing else"
        )
    runtime = importlib.import_module("onnxruntime")
    there = runtime.get_available_providers()
    wanted = [f"{name}ExecutionProvider" for name in ("CUDA", "CPU")]
    try:
        return runtime.InferenceSession(str(path), providers=[w for w in wanted if w in there])
    except Exception as error:  # of onnxruntime, which has no common class for them
        raise UserError(f"{path} is no ONNX model that can be read: {str(error)[:200]}") from None
