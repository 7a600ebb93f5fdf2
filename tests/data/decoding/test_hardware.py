"""Devices that decode are found, asked for and done without; here they are made up."""

import av
import numpy as np
import pytest

from tests.live.rtsp import write_h264
from vadjax.data.decoding import container, hardware
from vadjax.data.decoding.decode import Decoder
from vadjax.errors import UserError


@pytest.fixture
def machine(monkeypatch):
    """Pretends that FFmpeg knows some devices, of which some work with some codecs."""

    def has(**devices):
        class Accelerator:
            def __init__(self, name, allow_software_fallback):
                assert not allow_software_fallback  # else a device that knows nothing would do
                self._works = devices[name]

            def create(self, codec):
                if codec.name not in self._works:
                    raise av.error.PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(hardware, "hwdevices_available", lambda: list(devices))
        monkeypatch.setattr(hardware, "HWAccel", Accelerator)
        hardware.device_of.cache_clear()

    yield has
    hardware.device_of.cache_clear()


def test_the_first_device_that_decodes_is_taken(machine):
    machine(drm=("h264",), vaapi=("hevc",), cuda=())
    assert hardware.device_of("auto") == "vaapi"
    machine(cuda=(), qsv=("vp9",))
    assert hardware.device_of("auto") == ""
    machine()
    assert hardware.device_of("auto") == "" and hardware.device_of("no") == ""


def test_a_device_may_be_named(machine):
    machine(drm=("h264",), cuda=())
    assert hardware.device_of("drm") == "drm"
    with pytest.raises(UserError, match=r"--hardware=cuda cannot decode here \(Operation not"):
        hardware.device_of("cuda")
    with pytest.raises(UserError, match="'vappi' unknown; choose one of auto, cuda, drm, no"):
        hardware.device_of("vappi")


def test_this_machine_is_asked_without_harm():
    hardware.device_of.cache_clear()
    assert isinstance(hardware.device_of("auto"), str)
    assert hardware.accelerator("") is None


def test_a_device_that_fails_is_done_without(tmp_path, monkeypatch):
    film = str(write_h264(tmp_path / "a.mp4", seconds=1))
    opened, real = [], av.open

    def refusing(address, *, hwaccel, **options):
        opened.append(hwaccel)
        if hwaccel is not None:
            raise av.error.PermissionError(1, "Operation not permitted")
        return real(address, **options)

    monkeypatch.setattr(container.av, "open", refusing)
    monkeypatch.setattr(container, "accelerator", lambda device: device or None)
    with Decoder(film, timeout_s=5.0, device="cuda") as decoder:
        frames = [picture.rgb() for picture in decoder]
    assert opened == ["cuda", None]
    monkeypatch.undo()
    with Decoder(film) as decoder:
        np.testing.assert_array_equal(frames, [picture.rgb() for picture in decoder])


def test_a_stream_that_is_away_is_asked_once(monkeypatch):
    opened, real = [], av.open
    monkeypatch.setattr(
        container.av,
        "open",
        lambda *a, hwaccel, **o: opened.append(hwaccel) or real(*a, **o),
    )
    monkeypatch.setattr(container, "accelerator", lambda device: device or None)
    with pytest.raises(av.FFmpegError):
        Decoder("rtsp://127.0.0.1:9/x", timeout_s=5.0, device="cuda")
    assert opened == ["cuda"]
