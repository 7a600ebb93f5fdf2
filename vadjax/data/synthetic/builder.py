"""The synthetic data set: a rendered walkway with people, and anomalies in the test clips.

Nothing is downloaded: the clips are drawn on first use and kept in the cache. They depend on the
settings and `GENERATOR_VERSION` alone. The generator was written before any model was tried on it
and is frozen: another drawing needs a new version, under which old figures no longer hold.

A frame is abnormal when at least `min_pixels` pixels (12 at 160 x 240) of an abnormal object are
visible, of which there are six kinds: "cyclist", "cart" (driven, or pushed by a person), "runner",
"loiterer" (from stopping to walking on), "wrong_way" (walks on the left), "dropped_object" (a bag
while nobody has it). Two of eight test clips hold two kinds and none, in this order.
"""

import contextlib
import hashlib
import json
import logging
import os
import pathlib
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from vadjax.data.builders.builder import Builder
from vadjax.data.frames.content import measure_content, open_content, save_content
from vadjax.data.frames.on_demand import ArrayFrames
from vadjax.data.labels.masks import Masks
from vadjax.data.synthetic.actors import KINDS
from vadjax.data.synthetic.backdrop import make_backdrop
from vadjax.data.synthetic.camera import Camera
from vadjax.data.synthetic.render import Renderer, min_pixels
from vadjax.data.synthetic.scenario import FPS, HALF_WIDTH, make_scenario
from vadjax.data.video import Dataset, Video
from vadjax.errors import UserError
from vadjax.runtime import leftovers

GENERATOR_VERSION = 1
DEFAULTS = {"num_train": 20, "num_test": 16, "num_frames": 120, "height": 160, "width": 240}
_LEAST = {"num_train": 1, "num_test": 1, "num_frames": 8, "height": 64, "width": 64}
# A clip is held in memory while it is drawn, and the scene at nine times the frame's pixels. What
# is wider does not hold the walkway's far end.
_MOST_CLIP, _MOST_PIXELS, _MOST_WIDE = 2**31, 1920 * 1088, 16
_STREAMS = {"scene": 0, "train": 1, "test": 2, "plan": 3}  # independent random numbers from a seed

_DRAFT = ".drawing-"  # begins the name of a folder that is not complete
_BYTES = 4  # a pixel of a frame and whose it is
_WORKERS = min(4, os.cpu_count() or 1)  # more only wait for the interpreter

log = logging.getLogger(__name__)


class PackedMasks(Masks):
    """Masks with eight pixels a byte in a .npy file [t, h, ceil(w / 8)], memory-mapped."""

    def __init__(self, path: str | os.PathLike, width: int):
        self._bits, self._width = np.load(path, mmap_mode="r", allow_pickle=False), width
        super().__init__(len(self._bits), paths=[path])

    def _read(self, index: int) -> np.ndarray:
        return np.unpackbits(self._bits[index], axis=-1, count=self._width)


def plan_events(num_test: int, rng: np.random.Generator) -> list[list[tuple[str, float]]]:
    """Plan which anomalies each test clip holds, and where in the clip.

    Of eight clips six hold one kind each, one holds two kinds and one is wholly normal. The places
    in [0, 1) are spread evenly, so that neither frame index nor distance from the clip's centre
    predicts them.

    Args:
        num_test: clips.
        rng: shuffles the clips and the places.

    Returns:
        Per clip a list of (kind, place).
    """
    kinds: list[list[str]] = []
    while len(kinds) < num_test:
        singles = [[str(kind)] for kind in rng.permutation(KINDS)]
        pair = [str(kind) for kind in rng.choice(KINDS, 2, replace=False)]
        kinds += [singles[0], [], *singles[1:], pair]
    kinds = [kinds[i] for i in rng.permutation(num_test)]
    total = sum(map(len, kinds))
    places = iter((rng.permutation(total) + rng.random(total)) / max(total, 1))
    return [[(kind, float(next(places))) for kind in clip] for clip in kinds]


class Synthetic(Builder):
    """The synthetic data set: colour clips at 10 frames a second.

    The metadata of a video holds `kinds` (kind -> uint8 [t], 1 in frames that are abnormal because
    of it) and `tracks` (of every visible actor: kind, first frame `start`, and from there for
    each frame the visible box [x, y, width, height], visible pixels, and whether abnormal).

    Args:
        dataset_config: attributes `seed` and, 0 meaning the value in `DEFAULTS`, `num_train` and
            `num_test` (clips), `num_frames` (of the longest clip; the shortest has four fifths),
            `height` and `width` (pixels).
        cache_dir: the clips go to `synthetic/<hash of the settings>/` there.

    Raises:
        UserError: a setting is out of range.
    """

    title = "Synthetic walkway"
    label_versions = ("exact",)
    needs_data_dir = False
    identity_keys = ("seed", *DEFAULTS)

    def __init__(self, dataset_config: Any, cache_dir: pathlib.Path):
        self.settings = _settings(dataset_config)
        text = json.dumps({"version": GENERATOR_VERSION, **self.settings}, sort_keys=True)
        self.key = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.folder = pathlib.Path(cache_dir) / "synthetic" / self.key

    def load(self) -> Dataset:
        """Open the clips, drawing them first if the cache does not hold them.

        Raises:
            UserError: the cache cannot be written.
        """
        leftovers.remove_left(self.folder.parent, _DRAFT)
        if not self.folder.is_dir():
            try:
                _draw_atomically(self.folder, self.settings)
            except OSError as error:
                raise UserError(
                    f"The synthetic clips cannot be written to {self.folder.parent} ({error}); "
                    "make room (0.5 GB at the default size) or set features.cache_dir to a folder "
                    "that can be written."
                ) from error
        index = json.loads((self.folder / "index.json").read_text())
        videos = {
            split: tuple(_open(self.folder, split, clip, self.key) for clip in index[split])
            for split in ("train", "test")
        }
        return Dataset(
            name="synthetic",
            label_version=self.label_versions[0],
            coverage=None,
            train=videos["train"],
            test=videos["test"],
            metadata={
                "root": str(self.folder),
                "generator_version": GENERATOR_VERSION,
                **self.settings,
                "min_pixels": min_pixels(self.settings["height"], self.settings["width"]),
                "kinds": KINDS,
            },
        )


def _settings(config: Any) -> dict[str, int]:
    settings = {"seed": int(config.seed)}
    faults = [f"seed {settings['seed']} (at least 0)"] if settings["seed"] < 0 else []
    for key, default in DEFAULTS.items():
        settings[key] = int(getattr(config, key)) or default
        if settings[key] < _LEAST[key]:
            faults.append(f"{key} {settings[key]} (at least {_LEAST[key]}, or 0 for {default})")
    if not faults:
        faults = _too_large(**settings)
    if faults:
        raise UserError(f"dataset synthetic: out of range: {', '.join(faults)}.")
    return settings


def _too_large(*, num_frames: int, height: int, width: int, **_: int) -> list[str]:
    """Say which settings do not fit into memory, or show no walkway."""
    faults = []
    if height * width > _MOST_PIXELS:
        faults.append(f"{width}x{height} pixels (at most {_MOST_PIXELS})")
    if width > _MOST_WIDE * height:
        faults.append(f"width {width} (at most {_MOST_WIDE} times the height, {height})")
    if (size := num_frames * height * width * _BYTES) > _MOST_CLIP:
        faults.append(
            f"num_frames {num_frames} at {width}x{height} ({size / 1e9:.1f} GB a clip, at most "
            f"{_MOST_CLIP / 1e9:.1f})"
        )
    return faults


def _check_room(folder: pathlib.Path, settings: dict[str, int]) -> None:
    """Refuse what does not fit on the disk, before anything is drawn.

    Raises:
        UserError: the clips need more than is free.
    """
    clips = settings["num_train"] + settings["num_test"]
    pixels = settings["num_frames"] * settings["height"] * settings["width"]
    needed, free = clips * pixels * _BYTES, shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"dataset synthetic: {clips} clips take {needed / 1e9:.1f} GB, but {free / 1e9:.1f} GB "
            f"are free in {folder}; make room, set features.cache_dir to another folder, or lower "
            "num_train, num_test, num_frames, height or width."
        )


def _draw_atomically(folder: pathlib.Path, settings: dict[str, int]) -> None:
    """Draw into a temporary folder, then rename that to `folder`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _check_room(folder.parent, settings)
    num_clips = settings["num_train"] + settings["num_test"]
    log.info("Drawing %d synthetic clips into %s", num_clips, folder)
    started_s = time.monotonic()
    draft = pathlib.Path(
        tempfile.mkdtemp(prefix=f"{_DRAFT}{leftovers.owner()}-", dir=folder.parent)
    )
    try:
        _draw(draft, settings)
        draft.chmod(0o755)
        try:
            draft.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster and drew the same
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    log.info("Drew them in %.1f s", time.monotonic() - started_s)


def _draw(folder: pathlib.Path, settings: dict[str, int]) -> None:
    seed, camera = settings["seed"], Camera(settings["height"], settings["width"])
    rng = np.random.default_rng([seed, _STREAMS["scene"]])
    renderer = Renderer(camera, make_backdrop(camera, rng))
    plan = plan_events(settings["num_test"], np.random.default_rng([seed, _STREAMS["plan"]]))
    events: dict[str, list] = {"train": [[]] * settings["num_train"], "test": plan}

    def draw(split: str, number: int) -> dict:
        rng = np.random.default_rng([seed, _STREAMS[split], number])
        longest = settings["num_frames"]
        num_frames = int(rng.integers(longest - longest // 5, longest + 1))
        span = camera.span(HALF_WIDTH)
        scenario = make_scenario(
            rng, num_frames=num_frames, span=span, events=events[split][number]
        )
        clip = renderer.render(scenario, rng, num_frames=num_frames)
        stem = f"{split}_{number + 1:02d}"
        np.save(folder / f"{stem}.npy", clip.frames)
        np.save(folder / f"{stem}_masks.npy", np.packbits(clip.masks, axis=-1))
        truth = {
            "clip": f"{number + 1:02d}",
            "labels": clip.labels.tolist(),
            "kinds": {kind: frames.tolist() for kind, frames in clip.kinds.items()},
            "tracks": clip.tracks,
        }
        (folder / f"{stem}.json").write_text(json.dumps(truth))
        return truth["clip"]

    clip_bytes = settings["num_frames"] * settings["height"] * settings["width"] * _BYTES
    with ThreadPoolExecutor(max(1, min(_WORKERS, _MOST_CLIP // clip_bytes))) as pool:
        index = {
            split: list(pool.map(draw, [split] * len(events[split]), range(len(events[split]))))
            for split in ("train", "test")
        }
    (folder / "index.json").write_text(json.dumps(index))


def _open(folder: pathlib.Path, split: str, clip: str, name: str) -> Video:
    stem = folder / f"{split}_{clip}"
    truth = json.loads(stem.with_suffix(".json").read_text())
    frames = ArrayFrames(stem.with_suffix(".npy"))
    labels = np.array(truth["labels"], np.uint8)
    return Video(
        id=f"{split}/{clip}",
        split=split,
        frames=frames,
        fps=FPS,
        labels=labels,
        classes=tuple(sorted(truth["kinds"])),
        masks=PackedMasks(f"{stem}_masks.npy", frames.shape[1]),
        fingerprint=f"{name}-{split}-{clip}",
        metadata={
            "kinds": {k: np.array(v, np.uint8) for k, v in truth["kinds"].items()},
            "tracks": truth["tracks"],
        },
        content=_content(pathlib.Path(f"{stem}_content.npy"), frames),
    )


def _content(path: pathlib.Path, frames: ArrayFrames) -> np.ndarray:
    """Return what the frames show, kept beside them from the first time on."""
    rows = open_content(path)
    if rows is None or len(rows) != len(frames):
        rows = measure_content(frames)
        with contextlib.suppress(OSError):  # a cache that cannot be written
            save_content(path, [rows])
    return rows
