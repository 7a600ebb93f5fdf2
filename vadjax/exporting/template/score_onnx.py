"""Score a video with this folder.

python score.py VIDEO > scores.csv

Needs numpy, Pillow and onnxruntime; PyAV (av) for video files. A VIDEO may be a folder of images.
"""

import itertools
import json
import pathlib
import re
import sys

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).parent


def frames_of(path):
    """Yield the pictures of a video file, or of a folder of images, 2.jpg before 10.jpg."""
    path = pathlib.Path(path)
    if path.is_dir():
        for file in sorted(path.iterdir(), key=_number_key):
            if file.suffix.lower() in (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp"):
                image = Image.open(file)
                if image.mode.startswith(("I", "F")):  # Pillow would cut the values off at 255
                    raise SystemExit(f"{file}: only images of 8 bits can be read here")
                yield image
    else:
        import av

        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield Image.fromarray(frame.to_ndarray(format="rgb24"))


def _number_key(file):
    """Return what sorts 2.jpg before 10.jpg."""
    parts = re.split(r"(\d+)", file.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def resized(image, about):
    """Return a picture as the backbone takes it.

    Args:
        image: of Pillow.
        about: "preprocess" of detector.json.

    Returns:
        uint8 [h, w, 3].
    """
    image = image.convert("RGB")
    height, width = about["size"]
    method = Image.Resampling[about["interpolation"].upper()]
    if about["fit"] == "native":
        return np.asarray(image)
    if about["fit"] == "stretch":
        return np.asarray(image.resize((width, height), method))
    if about["fit"] == "pad":
        ratio = max(image.height / height, image.width / width)
        size = max(round(image.height / ratio), 1), max(round(image.width / ratio), 1)
    else:  # the centre, as the checkpoint was evaluated
        goal = [int(side / about["crop_pct"]) for side in (height, width)]
        if goal[0] == goal[1]:
            short = min(image.height, image.width)
            size = int(goal[0] * image.height / short), int(goal[0] * image.width / short)
        else:
            ratio = min(image.height / goal[0], image.width / goal[1])
            size = round(image.height / ratio), round(image.width / ratio)
    canvas = Image.new("RGB", (width, height), tuple(about["fill"]))
    corner = -round((size[1] - width) / 2), -round((size[0] - height) / 2)
    canvas.paste(image.resize((size[1], size[0]), method), corner)
    return np.asarray(canvas)


def of_windows(rows, run, way):
    """Return the scores of frames by windows of their rows.

    Args:
        rows: a list of float32 [n, ...], of each of the backbone's outputs.
        run: (name, arrays) -> the outputs of the program of this name.
        way: "way" of detector.json.

    Returns:
        float64 [n], and which of them are known, bool [n].
    """
    length, dilation, first = way["length"], way["dilation"], way["first"]
    back = dilation * np.arange(length)[::-1]
    span, count = back[0] + 1, len(rows[0])
    total, number = np.zeros(count), np.zeros(count)
    best = np.full(count, -np.inf)

    def note(frames, scores):
        total[frames] += scores
        number[frames] += 1
        best[frames] = np.maximum(best[frames], scores)

    def scored(name, at):
        return run(name, *[each[at][None] for each in rows])[0][0]

    for end in range(span - 1, count):
        scores = scored("detector", end - back)
        kept = scores[-1:] if way["aggregate"] == "last" else scores
        ends = end - dilation * np.arange(len(kept))[::-1]
        note(ends, kept)
    for frame in range(min(first["repeated"], count)):
        note(np.array([frame]), scored("detector", np.maximum(frame - back, 0))[-1:])
    if first["inside"]:
        for phase in range(min(dilation, count)):
            own = np.arange(phase, min(span - 1, count), dilation)
            scores = scored("first", np.minimum(phase + dilation * np.arange(length), count - 1))
            for place, frame in enumerate(own):
                if place >= length - first["inside"]:
                    note(np.array([frame]), scores[[place - length + first["inside"]]])
    scores = best if way["aggregate"] == "max" else total / np.maximum(number, 1)
    return scores, (number > 0) & (np.arange(count) >= first["filled"])


def of_steps(rows, run, way, shapes):
    """Return the scores of frames by a state that is carried from row to row; see `of_windows`.

    Args:
        rows: see there.
        run: see there.
        way: see there.
        shapes: of the arrays of the state, which begins with zeros.

    Returns:
        See there.
    """
    state, scores = [np.zeros(shape, np.float32) for shape in shapes], []
    for row in rows[0]:
        score, *state = run("detector", row[None], *state)
        scores.append(score[0])
    return np.array(scores), np.arange(len(scores)) >= way["filled"]


def of_means(rows, run, way):
    """Return the scores of frames by means of some rows each; see `of_windows`.

    Args:
        rows: see there.
        run: see there.
        way: see there; so many rows have one score, or so many equal parts.

    Returns:
        See there.
    """
    count = len(rows[0])
    if "parts" in way:
        edges = np.arange(way["parts"] + 1) * count // way["parts"]
    else:
        edges = np.append(np.arange(0, count, way["rows"]), count)
    scores = np.zeros(count)
    for start, stop in itertools.pairwise(edges):
        scores[start:stop] = run("detector", rows[0][start:stop].mean(0, keepdims=True))[0][0]
    return scores, np.ones(count, bool)


def scores_of(rows, run, way, shapes):
    """Return the score of each frame by one detector.

    Args:
        rows: see `of_windows`.
        run: see there.
        way: see there.
        shapes: see `of_steps`.

    Returns:
        float32 [n].

    Raises:
        SystemExit: the video is too short for a score.
    """
    if way["kind"] == "windows":
        scores, known = of_windows(rows, run, way)
    elif way["kind"] == "carried":
        scores, known = of_steps(rows, run, way, shapes)
    else:
        scores, known = of_means(rows, run, way)
    if not known.any():
        raise SystemExit(f"the video has {len(scores)} frames, too few for a score")
    frames = np.arange(len(scores))
    known = np.flatnonzero(known)
    nearest = known[np.abs(known[None] - frames[:, None]).argmin(1)]
    return np.where(np.isin(frames, known), scores, scores[nearest]).astype(np.float32)


def score(path, programs, about):
    """Return the score of each frame, the mean of all detectors.

    Args:
        path: a video file or a folder of images.
        programs: by name, each a function of arrays that gives a list of arrays.
        about: detector.json.

    Returns:
        float32 [n].
    """
    images = (resized(image, about["preprocess"]) for image in frames_of(path))
    found = [programs["backbone"](image[None]) for image in images]
    rows = [np.concatenate(each) for each in zip(*found, strict=True)]

    def of(fold):
        inputs = about["programs"][f"detector{fold}"]["inputs"]

        def run(name, *arrays):
            return programs[f"{name}{fold}"](*arrays)

        return scores_of(rows, run, about["way"], [one["shape"] for one in inputs[1:]])

    return np.mean([of(fold) for fold in range(about["folds"])], axis=0)


def load(about):
    """Return the programs by name, each a function of arrays that gives a list of arrays."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)

    def program(name, file):
        session = onnxruntime.InferenceSession(HERE / file, providers=["CPUExecutionProvider"])
        names = [one["name"] for one in about["programs"][name]["inputs"]]
        return lambda *arrays: session.run(None, dict(zip(names, arrays, strict=True)))

    return {name: program(name, file) for name, file in about["files"].items()}


def main(load=load):
    """Print the score of each frame."""
    about = json.loads((HERE / "detector.json").read_text())
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    print("frame,score,abnormal")
    for frame, value in enumerate(score(sys.argv[1], load(about), about)):
        limit = about["threshold"]
        print(f"{frame},{value:.9g},{'' if limit is None else int(value >= limit)}")


if __name__ == "__main__":
    main()
