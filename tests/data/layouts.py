"""Every layout on disk, drawn small: what the readers' tests read."""

import pathlib
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import cv2
import numpy as np
import scipy.io

HEIGHT, WIDTH = 24, 36
LFS_POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:" + b"0123456789abcdef" * 4 + b"\nsize 86612\n"
)
Intervals = Sequence[Sequence[tuple[int, int]]]  # by clip; from 1, both ends included


def config(name: str, data_dir, masks_dir="", label_version="", **more) -> SimpleNamespace:
    """Return what `vadjax.data.load` reads of a config's section `dataset`."""
    return SimpleNamespace(
        name=name,
        data_dir=str(data_dir),
        masks_dir=str(masks_dir),
        label_version=label_version,
        **more,
    )


def picture(index: int, *, colour: bool = False) -> np.ndarray:
    """Draw a frame that tells its index: its mean grows by two grey levels a frame."""
    rows = np.arange(HEIGHT, dtype=np.uint8)[:, None]
    grey = np.broadcast_to(20 + 2 * index + rows, (HEIGHT, WIDTH)).astype(np.uint8)
    return (
        np.stack([grey, grey // 2, 255 - grey], axis=-1) if colour else np.ascontiguousarray(grey)
    )


def write_images(
    folder: pathlib.Path, num_frames: int, *, suffix: str = ".tif", first: int = 1, digits: int = 3
) -> list[pathlib.Path]:
    """Write grey frames first, first + 1, ... as 001.tif and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{first + i:0{digits}d}{suffix}" for i in range(num_frames)]
    for i, path in enumerate(paths):
        assert cv2.imwrite(str(path), picture(i))
    return paths


def write_video(path: pathlib.Path, num_frames: int, *, fps: float = 25.0) -> pathlib.Path:
    """Write a video of colour frames; .avi is Motion JPEG, .mp4 MPEG-4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    codec = cv2.VideoWriter_fourcc(*("MJPG" if path.suffix == ".avi" else "mp4v"))
    writer = cv2.VideoWriter(str(path), codec, fps, (WIDTH, HEIGHT))
    for i in range(num_frames):
        writer.write(picture(i, colour=True))
    writer.release()
    return path


def write_masks(
    folder: pathlib.Path, labels: np.ndarray, *, prefix: str = "", suffix: str = ".bmp"
) -> None:
    """Write UCSD's masks: 255 in a corner of abnormal frames."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, label in enumerate(labels, 1):
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[:5, :7] = 255 * label
        assert cv2.imwrite(str(folder / f"{prefix}{i:03d}{suffix}"), mask)


def write_vollabel(path: pathlib.Path, labels: np.ndarray) -> None:
    """Write Avenue's masks: a 1 x N cell of 0/1 masks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = np.empty((1, len(labels)), object)
    for i, label in enumerate(labels):
        cells[0, i] = np.zeros((HEIGHT, WIDTH), np.uint8)
        cells[0, i][2:4, 3:9] = label
    scipy.io.savemat(path, {"volLabel": cells}, do_compression=True)


def write_m(path: pathlib.Path, intervals: Intervals) -> None:
    """Write UCSD's label file; the last line lacks its newline."""
    lines = ["TestVideoFile = {};"]
    for ranges in intervals:
        inside = ", ".join(f"{a}:{b}" for a, b in ranges)
        lines.append(f"TestVideoFile{{end+1}}.gt_frame = [{inside}];")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines))


def write_gt(path: pathlib.Path, intervals: Intervals) -> None:
    """Write ano_pred's label file: a 1 x N cell of 2 x n matrices."""
    cells = np.empty((1, len(intervals)), object)
    for i, ranges in enumerate(intervals):
        cells[0, i] = np.array(ranges, np.uint8).reshape(-1, 2).T
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {"gt": cells})


def label(ranges: Sequence[tuple[int, int]], num_frames: int) -> np.ndarray:
    """Return the labels of one clip, frame by frame."""
    return np.array(
        [any(a <= frame <= b for a, b in ranges) for frame in range(1, num_frames + 1)], np.uint8
    )


def strew(root: pathlib.Path) -> None:
    """Leave in every folder what operating systems leave there."""
    for folder in [root, *(p for p in root.rglob("*") if p.is_dir())]:
        (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
        (folder / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
        for path in [p for p in folder.iterdir() if p.is_file() and p.name[0] != "."][:2]:
            (folder / f"._{path.name}").write_bytes(b"\0\5\26\7\0\2\0\0Mac OS X")
            (folder / f"{path.name}~").write_bytes(path.read_bytes()[:10])


def ucsd_official(
    root: pathlib.Path,
    name: str,
    *,
    train: Mapping[int, int],
    test: Mapping[int, int],
    intervals: Intervals,
    masks: Sequence[int] = (),
) -> pathlib.Path:
    """Write `UCSDpedN` of the authors' archive: clips by number, with their lengths."""
    base = root / name
    for number, length in train.items():
        write_images(base / "Train" / f"Train{number:03d}", length)
    for number, length in test.items():
        write_images(base / "Test" / f"Test{number:03d}", length)
    for number in masks:
        labels = label(intervals[number - 1], test[number])
        prefix = "frame" if number % 2 else ""  # as in the archive, some are named so
        write_masks(base / "Test" / f"Test{number:03d}_gt", labels, prefix=prefix)
    write_m(base / "Test" / f"{name}.m", intervals)
    return base


def frames_layout(
    root: pathlib.Path, *, train: Mapping[int, int], test: Mapping[int, int], digits: int = 3
) -> pathlib.Path:
    """Write jpg frames as ano_pred has them, without labels."""
    for side, clips in (("training", train), ("testing", test)):
        for number, length in clips.items():
            folder = root / side / "frames" / f"{number:02d}"
            write_images(folder, length, suffix=".jpg", first=0, digits=digits)
    return root
