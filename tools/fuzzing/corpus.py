"""Small whole files of every kind that vadjax reads, made here: nothing of anybody's."""

import io
import json
import pathlib
import pickle
import struct
import tempfile
import zipfile
from collections.abc import Callable

import av
import cv2
import numpy as np
import openpyxl
import safetensors.numpy
import scipy.io

from vadjax import config as configs
from vadjax.data.scored_video import ScoredVideo
from vadjax.storage import artifacts
from vadjax.storage.state import save_state

cv2.setNumThreads(1)  # workers are forked, and threads of a pool do not come along
RNG = np.random.default_rng(0)
PICTURE = cv2.GaussianBlur(RNG.integers(0, 255, (40, 56, 3), np.uint8), (9, 9), 3)


def _saved(save: Callable, *args, **named) -> bytes:
    buffer = io.BytesIO()
    save(buffer, *args, **named)
    return buffer.getvalue()


def _of_folder(write: Callable[[pathlib.Path], object], name: str) -> bytes:
    """Return the bytes of a file that `write` leaves in a folder."""
    with tempfile.TemporaryDirectory() as folder:
        write(pathlib.Path(folder))
        return pathlib.Path(folder, name).read_bytes()


def m_files() -> list[bytes]:
    """UCSD's labels."""
    lines = [f"TestVideoFile{{end+1}}.gt_frame = [{n}:{n + 50}];" for n in range(1, 13)]
    return ["\n".join(lines).encode(), b"T{end+1}.gt_frame = [5:90, 140:200];\r\n% note\r\n" * 3]


def mat_files(name: str) -> list[bytes]:
    """Cells `gt` or `volLabel`, packed, plain and of version 4."""
    cell = np.empty((1, 12), object)
    for n in range(12):
        cell[0, n] = np.array([[1, 20], [5, 30]]) if name == "gt" else np.eye(6, 8, dtype=np.uint8)
    plain = {name: np.arange(24.0).reshape(2, 12)}
    return [
        _saved(scipy.io.savemat, {name: cell}),
        _saved(scipy.io.savemat, {name: cell, "other": {"a": 1.0}}, do_compression=True),
        _saved(scipy.io.savemat, plain, format="4"),
    ]


def npy_files() -> list[bytes]:
    """Label vectors."""
    vector = (np.arange(50) % 7 > 3).astype(np.int64)
    arrays = (vector, vector[None].astype(np.uint8), np.asfortranarray(vector[:, None] > 0))
    return [*(_saved(np.save, array) for array in arrays), _saved(np.savez, a=vector)]


def csv_files() -> list[bytes]:
    """labels.csv in frames and in seconds."""
    return [
        b"video,start,stop\ntest/a,3,9\nb,,\n",
        b'video,start_s,stop_s\r\ntest/a,0.5,1.25\r\n"b",1,2\r\n',
        "\ufeffvideo,start,stop,start_s,stop_s\na,1,2,,\nb,,,1,2\n".encode(),
    ]


def cvat_files() -> list[bytes]:
    """Labels of CVAT: a task of every second frame, with two tracks."""
    box = '<box frame="%d" outside="%d" xtl="1" ytl="1" xbr="9" ybr="9"/>'
    track = f'<track id="0" label="fall" task_id="1">{box % (3, 0)}{box % (9, 1)}</track>'
    task = "<task><id>1</id><source>a.mp4</source><frame_filter>step=2</frame_filter></task>"
    return [f"<annotations><meta>{task}</meta>{track * 2}</annotations>".encode()]


def label_studio_files() -> list[bytes]:
    """Labels of Label Studio: a timeline, a box, and a region in seconds."""
    line = {"ranges": [{"start": 1, "end": 5}], "timelinelabels": ["fall"]}
    keys = [{"frame": 2, "enabled": True}, {"frame": 9, "enabled": False}]
    results = [
        {"type": "timelinelabels", "value": line},
        {"type": "videorectangle", "value": {"sequence": keys, "labels": ["cart"]}},
        {"type": "labels", "value": {"start": 0.5, "end": 1.5, "labels": ["cart"]}},
    ]
    task = {"id": 1, "data": {"video": "/data/a.mp4"}, "annotations": [{"result": results}]}
    return [json.dumps([task]).encode()]


def pth_files() -> list[bytes]:
    """PyTorch's checkpoints: a zip, and pickles in a row."""
    plain = lambda value: pickle.dumps(value, 2)[2:-1]  # noqa: E731
    storage = b"(" + plain("storage") + b"ctorch\nFloatStorage\n" + plain("0") + plain("cpu")
    hooks = b"ccollections\nOrderedDict\n)R"
    values = np.arange(12, dtype=np.float32).tobytes()

    def body(end: bytes) -> bytes:
        tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + plain(12) + end
        tensor += plain(0) + plain((3, 4)) + plain((4, 1)) + b"\x89" + hooks + b"tR"
        return b"\x80\x02" + hooks + b"(" + plain("a.weight") + tensor + b"u."

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("net/data.pkl", body(b"tQ"))
        archive.writestr("net/data/0", values)
    heads = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
    row = b"".join(pickle.dumps(head, 2) for head in heads) + body(b"NtQ") + pickle.dumps(["0"], 2)
    return [packed.getvalue(), row + struct.pack("<q", 12) + values]


def safetensors_files() -> list[bytes]:
    """Two tensors."""
    arrays = {"a": np.ones((3, 4), np.float32), "b": np.ones(5, np.float16)}
    return [safetensors.numpy.save(arrays)]


def workbooks() -> list[bytes]:
    """A published workbook of one backbone."""
    book = openpyxl.Workbook()
    for column, model in enumerate(("LSTM", "GRU", "LSTM_GRU", "SimpleRNN"), 1):
        names = ("Accuracy", "Precision", "Recall", "F1", "Auc")
        cells = ["resnet50", f"==== Summary for {model} (over 5 runs) ===="]
        cells += [f"{name}: 0.9{column}12 ± 0.0012" for name in names]
        for row, cell in enumerate(cells, 1):
            book.active.cell(row, column, cell).data_type = "s"
    return [_saved(book.save)]


def configs_of_runs() -> list[bytes]:
    """config.json."""
    config = configs.default_config()
    content = {"config": config.to_dict(), "identity": configs.identity(config)}
    return [json.dumps(content, default=list).encode()]


def metrics_files() -> list[bytes]:
    """metrics.json of two videos."""
    from tests import runs

    content = runs.metrics()
    content["videos"] = content["videos"][:2]
    content["threshold"]["values"] = [1.5]
    content["seeds"] = {}
    return [json.dumps(content).encode()]


def data_files() -> list[bytes]:
    """data.json."""
    videos = {"train/a": "0" * 16, "test/b": "1" * 16}
    return [json.dumps({"data_dir": "", "frame_sizes": [[40, 56]], "videos": videos}).encode()]


def scores_files() -> list[bytes]:
    """scores.npz of two clips."""
    times, labels = np.arange(9) / 25, np.array([0, 1, 0] * 3, np.uint8)
    one = np.linspace(0, 1, 9, dtype=np.float32)
    maps = np.ones((9, 2, 2), np.float32)
    test = ScoredVideo("test/a", one, labels=labels, times=times, fps=25.0, maps=maps)
    held = ScoredVideo("train/b", one, parts={"x": one}, kinds={"cart": labels > 0})
    return [_of_folder(lambda f: artifacts.write_scores(f, [test], [held]), "scores.npz")]


def maps_files() -> list[bytes]:
    """explain/maps.npz."""
    return [_saved(np.savez, **{"test/a": np.ones((9, 2, 2), np.float16)})]


def json_files(**content: object) -> list[bytes]:
    """One JSON object."""
    return [json.dumps(content).encode()]


def logs() -> list[bytes]:
    """log.jsonl."""
    rows = [{"epoch": n, "name": "", "train_loss": 1 / n, "select_loss": 2 / n} for n in (1, 2, 3)]
    return ["".join(json.dumps(row) + "\n" for row in rows).encode()]


def states(name: str) -> list[bytes]:
    """A detector's state, one of its two files."""
    state = {"bank": np.ones((3, 2), np.float32), "k": 5, "names": ("a", None, 0.5)}
    return [_of_folder(lambda folder: save_state(folder, state), name)]


def variables() -> list[bytes]:
    """variables.npz of older runs."""
    return [_saved(np.savez, **{"params/a/kernel": np.ones((2, 3)), "params/a/bias": np.ones(3)})]


def images(suffix: str) -> list[bytes]:
    """A picture in a format."""
    return [
        cv2.imencode(suffix, PICTURE)[1].tobytes(),
        cv2.imencode(suffix, PICTURE[..., 0])[1].tobytes(),
    ]


def videos(suffix: str, codec: str) -> list[bytes]:
    """A film of twelve frames."""

    def write(folder: pathlib.Path) -> None:
        with av.open(str(folder / f"a{suffix}"), "w") as film:
            stream = film.add_stream(codec, rate=10)
            stream.codec_context.thread_count = 1  # workers are forked from this process
            stream.height, stream.width = PICTURE.shape[:2]
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            for n in range(12):
                frame = av.VideoFrame.from_ndarray(np.roll(PICTURE, n, 1), format="rgb24")
                film.mux(stream.encode(frame))
            film.mux(stream.encode())

    return [_of_folder(write, f"a{suffix}")]


def pipes() -> list[bytes]:
    """YUV4MPEG2 and Motion JPEG."""
    head = b"YUV4MPEG2 W8 H6 F25:1 Ip A1:1 C420\n"
    frames = b"".join(b"FRAME\n" + bytes(range(72)) for _ in range(3))
    jpeg = cv2.imencode(".jpg", PICTURE)[1].tobytes()
    return [head + frames, jpeg * 3]
