"""The README of an exported folder."""

from collections.abc import Mapping
from typing import Any

_RUN = {
    "onnx": "numpy, Pillow and onnxruntime; PyAV for video files",
    "stablehlo": "jax, numpy and Pillow; PyAV for video files",
    "tflite": "numpy, Pillow and ai-edge-litert; PyAV for video files",
}


def readme(about: Mapping[str, Any]) -> str:
    """Return the text.

    Args:
        about: what detector.json holds.

    Returns:
        Markdown.
    """
    pre = about["preprocess"]
    lines = [
        f"# {about['title']} on {about['backbone']['name']}, as {about['format']}",
        "",
        "    python score.py VIDEO > scores.csv",
        "",
        f"A VIDEO is a video file or a folder of images. It needs {_RUN[about['format']]}; "
        "not vadjax.",
        "",
        "## How a frame gets its score",
        "",
        f"1. It is resized to {pre['size'][0]} x {pre['size'][1]} pixels (height x width; "
        f"fit {pre['fit']}, {pre['interpolation']} with antialiasing, as Pillow does it), "
        "RGB, uint8. A grey frame is repeated three times.",
        "2. `backbone` makes a row of it, or one of each stage. The mean and deviation of pixels "
        "are applied inside.",
        *_WAYS[about["way"]["kind"]](about["way"]),
    ]
    if about["folds"] > 1:
        lines.append(f"5. The scores of {about['folds']} detectors are averaged.")
    lines += [
        *of_threshold(about),
        "",
        "## Files",
        "",
        "| file | input | output |",
        "|---|---|---|",
    ]
    for name, file in about["files"].items():
        spec = about["programs"][name]
        cells = (", ".join(map(_named, spec[side])) for side in ("inputs", "outputs"))
        lines.append(f"| `{file}` | {' | '.join(cells)} |")
    lines += [
        "",
        "`detector.json` has all of this for programs. `score.py` is 150 lines to build on.",
    ]
    lines += of_rules(about)
    if about["format"] == "stablehlo":
        lines += [
            "",
            "A file `.jax_export` is read by `jax.export.deserialize(bytes)`; it is compiled for "
            "cpu, cuda and tpu, and its `mlir_module_serialized` is StableHLO for other tools.",
        ]
    return "\n".join(lines) + "\n"


def of_threshold(about: Mapping[str, Any]) -> list[str]:
    """Return the lines on the threshold, of what detector.json holds."""
    limit = about["threshold"]
    if limit is None:
        return ["", "The run has no threshold."]
    return ["", f"From {limit:.6g} on a frame is abnormal."]


def of_rules(about: Mapping[str, Any]) -> list[str]:
    """Return the lines on the run's rules, of what detector.json holds; none where it has none."""
    rules = about["rules"]
    return ["", f"The run's rules ({rules}) are not part of the export."] if rules else []


def _named(array: Mapping[str, Any]) -> str:
    return f"`{array['name']}` {array['dtype']} {array['shape']}".replace("'", "")


def _of_windows(way: Mapping[str, Any]) -> list[str]:
    first, lines = way["first"], []
    many = f"windows of {way['length']} rows, {way['dilation']} apart"
    lines.append(
        f"3. `detector` scores {many if way['length'] > 1 else 'the row'}. The standardisation of "
        "rows is inside."
    )
    if way["aggregate"] == "last":
        lines.append("   The last score of the window that ends at a frame is its own.")
    else:
        lines.append(
            f"   A frame's score is the {way['aggregate']} of what all windows that hold it say."
        )
    if first["inside"]:
        lines.append(
            "4. Frames before the end of the first window are scored by `first`, which gives the "
            f"scores of the last {first['inside']} rows of a window by the rows before each."
        )
    elif first["repeated"]:
        lines.append("4. Before frame 0, frame 0 is repeated.")
    if first["filled"]:
        lines.append(f"   The first {first['filled']} frames carry the next one's score.")
    return lines


def _of_steps(way: Mapping[str, Any]) -> list[str]:
    lines = [
        "3. `detector` takes the row and the state after the row before, zeros at first, and gives "
        "the score of the row and the state after it. The standardisation of rows is inside.",
        f"4. In the first {way['warm_up']} frames scores show where the video begins.",
    ]
    if way["filled"]:
        lines.append(f"   The first {way['filled']} frames carry the next one's score.")
    return lines


def _of_means(way: Mapping[str, Any]) -> list[str]:
    what = f"{way['parts']} equal parts" if "parts" in way else f"{way['rows']} rows each"
    return [
        f"3. `detector` scores the mean of the rows of {what}, the standardisation inside; all of "
        "these rows have its score."
    ]


_WAYS = {"windows": _of_windows, "carried": _of_steps, "means": _of_means}
