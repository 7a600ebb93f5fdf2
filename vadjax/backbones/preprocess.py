"""Frames to network inputs, and places on a feature map back to the frame."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
from PIL import Image

from vadjax.errors import UserError, unknown

FITS = ("stretch", "crop", "pad", "native")
INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclasses.dataclass(frozen=True)
class Preprocess:
    """Resize a frame to a network's input size, antialiased, in uint8.

    Resizing is Pillow's, which checkpoints were trained with; OpenCV's does not antialias and
    differs by up to 100 grey levels. Mean and standard deviation are only carried here: the
    compiled network applies them, so that uint8 crosses the border to the device.

    Attributes:
        size: (height, width) of the input in pixels.
        interpolation: A key of `INTERPOLATIONS`.
        mean: Per channel, in units of 0 .. 1; () means that nothing is normalised.
        std: As `mean`.
        fit: "stretch" takes the whole frame and does not keep its aspect ratio; "pad" takes the
            whole frame, keeps it and fills the rest with the mean; "crop" is the checkpoint's
            centre crop (equal to timm's evaluation transform), which loses the frame's sides;
            "native" is the frame at its own size.
        crop_pct: Under "crop", input size over the size to which the frame is resized first.
        channels: 1 makes frames grey, 3 makes them colour, 0 leaves them as they are.
    """

    size: tuple[int, int] = (224, 224)
    interpolation: str = "bicubic"
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    fit: str = "stretch"
    crop_pct: float = 0.875
    channels: int = 0

    def __post_init__(self):
        if self.fit not in FITS:
            raise unknown("fit", self.fit, FITS)
        if self.interpolation not in INTERPOLATIONS:
            raise unknown("interpolation", self.interpolation, INTERPOLATIONS)
        if len(self.size) != 2 or min(self.size) < 1:
            raise UserError(f"input size {self.size} is not (height, width) in pixels, both >= 1")

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """Preprocess one frame.

        Args:
            frame: [h, w, 3] RGB, [h, w, 1] or [h, w], uint8.

        Returns:
            [h', w', c] uint8; c is 1 for grey frames (unless `channels` says 3), else 3.
        """
        image = self._fit(self.opened(frame))
        return np.asarray(image).reshape(image.height, image.width, -1)

    def opened(self, frame: np.ndarray) -> Image.Image:
        """Return a frame as an image, grey or colour as the network wants it.

        Raises:
            UserError: it is no frame.
        """
        frame = np.asarray(frame)
        grey = frame.ndim == 2 or (frame.ndim == 3 and frame.shape[2] == 1)
        if frame.dtype != np.uint8 or not (grey or (frame.ndim == 3 and frame.shape[2] == 3)):
            raise UserError(
                f"frame is {frame.dtype} {list(frame.shape)}; wanted uint8 [h, w], [h, w, 1] or "
                "[h, w, 3] (RGB)"
            )
        image = Image.fromarray(frame[..., 0] if grey and frame.ndim == 3 else frame)
        if self.channels and self.channels != (1 if grey else 3):
            image = image.convert("L" if self.channels == 1 else "RGB")
        return image

    def reader(self) -> Callable[[np.ndarray], np.ndarray]:
        """Return the preprocessing of one video's frames, in their order; here each alone."""
        return self

    def view(self, frame_shape: tuple[int, ...]) -> tuple[float, float, float, float]:
        """Return the rectangle (x0, y0, x1, y1) of the frame, in its pixels, that the input shows.

        Edges, not centres: a frame of width w spans 0 .. w. Under "pad" it reaches beyond them.
        """
        height, width = frame_shape[:2]
        if self.fit in ("stretch", "native"):
            return 0.0, 0.0, float(width), float(height)
        (resized_h, resized_w), (top, left) = self._placement(height, width)
        x, y = width / resized_w, height / resized_h
        return -left * x, -top * y, (self.size[1] - left) * x, (self.size[0] - top) * y

    def points_to_frame(
        self, points: np.ndarray, *, map_shape: tuple[int, ...], frame_shape: tuple[int, ...]
    ) -> np.ndarray:
        """Map points of a feature map, or of the input itself, to the frame.

        Args:
            points: [..., 2] float (x, y) in cells; cell i spans i .. i + 1.
            map_shape: (h, w, ...) of the map; the input's own shape for points of the input.
            frame_shape: (h, w, ...) of the frame.

        Returns:
            [..., 2] float (x, y) in the frame's pixels; outside of the frame for cells of padding.
        """
        x0, y0, x1, y1 = self.view(frame_shape)
        scale = np.array([(x1 - x0) / map_shape[1], (y1 - y0) / map_shape[0]])
        return np.asarray(points, np.float64) * scale + np.array([x0, y0])

    def boxes_to_frame(
        self, boxes: np.ndarray, *, map_shape: tuple[int, ...], frame_shape: tuple[int, ...]
    ) -> np.ndarray:
        """Map boxes like `points_to_frame`, clipped to the frame.

        Args:
            boxes: [..., 4] float (x0, y0, x1, y1) in cells.
            map_shape: See `points_to_frame`.
            frame_shape: See `points_to_frame`.

        Returns:
            [..., 4] float in the frame's pixels.
        """
        boxes = np.asarray(boxes, np.float64)
        corners = boxes.reshape(*boxes.shape[:-1], 2, 2)
        corners = self.points_to_frame(corners, map_shape=map_shape, frame_shape=frame_shape)
        limits = np.array([frame_shape[1], frame_shape[0]])
        return np.clip(corners, 0, limits).reshape(boxes.shape)

    def map_to_frame(self, values: np.ndarray, frame_shape: tuple[int, ...]) -> np.ndarray:
        """Resample a map of values over the frame, bilinearly.

        Args:
            values: [h, w] float: a heatmap.
            frame_shape: (H, W, ...) of the frame.

        Returns:
            [H, W] float32; NaN where the input does not show the frame (outside of a crop).
        """
        height, width = frame_shape[:2]
        x0, y0, x1, y1 = self.view(frame_shape)
        # The part of the frame that is shown, in whole pixels, and the part of the map behind it.
        left, top = max(math.ceil(x0), 0), max(math.ceil(y0), 0)
        right, bottom = min(math.floor(x1), width), min(math.floor(y1), height)
        x, y = values.shape[1] / (x1 - x0), values.shape[0] / (y1 - y0)
        box = ((left - x0) * x, (top - y0) * y, (right - x0) * x, (bottom - y0) * y)
        box = (box[0], box[1], min(box[2], values.shape[1]), min(box[3], values.shape[0]))
        image = Image.fromarray(np.asarray(values, np.float32))
        shown = image.resize((right - left, bottom - top), Image.Resampling.BILINEAR, box=box)
        out = np.full((height, width), np.nan, np.float32)
        out[top:bottom, left:right] = np.asarray(shown)
        return out

    def spec(self) -> dict:
        """Describe everything that determines the input, for a fingerprint."""
        spec = dataclasses.asdict(self)
        if self.fit != "crop":
            del spec["crop_pct"]
        if self.fit == "native":
            del spec["size"], spec["interpolation"]
        return {key: list(v) if isinstance(v, tuple) else v for key, v in spec.items()}

    def _fit(self, image: Image.Image) -> Image.Image:
        height, width = self.size
        if self.fit == "native":
            return image
        method = INTERPOLATIONS[self.interpolation]
        if self.fit == "stretch":
            return image.resize((width, height), method) if image.size != (width, height) else image
        (resized_h, resized_w), (top, left) = self._placement(image.height, image.width)
        canvas = Image.new(image.mode, (width, height), self._fill(len(image.getbands())))
        # Under "crop" the offset is negative and Pillow drops what is outside.
        canvas.paste(image.resize((resized_w, resized_h), method), (left, top))
        return canvas

    def _fill(self, bands: int) -> int | tuple[int, ...]:
        mean = self.mean or (0.0,)
        if bands == 1:
            return round(255 * sum(mean) / len(mean))
        return tuple(round(255 * value) for value in mean * (bands // len(mean)))

    def _placement(self, height: int, width: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return the size to which a frame is resized, and its (top, left) in the input."""
        if self.fit == "pad":
            ratio = max(height / self.size[0], width / self.size[1])
            resized = max(round(height / ratio), 1), max(round(width / ratio), 1)
        else:
            # timm's transform: torchvision's rule for a square input, its own for another.
            goal = [math.floor(side / self.crop_pct) for side in self.size]
            if goal[0] == goal[1]:
                short = min(height, width)
                resized = int(goal[0] * height / short), int(goal[0] * width / short)
            else:
                ratio = min(height / goal[0], width / goal[1])
                resized = round(height / ratio), round(width / ratio)
        # Rounded as Python rounds: half to even, as torchvision's centre crop does.
        top, left = (-round((r - side) / 2) for r, side in zip(resized, self.size, strict=True))
        return resized, (top, left)
