"""The README of an exported folder."""

from collections.abc import Mapping
from typing import Any

_RUN = {
    "onnx": "numpy, Pillow and onnxruntime; PyAV for video files",
    "stablehlo": "jax, numpy and Pillow; PyAV for video files",
}


def readme(about: Mapping[str, Any]) -> str:
    """Return the text.

    Args:
        about: what detector.json holds.

    Returns:
        Markdown.
    """
    window, first, pre = about["window"], about["first"], about["preprocess"]
    lines = [
        f"# {about['model']['name']} on {about['backbone']['name']}, as {about['format']}",
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
        "2. `backbone` makes a row of it. The mean and deviation of pixels are applied inside.",
        f"3. `detector` scores windows of {window['length']} rows, {window['dilation']} apart. "
        "The standardisation of rows is inside.",
    ]
    if about["aggregate"] == "last":
        lines.append("   The last score of the window that ends at a frame is its own.")
    else:
        lines.append(
            f"   A frame's score is the {about['aggregate']} of what all windows that hold it say."
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
    if about["folds"] > 1:
        lines.append(f"5. The scores of {about['folds']} detectors are averaged.")
    limit = about["threshold"]
    lines += [
        "",
        f"From {limit:.6g} on a frame is abnormal."
        if limit is not None
        else "The run has no threshold.",
        "",
        "## Files",
        "",
        "| file | input | output |",
        "|---|---|---|",
    ]
    for name, file in about["files"].items():
        spec = about["programs"][name]
        cells = (
            f"`{spec[side]['name']}` {spec[side]['dtype']} {spec[side]['shape']}".replace("'", "")
            for side in ("input", "output")
        )
        lines.append(f"| `{file}` | {' | '.join(cells)} |")
    lines += [
        "",
        "`detector.json` has all of this for programs. `score.py` is 100 lines to build on.",
    ]
    if about["rules"]:
        lines += ["", f"The run's rules ({about['rules']}) are not part of the export."]
    if about["format"] == "stablehlo":
        lines += [
            "",
            "A file `.jax_export` is read by `jax.export.deserialize(bytes)`; it is compiled for "
            "cpu, cuda and tpu, and its `mlir_module_serialized` is StableHLO for other tools.",
        ]
    return "\n".join(lines) + "\n"
