"""The jobs that are killed: the main command on two data sets, a sweep, and detect."""

import dataclasses
import pathlib
import sys

import cv2
import numpy as np

STAGES = ("extract", "train", "score", "evaluate", "explain", "report")

# Seconds a run: random weights, frames of 32 pixels, two epochs with a checkpoint after each.
_CONFIG = '''\
"""Written by tools/kill.py."""

from vadjax.config import default_config, with_argument


def get_config(arg=""):
    config = default_config()
    d, f, t = config.dataset, config.features, config.train
    d.name, d.data_dir = {name!r}, {data_dir!r}
    if d.name == "synthetic":
        d.num_train, d.num_test, d.num_frames, d.height, d.width = 3, 1, 24, 64, 64
    f.backbone, f.weights, f.height, f.width = {backbone}
    config.window.length, config.model.units = 4, (4,)
    t.epochs, t.patience, t.batch_size, t.checkpoint_every = 2, 0, 16, 1
    config.evaluate.num_bootstrap, config.evaluate.cross_fit = 20, 2
    config.explain.deletion_images, config.explain.num_pictures = 48, 1
    return with_argument(config, arg)


def sweep(add):
    for seed in range(3):
        add(seed=seed)
    add(**{{"model.units": (6,)}})
'''


# The second has no maps, and so nothing to explain, and takes half the time.
_BACKBONES = {
    "synthetic": ("mobilenetv2_100", "random", 32, 32),
    "folder": ("pixels_rgb", "", 1, 1),
}


@dataclasses.dataclass(frozen=True)
class Job:
    """One command that is killed and started again.

    Attributes:
        name: for the table.
        command: after `python -u -m`; CACHE and OUT stand for the two folders.
        stages: marks of the stages that its output has; () where it has none.
    """

    name: str
    command: tuple[str, ...]
    stages: tuple[str, ...] = ()

    def argv(self, *, cache: pathlib.Path, out: pathlib.Path) -> list[str]:
        """Return the command line.

        Args:
            cache: folder of features.
            out: folder of the results.

        Returns:
            Arguments of a process.
        """
        places = {"CACHE": str(cache), "OUT": str(out)}
        filled = []
        for text in self.command:
            for word, place in places.items():
                text = text.replace(word, place)
            filled.append(text)
        return [sys.executable, "-u", "-m", *filled]


def make_jobs(folder: pathlib.Path) -> list[Job]:
    """Write the configs and the videos of the jobs; return the jobs, detect as the last one.

    Args:
        folder: an empty folder.

    Returns:
        The jobs. That of detect reads the run in `folder`/"undisturbed/synthetic".
    """
    write_videos(folder / "videos")
    configs = {"synthetic": "", "folder": str(folder / "videos")}
    for name, data_dir in configs.items():
        text = _CONFIG.format(name=name, data_dir=data_dir, backbone=_BACKBONES[name])
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    cache = "--config.features.cache_dir=CACHE"
    runs = [
        Job(
            name,
            ("vadjax.main", f"--config={folder / name}.py", "--workdir=OUT", cache),
            STAGES,
        )
        for name in configs
    ]
    config = f"--config={folder / 'folder'}.py"
    sweep = Job("sweep", ("vadjax.sweep", config, "--workdir=OUT", cache))
    run, videos = folder / "undisturbed" / "synthetic", folder / "videos" / "test"
    detect = Job("detect", ("vadjax.detect", f"--workdir={run}", "--out=OUT", str(videos)))
    return [*runs, sweep, detect]


def write_videos(folder: pathlib.Path) -> None:
    """Write folders of images: three for training, one to test, 24 frames of a moving square."""
    rng = np.random.default_rng(0)
    for clip in ("train/a", "train/b", "train/c", "test/d"):
        place = folder / clip
        place.mkdir(parents=True)
        background = rng.integers(0, 100, (48, 64, 3)).astype(np.uint8)
        for n in range(24):
            frame = background.copy()
            frame[10:20, n : n + 10] = 255
            if not cv2.imwrite(str(place / f"{n:03d}.png"), frame):
                raise OSError(f"{place} cannot be written")
