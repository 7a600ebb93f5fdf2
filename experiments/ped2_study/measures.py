"""Stage 1: write the measures of all clips and pseudo-anomalies into a folder; reads no labels."""

import pathlib

import cv2
import numpy as np
from detector import Looks, folds, measure
from pseudo import KINDS, find_walkers, insert

from vadjax import data
from vadjax.config import default_config
from vadjax.features import regions

EVERY = 10  # frames between two that make the background


def backgrounds(clips: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return a background for each training clip, of the other folds' clips, and "all"."""
    found = {"all": _background(clips.values())}
    for held in folds(list(clips)):
        others = [frames for name, frames in clips.items() if name not in held]
        found.update(dict.fromkeys(held, _background(others)))
    return found


def _background(clips) -> np.ndarray:
    return regions.median_background([f for frames in clips for f in frames[::EVERY]])


def make_train(dataset, folder: pathlib.Path, cache_dir, *, pseudo: bool = True) -> None:
    """Measure training clips, and pseudo-anomalies where `pseudo` says so."""
    clips = {v.id: np.stack(list(v.frames)) for v in dataset.train}
    found, looks = backgrounds(clips), Looks(cache_dir)
    np.savez(folder / "backgrounds.npz", **{k.replace("/", "_"): v for k, v in found.items()})
    for name, frames in clips.items():
        keep(folder / "train" / f"{pathlib.Path(name).name}.npz", frames, found[name], looks)
    if not pseudo:
        return
    walkers, extra = find_walkers(clips, found["all"]), {**pictures(cache_dir)}
    rng = np.random.default_rng(0)
    for i, (name, frames) in enumerate(clips.items()):
        for j in range(2):
            kind = KINDS[(2 * i + j + i // 2) % len(KINDS)]
            while True:
                others = [w for w in walkers if w.clip != name]
                walker = others[rng.integers(len(others))]
                made, labels, masks = insert(frames, kind, walker, rng, **extra)
                if labels.sum() >= 20:
                    break
            path = folder / "pseudo" / f"{pathlib.Path(name).name}-{kind}.npz"
            keep(path, made, found[name], looks, labels=labels, masks=np.packbits(masks, -1))


def make_test(dataset, folder: pathlib.Path, cache_dir) -> None:
    """Measure test clips; their labels are not read."""
    with np.load(folder / "backgrounds.npz") as file:
        background = file["all"]
    looks = Looks(cache_dir)
    for video in dataset.test:
        path = folder / "test" / f"{pathlib.Path(video.id).name}.npz"
        keep(path, video.frames, background, looks)


def keep(path, frames, background, looks, **more) -> None:
    """Measure a clip unless its file is there."""
    if path.is_file():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part.npz")
    np.savez(beside, **measure(frames, background, looks), **more)
    beside.rename(path)
    print(path, len(frames), flush=True)


def pictures(cache_dir) -> dict:
    """Return photographs of scikit-image and scikit-learn, vehicles of the synthetic walkway."""
    from sklearn.datasets import load_sample_images

    photos = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in load_sample_images().images]
    vehicles = []
    for seed in (1, 2):
        config = default_config()
        config.dataset.seed = seed
        for video in data.load(config.dataset, cache_dir=cache_dir).test:
            for track in video.metadata["tracks"]:
                if track["kind"] in ("cyclist", "cart"):
                    vehicles += _cut(video, track)
    return {"photos": [cv2.resize(p, (320, 240)) for p in photos], "vehicles": vehicles}


def _cut(video, track) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cut a vehicle out of every tenth frame in which it is whole."""
    found = []
    height, width = video.frames.shape
    boxes = np.array(track["boxes"] if "boxes" in track else track["box"])
    for i in range(0, len(boxes), 10):
        x, y, w, h = boxes[i].tolist()
        if w < 12 or h < 14 or min(x, y) <= 1 or x + w >= width - 2 or y + h >= height - 2:
            continue
        cut, t = np.s_[y : y + h, x : x + w], track["start"] + i
        mask = video.masks[t][cut]
        if mask.mean() >= 0.25:
            found.append((cv2.cvtColor(video.frames[t], cv2.COLOR_RGB2GRAY)[cut], mask))
    return found


def load(folder: pathlib.Path) -> dict[str, dict[str, np.ndarray]]:
    """Return clip -> measures of one folder."""
    return {p.stem: dict(np.load(p)) for p in sorted(folder.glob("*.npz"))}
