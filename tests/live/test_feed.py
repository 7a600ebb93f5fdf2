"""Feeds hand frames on with their times, and open a source again when it is back."""

import http.server
import os
import threading
import time

import cv2
import numpy as np
import pytest

from tests.live.rtsp import Camera, needs_server, write_h264
from vadjax.live.feed import Feed
from vadjax.live.inbox import Arrival, Inbox, Report
from vadjax.live.source import sources_of
from vadjax.live.status import Status


class Reading:
    """A feed and what it has handed on."""

    def __init__(self, text, **options):
        (source,) = sources_of([text])
        self.name, self.status = source.name, Status([source.name])
        self.inbox, self.frames, self.reports = Inbox([source.name]), [], []
        self._feed = Feed(source, self.inbox, self.status, **options)
        self._feed.start()

    def until(self, done, timeout_s=30.0):
        end = time.monotonic() + timeout_s
        while not done(self) and time.monotonic() < end:
            for item in self.inbox.take(self.name, 0.1):
                (self.frames if isinstance(item, Arrival) else self.reports).append(item)
        return done(self)

    def close(self):
        self._feed.stop()
        self.inbox.close()
        self._feed.join(timeout=10)
        assert not self._feed.is_alive()


@pytest.fixture
def read():
    opened = []

    def made(text, **options):
        opened.append(Reading(text, **options))
        return opened[-1]

    yield made
    for one in opened:
        one.close()


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_h264(tmp_path_factory.mktemp("film") / "a.mp4", seconds=4)


def ended(reading):
    return any(report.what == "ended" for report in reading.reports)


def test_a_file_as_fast_as_it_goes_loses_no_frame(read, film):
    one = read(str(film), as_fast=True, start=1000.0)
    assert one.until(ended)
    at = [frame.at for frame in one.frames]
    np.testing.assert_allclose(at, np.arange(100) / 25, atol=1e-3)
    np.testing.assert_allclose([f.wall for f in one.frames], 1000 + np.arange(100) / 25, atol=1e-3)
    assert [f.is_first for f in one.frames] == [True] + [False] * 99
    assert {f.fps for f in one.frames} == {25.0} and not one.inbox.dropped(one.name)


def test_a_pipe_as_fast_as_it_goes_keeps_its_own_times(read, tmp_path):
    os.mkfifo(tmp_path / "pipe")

    def play():
        with open(tmp_path / "pipe", "wb") as file:
            file.write(b"YUV4MPEG2 W16 H16 F25:1 C420jpeg\n")
            for number in range(500):
                file.write(b"FRAME\n" + bytes([number % 200]) * 384)

    threading.Thread(target=play, daemon=True).start()
    one = read(str(tmp_path / "pipe"), as_fast=True, start=1000.0)
    assert one.until(ended) and len(one.frames) == 500
    np.testing.assert_allclose([f.wall for f in one.frames], 1000 + np.arange(500) / 25, atol=1e-3)


def test_a_file_at_its_own_pace(read, film):
    one, begun = read(str(film)), time.monotonic()
    assert one.until(ended)
    assert 3.8 < time.monotonic() - begun < 6
    assert len(one.frames) + one.inbox.dropped(one.name) == 100


def test_fewer_frames_are_evenly_spaced(read, film):
    one = read(str(film), as_fast=True, max_fps=10.0)
    assert one.until(ended)
    gaps = np.diff([frame.at for frame in one.frames])
    np.testing.assert_allclose(gaps, 3 / 25, atol=1e-3)
    assert {frame.fps for frame in one.frames} == {25 / 3}


def test_an_unreachable_camera_is_tried_again(read):
    one = read("rtsp://me:secret@127.0.0.1:1/cam")
    assert one.until(lambda r: len(r.reports) >= 3, 10)
    assert {report.what for report in one.reports} == {"lost"}
    assert "does not answer" in one.reports[0].message and "secret" not in one.reports[0].message
    assert one.status.health(one.name).reconnects >= 2


def test_motion_jpeg_over_http(read):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            for number in range(60):
                image = np.full((48, 64, 3), 4 * number, np.uint8)
                data = cv2.imencode(".jpg", image)[1].tobytes()
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                self.wfile.write(head.encode() + data + b"\r\n")
                time.sleep(0.02)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        one = read(f"http://127.0.0.1:{server.server_port}/video")
        assert one.until(lambda r: len(r.frames) >= 20)
        assert one.frames[0].frame.shape == (48, 64, 3)
        assert np.diff([frame.at for frame in one.frames]).min() > 0
        assert one.until(lambda r: any(frame.is_first for frame in r.frames[1:]))  # opened again
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.slow
class TestCameras:
    @pytest.fixture(autouse=True)
    def server(self):
        needs_server()

    def test_a_camera_that_is_killed_is_back_within_ten_seconds(self, read, tmp_path):
        film = write_h264(tmp_path / "a.mp4")
        with Camera(film) as camera:
            one = read(camera.address)
            assert one.until(lambda r: len(r.frames) > 50)
            rate = len(one.frames) / (one.frames[-1].at - one.frames[0].at)
            assert 20 < rate < 60  # it begins with what the server has gathered
            for down_s in (0.5, 4.0):
                camera.kill()
                assert one.until(lambda r: r.reports and r.reports[-1].what == "lost")
                time.sleep(down_s)
                count = len(one.frames)
                camera.start()
                back = time.monotonic()
                assert one.until(lambda r, n=count: len(r.frames) > n + 5)
                assert time.monotonic() - back < 10
                assert one.frames[count].is_first or one.frames[count + 1].is_first
                one.reports.clear()
        at = np.array([frame.at for frame in one.frames])
        assert np.diff(at).min() > 0  # also where the stream's own times began anew
        arrived = np.array([frame.arrived for frame in one.frames])
        np.testing.assert_allclose(at - at[0], arrived - arrived[0], atol=1.6)

    def test_a_wrong_password_is_said_and_tried_slowly(self, read, tmp_path):
        film = write_h264(tmp_path / "a.mp4", seconds=10)
        with Camera(film, "me", "right") as camera:
            good = read(camera.address)
            assert good.until(lambda r: len(r.frames) > 5)
            bad = read(camera.address.replace("right", "wrong"))
            bad.until(lambda r: len(r.reports) > 1, 5)
        (report,) = bad.reports
        assert report.what == "refused" and "password (401)" in report.message
        assert "trying again in 30 s" in report.message
        assert "wrong" not in report.message and "me:" not in report.message

    def test_sound_alone_and_a_path_that_is_not_there(self, read, tmp_path):
        with Camera("audio") as camera:
            for address, said in (
                (camera.address, "audio only"),
                (camera.address.replace("cam", "none"), "404"),
            ):
                one = read(address)
                assert one.until(lambda r: bool(r.reports))
                assert isinstance(one.reports[0], Report) and one.reports[0].what == "refused"
                assert said in one.reports[0].message
