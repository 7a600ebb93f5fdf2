"""Outputs of ONNX detectors into candidates: the layouts that are understood.

- rows: [b, n, 6] for b images, or [n, 6] for one: x0, y0, x1, y1, score, class; suppressed already.
- yolo: [b, 4 + c, n] or [b, n, 4 + c]: centre x and y, width, height, c class scores.
- yolo_objectness: [b, n, 5 + c] or [b, 5 + c, n]: the same, an objectness before the classes.
- boxes_labels_scores: [b, n, 4], integers [b, n], [b, n], or without b for one image; as rows.

Scores are probabilities and boxes are decoded, in the input's pixels or (setting "boxes": "unit")
in 0 .. 1 over it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.errors import UserError
from vadjax.objects import coco
from vadjax.objects.detections import Candidates
from vadjax.objects.onnx_settings import Settings

_COLUMNS = 6


def recognise(outputs: Mapping[str, np.ndarray], settings: Settings, *, model: str) -> str:
    """Tell the layout of a model's outputs by their number, shapes and types.

    Args:
        outputs: {name: array} of a run.
        settings: Names of classes decide between layouts of equal shape; `layout` overrules.
        model: Its file, for the error.

    Returns:
        One of `onnx_settings.LAYOUTS`.

    Raises:
        UserError: None of them fits, or more than one does.
    """
    shapes = [array.shape for array in outputs.values()]
    possible = [layout for layout, fits in _FITS.items() if fits(outputs, settings)]
    if settings.layout:
        if settings.layout not in possible:
            raise _refusal(outputs, model, f"which are not of layout {settings.layout!r}")
        return settings.layout
    if len(possible) > 1:
        raise UserError(
            f"outputs {_described(outputs)} of {model} may be of layout {' or '.join(possible)}; "
            'write which into the .json file beside the model, as {"layout": "'
            f'{possible[0]}"}}'
        )
    if not possible:
        known = f"of {len(settings.names)} classes" if settings.names else "of COCO's 80 classes"
        what = f"in which no layout {known} is recognised" if len(shapes) == 1 else "of no layout"
        raise _refusal(outputs, model, what)
    return possible[0]


def names_of(layout: str, settings: Settings) -> tuple[str, ...]:
    """Return the names of the classes; () where nothing says them.

    Args:
        layout: Of the outputs.
        settings: Of the model.

    Returns:
        The settings' names, else COCO's for layouts whose width shows 80 classes.
    """
    if settings.names or not layout.startswith("yolo"):
        return settings.names
    return coco.CLASSES


def candidates(
    outputs: Sequence[np.ndarray], layout: str, *, num_classes: int, model: str
) -> list[Candidates]:
    """Read the outputs of a run.

    Args:
        outputs: Arrays in the model's order.
        layout: One of `onnx_settings.LAYOUTS`.
        num_classes: Of the yolo layouts.
        model: Its file, for the error.

    Returns:
        Of each image, boxes in the input's own units (see the module).

    Raises:
        UserError: Scores are no probabilities.
    """
    if layout == "boxes_labels_scores":
        boxes, classes, scores = _parts(outputs)
        if boxes.ndim == 2:
            boxes, classes, scores = boxes[None], classes[None], scores[None]
        found = [
            Candidates(*one, suppressed=True) for one in zip(boxes, scores, classes, strict=True)
        ]
    elif layout == "rows":
        rows = outputs[0] if outputs[0].ndim == 3 else outputs[0][None]
        found = [
            Candidates(one[:, :4], one[:, 4], one[:, 5].astype(np.int64), suppressed=True)
            for one in rows
        ]
    else:
        found = [_yolo(one, num_classes, layout) for one in outputs[0]]
    for one in found:
        scores = one.scores
        if scores.size and not (scores.min() > -1e-3 and scores.max() < 1 + 1e-3):
            raise UserError(
                f"scores of {model} reach from {scores.min():.3g} to {scores.max():.3g}, which are "
                "no probabilities; export the model with its sigmoid and with decoded boxes"
            )
    return found


def _yolo(table: np.ndarray, num_classes: int, layout: str) -> Candidates:
    width = num_classes + (5 if layout == "yolo_objectness" else 4)
    if table.shape[0] == width:  # channels first
        table = table.T
    centre, half = table[:, :2], table[:, 2:4] / 2
    scores = table[:, -num_classes:]  # [n, c]
    if layout == "yolo_objectness":
        scores = scores * table[:, 4:5]
    best = scores.argmax(1)
    return Candidates(
        np.concatenate([centre - half, centre + half], 1),
        np.take_along_axis(scores, best[:, None], 1)[:, 0],
        best,
    )


def _fits_rows(outputs: Mapping[str, np.ndarray], settings: Settings) -> bool:
    shapes = [array.shape for array in outputs.values()]
    return len(shapes) == 1 and len(shapes[0]) in (2, 3) and shapes[0][-1] == _COLUMNS


def _fits_yolo(before: int):
    def fits(outputs: Mapping[str, np.ndarray], settings: Settings) -> bool:
        shapes = [array.shape for array in outputs.values()]
        width = before + (len(settings.names) or len(coco.CLASSES))
        return len(shapes) == 1 and len(shapes[0]) == 3 and width in shapes[0][1:]

    return fits


def _fits_parts(outputs: Mapping[str, np.ndarray], settings: Settings) -> bool:
    arrays = list(outputs.values())
    if len(arrays) != 3:
        return False
    try:
        boxes, classes, scores = _parts(arrays)
    except ValueError:
        return False
    return boxes.ndim in (2, 3) and boxes.shape[:-1] == classes.shape == scores.shape


def _parts(arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sort three outputs into boxes, classes and scores.

    Raises:
        ValueError: One of them is missing.
    """
    (classes,) = (array for array in arrays if array.dtype.kind in "iu")
    (boxes,) = (a for a in arrays if a.ndim == classes.ndim + 1 and a.shape[-1] == 4)
    (scores,) = (a for a in arrays if a.ndim == classes.ndim and a.dtype.kind == "f")
    return boxes, classes, scores


_FITS = {
    "rows": _fits_rows,
    "yolo": _fits_yolo(4),
    "yolo_objectness": _fits_yolo(5),
    "boxes_labels_scores": _fits_parts,
}


def _described(outputs: Mapping[str, np.ndarray]) -> str:
    return ", ".join(f"{name} {a.dtype} {list(a.shape)}" for name, a in outputs.items())


def _refusal(outputs: Mapping[str, np.ndarray], model: str, what: str) -> UserError:
    return UserError(
        f"{model} has outputs {_described(outputs)}, {what}. Understood are: one output [b, n, 6] "
        "(x0, y0, x1, y1, score, class); [b, 4 + classes, n] or [b, 5 + classes, n], either way "
        "round (YOLO; the number of classes is that of the names in the model's metadata or in "
        'the .json file beside it, {"names": [...]}, else 80); three outputs boxes [b, n, 4], '
        "integer labels [b, n], scores [b, n]"
    )
