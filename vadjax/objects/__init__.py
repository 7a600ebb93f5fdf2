"""Object detectors: a frame in, boxes with the names of what is in them out.

A detector comes from a file that the user names: NanoDet-g, ported to Flax, or any detector in
ONNX. Importing this package imports neither JAX nor onnxruntime.

>>> from vadjax import objects
>>> objects.CLASSES[:3]
('person', 'bicycle', 'car')
"""

import importlib
import pathlib

from vadjax.errors import UserError
from vadjax.objects.coco import CLASSES
from vadjax.objects.detections import Detections, Limits, ObjectDetector

__all__ = ["CLASSES", "Detections", "ObjectDetector", "check", "create"]

_MODULES = {
    ".onnx": "onnx_detector",
    ".safetensors": "nanodet_detector",
    ".json": "nanodet_detector",
}


def check(path: str | pathlib.Path) -> None:
    """Look whether there is a file of a kind that `create` reads, without JAX.

    Raises:
        UserError: There is none.
    """
    path = pathlib.Path(path).expanduser()
    if not path.is_file():
        raise UserError(
            f"weights of an object detector: {path} is no file; docs/objects.md says where to get "
            "them"
        )
    if path.suffix not in _MODULES:
        raise UserError(
            f"{path} is no weights file of an object detector; give .safetensors or .json for "
            "NanoDet-g, or .onnx"
        )


def create(
    path: str | pathlib.Path,
    *,
    least_score: float = 0.3,
    overlap: float = 0.6,
    most: int = 100,
    size: tuple[int, int] | None = None,
    fit: str = "",
    batch: int = 0,
) -> ObjectDetector:
    """Create an object detector from its file.

    Args:
        path: NanoDet-g's weights, either a .safetensors file with conv00.weight to conv33.bias or
            the published graph, nanodet.json with nanodet.bin beside it; or a .onnx file, about
            which a .json file of the same name may say more (`onnx_settings.Settings`).
        least_score: Detections have at least this score, in 0 .. 1.
        overlap: Of two boxes of one class whose intersection over union is above this, the one of
            lower score is removed; 0.6 as published. ONNX files that do so themselves are left.
        most: Detections of a frame at most, the highest scores.
        size: (height, width) of the network's input in pixels; None is the file's own.
        fit: How a frame becomes an input: "stretch" (whole frame, aspect ratio not kept),
            "letterbox" (kept, the frame centred), "corner" (kept, the frame at the top left); ""
            is the file's own.
        batch: Frames that the network sees at once; 0 chooses by the device.

    Returns:
        The detector; its programs are compiled for the first frame.

    Raises:
        UserError: No such file, one that is read by no detector or does not fit, an option out of
            range, or onnxruntime is not installed.
    """
    path = pathlib.Path(path).expanduser()
    _check_options(least_score=least_score, overlap=overlap, most=most, fit=fit, batch=batch)
    check(path)
    limits = Limits(least_score=least_score, overlap=overlap, most=most)
    module = importlib.import_module(f"{__name__}.{_MODULES[path.suffix]}")
    if path.suffix == ".onnx":
        return module.OnnxDetector(path, limits=limits, size=size, fit=fit, batch=batch)
    return module.NanoDetDetector(path, limits=limits, size=size, fit=fit, batch=batch)


def _check_options(*, least_score: float, overlap: float, most: int, fit: str, batch: int) -> None:
    problems = []
    for name, value in (("least_score", least_score), ("overlap", overlap)):
        if not 0 <= value <= 1:
            problems.append(f"{name} is {value}, wanted 0 .. 1")
    if most < 1:
        problems.append(f"most is {most}, wanted 1 or more")
    if batch < 0:
        problems.append(f"batch is {batch}, wanted 1 or more, or 0 to choose by the device")
    fits = importlib.import_module(f"{__name__}.frame_fit").FITS
    if fit and fit not in fits:
        problems.append(f"fit is {fit!r}, wanted one of {', '.join(fits)}, or ''")
    if problems:
        raise UserError("options of an object detector: " + "; ".join(problems))
