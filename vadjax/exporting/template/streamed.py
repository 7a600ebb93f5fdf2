"""Score a video frame by frame, by a stream that score.py makes."""

import csv
import importlib
import json
import pathlib
import sys

import numpy as np
from common import HERE, frames_of

FORMAT = json.loads((HERE / "detector.json").read_text())["format"]
networks = importlib.import_module("common" if FORMAT == "onnx" else "loading")


def pictures_of(path):
    """Yield the frames of a video: uint8 [h, w, 3] RGB, or [h, w] of grey images."""
    for image in frames_of(path):
        if image.mode in ("1", "L"):
            yield np.asarray(image.convert("L"))
        else:
            yield np.asarray(image.convert("RGB"))


def rate_of(path):
    """Return the frames a second that a video file says, else None."""
    if pathlib.Path(path).is_dir():
        return None
    import av

    with av.open(str(path)) as container:
        rate = container.streams.video[0].average_rate
    return float(rate) if rate else None


def followed(path, stream):
    """Yield the score of each frame as it is known; the first has the second's.

    Args:
        path: a video file or a folder of images.
        stream: new.

    Yields:
        float32.
    """
    waiting = 0
    for frame in pictures_of(path):
        [found] = stream.update(frame)
        if found.score is None:
            waiting += 1
            continue
        for _ in range(waiting + 1):
            yield np.float32(found.score)
        waiting = 0
    for _ in range(waiting):  # a single frame, of which nothing is known
        yield np.float32(0)


def scored(stream_of, path, programs, about):
    """Return the score of each frame.

    Args:
        stream_of: (programs, detector.json, frames a second) -> stream.
        path: a video file or a folder of images.
        programs: see `load`.
        about: detector.json.

    Returns:
        float32 [n].
    """
    return np.array(list(followed(path, stream_of(programs, about, rate_of(path)))), np.float32)


def load(about):
    """Return the programs by name, each a function of arrays that gives a list of arrays."""
    return networks.load(about) if about["files"] else {}


def _said(values):
    """Yield values; what a frame cannot be scored for ends the program with one line."""
    errors = importlib.import_module("scorer.errors")
    try:
        yield from values
    except errors.UserError as error:
        raise SystemExit(str(error)) from None


def main(stream_of, usage):
    """Print the score of each frame; of an abnormal one also which cue it is, and a sentence.

    Args:
        stream_of: (programs, detector.json, frames a second) -> stream.
        usage: what is said to wrong arguments.

    Returns:
        Nothing.

    Raises:
        SystemExit: to wrong arguments.
    """
    if len(sys.argv) not in (2, 3):
        raise SystemExit(usage)
    about, path = json.loads((HERE / "detector.json").read_text()), sys.argv[1]
    fps = rate_of(path) or (float(sys.argv[2]) if len(sys.argv) == 3 else None)
    stream, table, said = stream_of(load(about), about, fps), csv.writer(sys.stdout), ""
    table.writerow(["frame", "score", "abnormal", "cue", "text"])
    for frame, value in enumerate(_said(followed(path, stream))):
        limit = about["threshold"]
        abnormal = "" if limit is None else int(value >= limit)
        found = stream.finding() if abnormal else None
        seen = [found.cue, found.text] if found is not None else ["", ""]
        table.writerow([frame, f"{value:.9g}", abnormal, *seen])
        if (changed := stream.changed()) and not said:
            print(f"frame {frame}: {changed}", file=sys.stderr)
        said = changed
