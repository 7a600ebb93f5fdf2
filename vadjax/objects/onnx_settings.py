"""What an ONNX file of a detector does not say: how frames become its input, and its classes."""

import ast
import dataclasses
import json
import pathlib
from collections.abc import Mapping
from typing import Any

from vadjax.errors import UserError, unknown
from vadjax.objects.frame_fit import FITS

LAYOUTS = ("rows", "yolo", "yolo_objectness", "boxes_labels_scores")
_CHOICES = {
    "fit": FITS,
    "order": ("rgb", "bgr"),
    "boxes": ("pixels", "unit"),
    "layout": ("", *LAYOUTS),
}


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of an ONNX detector; the defaults are those of the YOLO family.

    They are read from a JSON object in a file of the model's name with the ending .json.

    Attributes:
        fit: How a frame becomes an input, see `frame_fit.fit`.
        pad: Grey level around the frame.
        order: Of the channels, "rgb" or "bgr".
        mean: Subtracted from grey levels, per channel in that order.
        std: Divides what is left; 255 turns grey levels into 0 .. 1.
        size: (height, width) of the input; () is what the file says.
        names: Of the classes; () are those in the file's metadata, else COCO's where the file has
            80 classes.
        boxes: "pixels" of the input, or "unit" for 0 .. 1 over it.
        layout: Of the outputs, one of `LAYOUTS`; "" recognises it by their shapes.
    """

    fit: str = "letterbox"
    pad: int = 114
    order: str = "rgb"
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (255.0, 255.0, 255.0)
    size: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    boxes: str = "pixels"
    layout: str = ""


def read(path: pathlib.Path, metadata: Mapping[str, str]) -> Settings:
    """Read the settings of a model.

    Args:
        path: Of the .onnx file; the .json file beside it is read, where there is one.
        metadata: Of the model; "names" and "imgsz" are used, as YOLO exports write them.

    Returns:
        The settings; the file's own go before the metadata.

    Raises:
        UserError: The file cannot be read, or holds what is no setting.
    """
    values = _from_metadata(metadata)
    file = path.with_suffix(".json")
    if file.is_file():
        try:
            given = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError(f"{file} is no JSON ({error}); correct it or remove it") from None
        if not isinstance(given, dict):
            raise UserError(f"{file} holds {type(given).__name__}, wanted an object of settings")
        values |= {key: _checked(file, key, value) for key, value in given.items()}
    return Settings(**values)


def _checked(file: pathlib.Path, key: str, value: Any) -> Any:
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    if key not in defaults:
        raise unknown(f"setting in {file}:", key, defaults)
    if key in _CHOICES:
        if value not in _CHOICES[key]:
            raise unknown(f"{key} in {file}:", value, [c for c in _CHOICES[key] if c])
        return value

    def number(x: Any) -> bool:
        return isinstance(x, int | float) and not isinstance(x, bool)

    def numbers(count: int) -> bool:
        return isinstance(value, list) and len(value) == count and all(map(number, value))

    wanted, fine = {
        "pad": ("a grey level, 0 .. 255", number(value) and 0 <= value <= 255),
        "mean": ("a list of three numbers", numbers(3)),
        "std": ("a list of three numbers above 0", numbers(3) and min(value) > 0),
        "size": ("[height, width] in pixels", numbers(2) and min(value) >= 1),
        "names": (
            "a list of names",
            isinstance(value, list) and bool(value) and all(isinstance(x, str) for x in value),
        ),
    }[key]
    if not fine:
        raise UserError(f"{key} in {file} is {str(value)[:80]}; wanted {wanted}")
    if key == "size":
        return tuple(int(side) for side in value)
    return tuple(value) if isinstance(value, list) else int(value)


def _from_metadata(metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return what an export says about itself; what is written otherwise is left out."""
    values: dict[str, Any] = {}
    names, size = (_literal(metadata.get(key, "")) for key in ("names", "imgsz"))
    if isinstance(names, dict) and set(names) == set(range(len(names))):
        names = [names[number] for number in range(len(names))]
    if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
        values["names"] = tuple(names)
    if isinstance(size, list) and len(size) == 2 and all(isinstance(x, int) for x in size):
        values["size"] = tuple(size)
    return values


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
