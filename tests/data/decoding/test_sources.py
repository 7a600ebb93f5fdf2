"""Frames with times from files, folders, streams over HTTP and pipes."""

import functools
import http.server
import io
import os
import threading

import cv2
import numpy as np
import pytest

from tests.data import layouts
from vadjax.data.decoding.live import LiveSource, without_password
from vadjax.data.decoding.pipe import PipeSource
from vadjax.data.decoding.sources import open_source
from vadjax.data.frames.frame_source import FrameSequence
from vadjax.data.frames.on_demand import ArrayFrames
from vadjax.data.video import Video
from vadjax.errors import UserError


def read(source):
    pairs = list(source)
    return [frame for frame, _ in pairs], [time for _, time in pairs]


def decoded(path):
    """Read a file frame by frame with nothing but OpenCV."""
    capture, frames = cv2.VideoCapture(str(path)), []
    while (pair := capture.read())[0]:
        frames.append(cv2.cvtColor(pair[1], cv2.COLOR_BGR2RGB))
    return frames


@pytest.mark.parametrize("name", ["a.avi", "a.mp4"])
def test_a_video_file(tmp_path, name):
    path = layouts.write_video(tmp_path / name, 12, fps=10)
    source = open_source(path)
    assert (source.num_frames, source.fps, source.name) == (12, 10.0, str(path))
    for _ in range(2):  # it can be read again
        frames, times = read(source)
        np.testing.assert_array_equal(frames, decoded(path))
        np.testing.assert_allclose(times, np.arange(12) / 10, atol=1e-3)


def test_uneven_times_are_those_of_the_container(real_data):
    """Between 8 and 10 s the file shows its frames 140 to 150 (shared/cases/README.md)."""
    _, times = read(open_source(real_data / "cases" / "vfr.mp4"))
    assert np.all(np.diff(times) > 0)
    inside = np.flatnonzero((np.array(times) >= 8) & (np.array(times) < 10))
    assert (inside[0], inside[-1]) == (140, 149)


def test_a_folder_of_images(tmp_path):
    layouts.write_images(tmp_path / "clip", 4)
    source = open_source(tmp_path / "clip")
    frames, times = read(source)
    np.testing.assert_array_equal(frames, [layouts.picture(i) for i in range(4)])
    assert (times, source.num_frames, source.fps) == ([0, 1, 2, 3], 4, None)


def test_a_clip_of_a_data_set(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(5 * 4 * 6, dtype=np.uint8).reshape(5, 4, 6))
    video = Video("test/a", "test", ArrayFrames(tmp_path / "a.npy"), fps=4.0)
    frames, times = read(video.source())
    np.testing.assert_array_equal(frames, np.load(tmp_path / "a.npy"))
    assert times == [0, 0.25, 0.5, 0.75, 1.0] and video.source().num_frames == 5


def y4m(frames, *, chroma="420jpeg", extra=""):
    """Write YUV4MPEG2 by OpenCV's conversion; every frame is RGB of one even size."""
    height, width = frames[0].shape[:2]
    data = f"YUV4MPEG2 W{width} H{height} F30000:1001 Ip A1:1 C{chroma}{extra}\n".encode()
    for frame in frames:
        yuv = cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420)  # luma, then both planes of chroma
        luma, both = yuv[:height], yuv[height:].reshape(2, height // 2, width // 2)
        if chroma == "444":
            both = [cv2.resize(plane, (width, height)) for plane in both]
        if chroma == "mono":
            both = []
        data += b"FRAME\n" + luma.tobytes() + b"".join(plane.tobytes() for plane in both)
    return data


def pictures(num=4):
    rows, columns = np.mgrid[:48, :64]
    grey = [60 + rows + columns // 2 + 5 * i for i in range(num)]
    return [np.stack([g, 200 - g // 2, g // 2 + 40], axis=-1).astype(np.uint8) for g in grey]


@pytest.mark.parametrize("chroma", ["420jpeg", "420mpeg2", "444"])
def test_y4m_equals_ffmpeg_and_what_was_written(tmp_path, chroma):
    data = y4m(pictures(), chroma=chroma)
    (tmp_path / "a.y4m").write_bytes(data)
    source = PipeSource(io.BytesIO(data))
    frames, times = read(source)
    assert source.fps == pytest.approx(29.97, abs=1e-3) and source.num_frames is None
    np.testing.assert_allclose(times, np.arange(4) * 1001 / 30000)
    peer = np.array(decoded(tmp_path / "a.y4m"), int)
    assert np.abs(peer - frames).max() <= 4 and np.abs(np.array(pictures(), int) - frames).max() < 5
    with pytest.raises(UserError, match="can be read once only"):
        next(iter(source))


def test_y4m_of_odd_size_full_range_and_grey():
    """A grey picture has both chroma at 128, whatever the range; luma decides."""
    luma = np.arange(15, dtype=np.uint8).reshape(3, 5) * 10 + 40
    half = b"\x80" * 2 * 2 * 3
    for extra, wanted in (("", (luma - 16.0) * 255 / 219), (" XCOLORRANGE=FULL", luma)):
        data = f"YUV4MPEG2 W5 H3 F25:1 C420{extra}\nFRAME\n".encode() + luma.tobytes() + half
        [frame], _ = read(PipeSource(io.BytesIO(data)))
        np.testing.assert_allclose(frame, np.repeat(np.rint(wanted)[..., None], 3, -1), atol=1)
    data = y4m(pictures(1), chroma="mono")
    [frame], _ = read(PipeSource(io.BytesIO(data)))
    np.testing.assert_array_equal(frame, cv2.cvtColor(pictures(1)[0], cv2.COLOR_RGB2YUV_I420)[:48])


def jpegs(num=3):
    return [cv2.imencode(".jpg", frame[..., ::-1])[1].tobytes() for frame in pictures(num)]


@pytest.mark.parametrize("between", [b"", b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n"])
def test_motion_jpeg_from_a_pipe(between):
    thumbnail = jpegs(1)[0]
    exif = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    images = [data[:2] + exif + data[2:] for data in jpegs()]  # its own end marker within
    reader, writer = os.pipe()

    def write():
        with open(writer, "wb") as stream:
            stream.write(between.join(images) + b"\0")

    thread = threading.Thread(target=write)
    thread.start()
    with open(reader, "rb") as stream:
        frames, times = read(PipeSource(stream))
    thread.join()
    wanted = [cv2.imdecode(np.frombuffer(data, np.uint8), 1)[..., ::-1] for data in jpegs()]
    np.testing.assert_array_equal(frames, wanted)
    assert times == [0, 1, 2]


def test_standard_input_and_a_named_pipe(tmp_path, monkeypatch):
    data = y4m(pictures())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    frames, _ = read(open_source("-"))
    os.mkfifo(tmp_path / "fifo")
    thread = threading.Thread(target=lambda: (tmp_path / "fifo").write_bytes(data))
    thread.start()
    again, _ = read(open_source(tmp_path / "fifo"))
    thread.join()
    np.testing.assert_array_equal(frames, again)
    assert len(frames) == 4


def test_a_pipe_that_is_cut_or_of_another_kind():
    data = y4m(pictures())
    assert len(read(PipeSource(io.BytesIO(data[:-10])))[0]) == 3
    for text, message in (
        (b"", "neither y4m nor Motion JPEG .nothing came"),
        (b"RIFF1234AVI ", "begins with b'RIFF1234AV'.*ffmpeg -i"),
        (b"YUV4MPEG2 W4 H4 F25:1 C420p10\n", "y4m of kind C420p10 is not read"),
        (b"YUV4MPEG2 W4 F25:1\n", "lacks W, H or F"),
        (b"YUV4MPEG2 W99999999 H99999999 F25:1\n", "99999999x99999999 pixels"),
        (data + b"garbage\n", "wanted FRAME, got b'garbage'"),
    ):
        with pytest.raises(UserError, match=message):
            list(PipeSource(io.BytesIO(text)))


class Server(http.server.SimpleHTTPRequestHandler):
    """Serves files, and at /live three JPEGs for ever, as cameras do."""

    def do_GET(self):
        if self.path != "/live":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=frame")
        self.end_headers()
        for data in jpegs(8):
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            self.wfile.write(head.encode() + data + b"\r\n")

    def log_message(self, *_):
        pass


@pytest.fixture
def address(tmp_path):
    layouts.write_video(tmp_path / "a.avi", 12, fps=10)
    handler = functools.partial(Server, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_stream_over_http(tmp_path, address):
    source = open_source(f"{address}/live")
    frames, times = read(source)
    assert source.num_frames is None and len(frames) >= 7
    assert np.abs(np.array(frames[0], int) - pictures(1)[0]).max() < 30
    assert times[0] == 0 and np.all(np.diff(times) >= 0)


def test_a_file_over_http(tmp_path, address):
    frames, times = read(open_source(f"{address}/a.avi"))
    np.testing.assert_array_equal(frames, decoded(tmp_path / "a.avi"))
    np.testing.assert_allclose(times, np.arange(12) / 10, atol=1e-3)


def test_an_address_where_nothing_answers_hides_the_password():
    source = open_source("http://me:secret@127.0.0.1:9/live")
    with pytest.raises(UserError, match=r"http://\*\*\*@127.0.0.1:9/live cannot be opened"):
        next(iter(source))
    assert "secret" not in source.name and without_password("rtsp://a/b") == "rtsp://a/b"


def test_what_cannot_be_a_source_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    layouts.write_video(tmp_path / "videos" / "a.avi", 3)
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "lfs.mp4").write_bytes(layouts.LFS_POINTER)
    for text, message in (
        (tmp_path / "none.mp4", "does not exist"),
        (tmp_path / "empty", "holds no images, one a frame"),
        (tmp_path / "videos", "Give one of its videos"),
        (tmp_path / "text.mp4", "cannot be decoded as a video"),
        (tmp_path / "lfs.mp4", "Git-LFS pointer"),
        ("ftp://host/a.mp4", "addresses with ftp:// are not read; use one of http"),
    ):
        with pytest.raises(UserError, match=message):
            open_source(text)
    assert isinstance(open_source("0"), LiveSource) and open_source("0").name == "camera 0"


def test_a_sequence_has_the_length_of_its_frames():
    assert FrameSequence("a", [np.zeros((2, 2), np.uint8)] * 3, 2.0).num_frames == 3
