"""The readers of vadjax, each with files to begin from: name -> (file's name, files, function)."""

import pathlib
import types
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tools.fuzzing import corpus
from vadjax import config as configs
from vadjax.backbones import torch_pickle, weights
from vadjax.comparison.load_run import read_run
from vadjax.comparison.published import read_published
from vadjax.data.decoding import pipe
from vadjax.data.indexing import open_clips
from vadjax.data.labels import (
    box_rows,
    cvat_xml,
    frame_labels,
    interval_rows,
    label_studio,
    masks,
    name_lists,
    object_masks,
    track_rows,
)
from vadjax.data.labels.labels_csv import read_csv
from vadjax.errors import UserError
from vadjax.evaluation import schema
from vadjax.storage import artifacts, checkpoints, state, workdir

CLIPS = {"test/a": (20, 10.0), "test/b": (30, 25.0)}


class Reader(NamedTuple):
    """How a damaged file is read."""

    name: str  # of the file, in a folder of its own
    seeds: Callable[[], list[bytes]]
    read: Callable[[pathlib.Path], object]
    beside: Mapping[str, Callable[[], list[bytes]]] = types.MappingProxyType({})


def _images(path: pathlib.Path) -> None:
    for video in open_clips.open_videos(path.parent):
        for _ in video.frames:
            pass


def _video(path: pathlib.Path) -> None:
    frames = open_clips.open_video(path).frames
    for number, _ in enumerate(frames):
        if number > 50:
            break


def _pipe(path: pathlib.Path) -> None:
    with path.open("rb") as file:
        for number, _ in enumerate(pipe.PipeSource(file, path.name)):
            if number > 50:
                break


def _metrics(path: pathlib.Path) -> None:
    metrics = schema.upgrade(artifacts.read_json(path.parent, path.name))
    if faults := schema.faults_of_saved(metrics):
        raise UserError("; ".join(faults))


def _claim(path: pathlib.Path) -> None:
    workdir.read_frame_sizes(path.parent)
    before = path.read_bytes()
    videos = {"train/a": "0" * 16, "test/b": "1" * 16}
    workdir.claim(path.parent, config={}, identity={}, data_dir="", videos=videos)
    path.write_bytes(before)


def _opened(path: pathlib.Path) -> None:
    identity = configs.identity(configs.default_config())
    with workdir.opened(path.parent, identity=identity, upgrade=configs.upgrade):
        pass


def _assigned(path: pathlib.Path) -> None:
    text = path.read_bytes().decode("utf-8", errors="replace")
    configs.validate(configs.with_argument(configs.default_config(), text))


ASSIGNED = [b"train.epochs=3,seed=1", b"model.units=(8, 4),train.learning_rate=1e-3"]

READERS = {
    "labels .m": Reader("a.m", corpus.m_files, frame_labels.read_ucsd_m),
    "labels gt .mat": Reader(
        "a.mat", lambda: corpus.mat_files("gt"), lambda path: frame_labels.read_gt_cells(path, 12)
    ),
    "masks volLabel .mat": Reader(
        "1.mat", lambda: corpus.mat_files("volLabel"), masks.read_vollabel
    ),
    "labels .npy": Reader("a.npy", corpus.npy_files, frame_labels.read_vector),
    "labels.csv": Reader("labels.csv", corpus.csv_files, lambda path: read_csv(path, CLIPS)),
    "labels of CVAT": Reader("a.xml", corpus.cvat_files, cvat_xml.read_cvat),
    "labels of Label Studio": Reader(
        "a.json", corpus.label_studio_files, label_studio.read_label_studio
    ),
    "rows of events": Reader(
        "a.txt",
        lambda: [b"Abuse028_x264.mp4  Abuse  165  240  -1  -1\nb_x264.mp4 Normal -1 -1 -1 -1\n"],
        interval_rows.read_ucf_rows,
    ),
    "rows of pairs": Reader(
        "a.txt", lambda: [b"a.mp4 3 9 20 30\nb.mp4 1 2\n"], interval_rows.read_pair_rows
    ),
    "rows of boxes": Reader(
        "a.txt",
        lambda: [b'0 1 2 30 40 1 0 0 0 "Person"\n0 1 2 30 40 2 0 1 1 "Person"\n'],
        lambda path: box_rows.read_vatic(path, 12),
    ),
    "rows of tracks": Reader(
        "a.txt",
        lambda: [b"0001.jpg 1 10 20 30.5 40\n0002.jpg 1 11 20 30.5 40\n"],
        lambda path: track_rows.read_track_rows(path, 12),
    ),
    "rows of objects": Reader("a.txt", lambda: [b"1,0,9\n2.0,3.0,7.0\n"], object_masks.read_tracks),
    "list of clips": Reader(
        "a.txt",
        lambda: [b"train/a.mp4 0\nb.avi,1\r\n"],
        lambda path: name_lists.read_lines(path, form="a.mp4 0"),
    ),
    "weights .pth": Reader("a.pth", corpus.pth_files, torch_pickle.read),
    "weights .safetensors": Reader("a.safetensors", corpus.safetensors_files, weights.read),
    "workbook": Reader("UCSD Ped2.xlsx", corpus.workbooks, read_published),
    "config.json, detect": Reader(
        "config.json",
        corpus.configs_of_runs,
        lambda path: configs.of_saved(workdir.read_config(path.parent)),
    ),
    "config.json, main": Reader("config.json", corpus.configs_of_runs, _opened),
    "config.json, compare": Reader(
        "config.json",
        corpus.configs_of_runs,
        lambda path: read_run(path.parent),
        {"metrics.json": corpus.metrics_files},
    ),
    "metrics.json, compare": Reader(
        "metrics.json",
        corpus.metrics_files,
        lambda path: read_run(path.parent),
        {"config.json": corpus.configs_of_runs},
    ),
    "metrics.json": Reader("metrics.json", corpus.metrics_files, _metrics),
    "data.json": Reader("data.json", corpus.data_files, _claim),
    "leakage.json": Reader(
        "leakage.json",
        lambda: corpus.json_files(exact=0.0, statistic=["a"], verdict="clean"),
        lambda path: artifacts.read_json(path.parent, path.name),
    ),
    "timing.json": Reader(
        "timing.json",
        lambda: corpus.json_files(extract_s=1.5, train_s=2),
        lambda path: artifacts.add_timing(path.parent, train_s=1.0),
    ),
    "log.jsonl": Reader("log.jsonl", corpus.logs, lambda path: artifacts.read_history(path.parent)),
    "scores.npz": Reader(
        "scores.npz", corpus.scores_files, lambda path: artifacts.read_scores(path.parent)
    ),
    "maps.npz": Reader(
        "explain/maps.npz",
        corpus.maps_files,
        lambda path: artifacts.read_maps(path.parents[1]),
        {"explain/maps.json": lambda: corpus.json_files(what="error", unit=1.0)},
    ),
    "gallery.json": Reader(
        "explain/gallery.json",
        lambda: corpus.json_files(
            pictures={"test/a": [{"file": "explain/gallery.json"}]}, films={}
        ),
        lambda path: artifacts.read_gallery(path.parents[1]),
    ),
    "state.npz": Reader(
        "state.npz",
        lambda: corpus.states("state.npz"),
        lambda path: state.load_state(path.parent),
        {"state.json": lambda: corpus.states("state.json")},
    ),
    "state.json": Reader(
        "state.json",
        lambda: corpus.states("state.json"),
        lambda path: state.load_state(path.parent),
        {"state.npz": lambda: corpus.states("state.npz")},
    ),
    "variables.npz": Reader("variables.npz", corpus.variables, checkpoints.load_npz),
    "config argument": Reader("a.txt", lambda: ASSIGNED, _assigned),
    **{
        f"image {suffix}": Reader(
            f"clip/1{suffix}", lambda suffix=suffix: corpus.images(suffix), _images
        )
        for suffix in (".png", ".jpg", ".tif", ".bmp", ".webp")
    },
    **{
        f"video {suffix} {codec}": Reader(
            f"a{suffix}", lambda s=suffix, c=codec: corpus.videos(s, c), _video
        )
        for suffix, codec in (
            (".avi", "mjpeg"),
            (".mp4", "mpeg4"),
            (".mkv", "mpeg4"),
            (".mp4", "libx264"),
            (".ts", "libx264"),
            (".webm", "libvpx"),
            (".webm", "libvpx-vp9"),
            (".wmv", "wmv2"),
            (".mpg", "mpeg2video"),
        )
    },
    "pipe": Reader("a.y4m", corpus.pipes, _pipe),
}
