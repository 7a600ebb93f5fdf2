"""Which changed copies of clips the leakage audit finds, and which clips it takes for copies.

    python tools/measure_copies.py --ped2=DIR --avenue=DIR --folder=DIR --false ped2 avenue folder

Copies: frames of training clips of Ped2 are changed in each way of `CHANGES` and in each pair of
two, measured anew, and looked for among `AMONG` of them. False copies: all clips of each set named
behind `--false` are looked for among each other, whole and in halves.
"""

import argparse
import itertools
import pathlib
import sys
import tempfile
from collections.abc import Callable, Mapping

import cv2
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from tools.benchmarks.report import table
from vadjax import api, data
from vadjax.data.frames.content import measure_content
from vadjax.data.leakage.copy_search import find_copies
from vadjax.data.video import Dataset

AMONG = 8  # training clips among which a copy is looked for
Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def cut(share: float) -> Change:
    """Return a change that keeps a part of the frame, at a random place, at the frame's size."""

    def change(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        height, width = frames.shape[1:3]
        top, left = rng.uniform(0, 1 - share, 2)
        rows = slice(round(top * height), round((top + share) * height))
        columns = slice(round(left * width), round((left + share) * width))
        return np.stack([cv2.resize(f, (width, height)) for f in frames[:, rows, columns]])

    return change


def paced(speed: float) -> Change:
    """Return a change that plays at another speed, by frames that are left out or repeated."""
    return lambda frames, rng: frames[np.arange(0, len(frames) - 0.5, speed).astype(int)]


def encoded(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the frames as JPEG of quality 60."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, 60]
    files = (cv2.imencode(".jpg", np.ascontiguousarray(f), quality)[1] for f in frames)
    return np.stack([cv2.imdecode(file, cv2.IMREAD_COLOR) for file in files])


def brighter(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the frames with 1.2 times the contrast and 15 levels more."""
    return np.clip(frames * np.float32(1.2) + 15, 0, 255).astype(np.uint8)


CHANGES: dict[str, Change] = {
    "mirrored": lambda frames, rng: frames[:, :, ::-1],
    "turned": lambda frames, rng: frames[:, ::-1, ::-1],
    "negative": lambda frames, rng: 255 - frames,
    "backwards": lambda frames, rng: frames[::-1],
    "speed 2": paced(2.0),
    "speed 1.4": paced(1.4),
    "speed .5": paced(0.5),
    "cropped to .9": cut(0.9),
    "cropped to .8": cut(0.8),
    "cropped to .7": cut(0.7),
    "JPEG 60": encoded,
    "brighter": brighter,
}


def found(frames: np.ndarray, own: str, known: Mapping[str, np.ndarray]) -> tuple[bool, int]:
    """Look for a changed clip.

    Args:
        frames: of the clip, changed.
        own: id of the clip.
        known: id -> `content.ROW` [t] of all clips.

    Returns:
        Whether it was found, and how many other clips were taken for copies.
    """
    rows = measure_content(np.ascontiguousarray(frames))
    others = {copy.other for copy in find_copies({"copy": rows}, known)}
    return own in others, len(others - {own})


def measured(dataset: Dataset, clips: int) -> str:
    """Return the table of the share of copies found, changes alone on the diagonal."""
    known = dict(list(contents(dataset).items())[:AMONG])
    step = max(1, AMONG // clips)
    chosen = dataset.train[:AMONG:step][:clips]
    counts: dict[tuple[str, str], int] = dict.fromkeys(pairs(), 0)
    wrong = tried = 0
    for number, video in enumerate(chosen):
        frames = np.stack([video.frames[i] for i in range(len(video.frames))])
        for first, second in counts:
            rng = np.random.default_rng(number)
            changed = CHANGES[first](frames, rng)
            if second != first:
                changed = CHANGES[second](changed, rng)
            yes, others = found(changed, video.id, known)
            counts[first, second] += yes
            wrong, tried = wrong + others, tried + len(known) - 1
    names = list(CHANGES)
    rows = [
        [name, *(str(counts.get((name, other), "")) for other in names[: at + 1])]
        for at, name in enumerate(names)
    ]
    rows = [row + [""] * (len(names) + 1 - len(row)) for row in rows]
    title = f"found of {len(chosen)} clips; other clips taken for copies: {wrong} of {tried:,}"
    return "\n".join([title, "", *table([title.split(";")[0], *names], rows)])


def pairs() -> list[tuple[str, str]]:
    """Return each change by itself (twice its name), and each two; the later one comes first."""
    names = list(CHANGES)
    alone = [(name, name) for name in names]
    return alone + [(b, a) for a, b in itertools.combinations(names, 2)]


def contents(dataset: Dataset) -> dict[str, np.ndarray]:
    """Return what each clip shows, by id."""
    return {v.id: np.asarray(v.content) for v in (*dataset.train, *dataset.test)}


def false_copies(known: Mapping[str, np.ndarray]) -> str:
    """Search whole clips and halves among each other, where no clip is a copy."""
    whole = find_copies(known, known)
    halves = {
        f"{name} {part}": rows
        for name, clip in known.items()
        for part, rows in enumerate((clip[: len(clip) // 2], clip[len(clip) // 2 :]))
    }
    among = [c for c in find_copies(halves, halves) if c.video[:-2] != c.other[:-2]]
    count = len(known) * (len(known) - 1)
    said = f"{len(whole)} of {count:,} pairs of clips, {len(among)} of {4 * count:,} of halves"
    return "\n".join([said, *(f"  {copy}" for copy in (*whole, *among))])


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("ped2", "avenue", "folder"):
        parser.add_argument(f"--{name}", help="folder of the data set")
    parser.add_argument("--clips", type=int, default=6, help="that are changed; 0: none")
    parser.add_argument(
        "--false", nargs="*", default=["synthetic"], help="sets to compare clips of"
    )
    args = parser.parse_args()
    folders = {name: getattr(args, name) for name in ("ped2", "avenue", "folder")}
    with tempfile.TemporaryDirectory() as cache:
        sets = {"synthetic": load("synthetic_lstm", cache)}
        for name, folder in folders.items():
            if folder:
                sets[name] = load(f"{name}_scene", cache, dataset__data_dir=folder)
        for name in args.false:
            print(f"false copies, {name}: {false_copies(contents(sets[name]))}", flush=True)
        if args.clips:
            print(measured(sets["ped2"], args.clips), flush=True)


def load(key: str, cache: str, **settings: str) -> Dataset:
    """Return a data set with what its frames show."""
    config = api.load_config(key, **settings)
    return data.load(config.dataset, cache_dir=cache)


if __name__ == "__main__":
    main()
