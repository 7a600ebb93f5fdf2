"""Score a video with this folder.

python score.py VIDEO > scores.csv

Needs numpy, Pillow and onnxruntime; PyAV (av) for video files. A VIDEO may be a folder of images.
"""

import json
import pathlib
import sys

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).parent


def frames_of(path):
    """Yield the pictures of a video file, or of a folder of images in the order of their names."""
    path = pathlib.Path(path)
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if file.suffix.lower() in (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp"):
                yield Image.open(file)
    else:
        import av

        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield Image.fromarray(frame.to_ndarray(format="rgb24"))


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


def scores_of(rows, run, about):
    """Return the score of each frame by one detector.

    Args:
        rows: float32 [n, ...], of all frames.
        run: (name, array) -> what the program of this name gives.
        about: detector.json.

    Returns:
        float32 [n].

    Raises:
        SystemExit: the video is shorter than a window.
    """
    length, dilation = about["window"]["length"], about["window"]["dilation"]
    back = dilation * np.arange(length)[::-1]
    span, count, first = back[0] + 1, len(rows), about["first"]
    total, number = np.zeros(count), np.zeros(count)
    best = np.full(count, -np.inf)

    def note(frames, scores):
        total[frames] += scores
        number[frames] += 1
        best[frames] = np.maximum(best[frames], scores)

    for end in range(span - 1, count):
        scores = run("detector", rows[end - back][None])[0]
        kept = scores[-1:] if about["aggregate"] == "last" else scores
        ends = end - dilation * np.arange(len(kept))[::-1]
        note(ends, kept)
    for frame in range(min(first["repeated"], count)):
        window = rows[np.maximum(frame - back, 0)]
        note(np.array([frame]), run("detector", window[None])[0][-1:])
    if first["inside"]:
        for phase in range(min(dilation, count)):
            own = np.arange(phase, min(span - 1, count), dilation)
            at = np.minimum(phase + dilation * np.arange(length), count - 1)
            scores = run("first", rows[at][None])[0]
            for place, frame in enumerate(own):
                if place >= length - first["inside"]:
                    note(np.array([frame]), scores[[place - length + first["inside"]]])
    scores = best if about["aggregate"] == "max" else total / np.maximum(number, 1)
    known = np.flatnonzero((number > 0) & (np.arange(count) >= first["filled"]))
    if not len(known):
        raise SystemExit(f"the video has {count} frames; a window has {span}")
    nearest = known[np.abs(known[None] - np.arange(count)[:, None]).argmin(1)]
    scores = np.where(np.isin(np.arange(count), known), scores, scores[nearest])
    return scores.astype(np.float32)


def score(path, programs, about):
    """Return the score of each frame, the mean of all detectors.

    Args:
        path: a video file or a folder of images.
        programs: by name, each a function of one array.
        about: detector.json.

    Returns:
        float32 [n].
    """
    row_of = programs["backbone"]
    images = (resized(image, about["preprocess"]) for image in frames_of(path))
    rows = np.stack([row_of(image[None])[0] for image in images])

    def of(fold):
        return scores_of(rows, lambda name, x: programs[f"{name}{fold}"](x), about)

    return np.mean([of(fold) for fold in range(about["folds"])], axis=0)


def load(about):
    """Return the programs by name, each a function of one array."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)

    def program(name, file):
        session = onnxruntime.InferenceSession(HERE / file, providers=["CPUExecutionProvider"])
        argument = about["programs"][name]["input"]["name"]
        return lambda x: session.run(None, {argument: x})[0]

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
