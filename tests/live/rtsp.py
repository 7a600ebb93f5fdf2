"""A camera for tests: GStreamer's RTSP server in a process of its own, which may be killed."""

import contextlib
import pathlib
import socket
import subprocess

import av
import numpy as np
import pytest

PYTHON = "/usr/bin/python3"  # the system's, for which Debian packages the bindings


def needs_server():
    """Skip where there is no RTSP server."""
    code = "import gi; gi.require_version('GstRtspServer', '1.0')"
    with contextlib.suppress(OSError):
        if not subprocess.run([PYTHON, "-c", code], capture_output=True).returncode:
            return
    pytest.skip("no RTSP server here (Debian: python3-gi gir1.2-gst-rtsp-server-1.0)")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Camera:
    """Serves rtsp://127.0.0.1:PORT/cam while it is started."""

    def __init__(self, file, *login):
        self.port, self._file, self._login = free_port(), str(file), login
        self._process = None

    @property
    def address(self):
        user = f"{':'.join(self._login)}@" if self._login else ""
        return f"rtsp://{user}127.0.0.1:{self.port}/cam"

    def start(self):
        script = pathlib.Path(__file__).with_name("rtsp_server.py")
        command = [PYTHON, str(script), str(self.port), self._file, *self._login]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout.readline() == "ready\n"

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self._process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.kill()


def write_h264(path, *, seconds=60, fps=25, size=(96, 128)):
    """Write a film in which a bright bar moves, as a camera would send it."""
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "bf": "0", "g": str(fps)}
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.height, stream.width = size
        stream.pix_fmt = "yuv420p"
        for number in range(seconds * fps):
            image = np.full((*size, 3), 60, np.uint8)
            image[:, number % size[1] :][:, :8] = 220
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path
