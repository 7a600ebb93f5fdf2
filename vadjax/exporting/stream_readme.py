"""The README of an exported folder whose code goes with it."""

from collections.abc import Mapping
from typing import Any

from vadjax.exporting.readme import of_rules, of_threshold

_NETWORKS = {"onnx": "onnxruntime", "stablehlo": "jax", "tflite": "ai-edge-litert"}


def stream_readme(about: Mapping[str, Any]) -> str:
    """Return the text.

    Args:
        about: what detector.json holds.

    Returns:
        Markdown.
    """
    network = f" and {_NETWORKS[about['format']]}" if about["files"] else ""
    is_scene = about["detector"] == "scene"
    lines = [
        f"# {about['title'].capitalize()} ({about['detector']}), as {about['format']}",
        "",
        f"    python score.py VIDEO{' [FPS]' if is_scene else ''} > scores.csv",
        "",
        f"A VIDEO is a video file or a folder of images. It needs numpy, OpenCV, Pillow{network}; "
        "PyAV for video files; not vadjax.",
        "",
        "## How a frame gets its score",
        "",
        "`scorer/` has the modules of vadjax that score a frame, as they are there, but for the "
        "imports: they need numpy and OpenCV alone. `score.py` makes the detector's stream of "
        "them; `stream.update(frame)` scores the next frame of a camera or a video, with a map.",
    ]
    if is_scene:
        height, width = about["way"]["frame"]
        lines += [
            "",
            f"Frames have {width} x {height} pixels, as those of the camera that was learnt, "
            f"{about['way']['fps']:g} a second where a video does not say otherwise. Its cues are "
            f"{', '.join(about['way']['cues'])}.",
        ]
    if about["folds"] > 1 and is_scene:
        lines += ["", f"The scores of {about['folds']} detectors are averaged."]
    lines += [
        *of_threshold(about),
        "",
        "## Files",
        "",
        "| file | what it is |",
        "|---|---|",
        *(f"| `{file}` | {_SAYS[name]} |" for name, file in about["files"].items()),
    ]
    if is_scene:
        lines += ["| `state0/` | what was learnt, as arrays and JSON; `state1/` of a second fold |"]
        if "objects" in about["way"] and "objects" not in about["files"]:
            lines += ["| `objects.onnx` | the object detector, as it was given; onnxruntime |"]
    lines += [
        "| `scorer/` | code |",
        "| `score.py`, `streamed.py`, `common.py` | from a video to scores, to build on |",
        "| `detector.json` | all of this for programs |",
    ]
    lines += of_rules(about)
    return "\n".join(lines) + "\n"


_SAYS = {
    "looks": "crops of moving bodies uint8 `[n, h, w, 3]` to embeddings `[n, d]`",
    "objects": "NanoDet: images uint8 `[n, h, w, 3]` to scores by place and class, and boxes",
}
