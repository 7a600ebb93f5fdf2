"""Containers of cameras and phones: found by their suffix, each frame decoded at its time."""

from fractions import Fraction

import av
import numpy as np
import pytest

from tests.data.encoded import index_of, picture
from vadjax import data

NUM_FRAMES, FPS = 20, 25
SIZE = (144, 176)  # one of the few that H.263 has
KINDS = {  # suffix -> codecs that such files hold, the commonest first
    ".m2ts": ("libx264", "mpeg2video"),
    ".mts": ("libx264",),
    ".ts": ("mpeg2video",),
    ".3gp": ("h263", "mpeg4", "libx264"),
    ".3g2": ("mpeg4",),
    ".asf": ("wmv2", "msmpeg4"),
    ".wmv": ("wmv1",),
    ".ogv": ("libtheora", "libvpx"),
    ".vob": ("mpeg2video",),
    ".mxf": ("mpeg2video",),
    ".flv": ("flv",),
    ".nut": ("mpeg4",),
}
CASES = [(suffix, codec) for suffix, codecs in KINDS.items() for codec in codecs]


def encode(path, codec):
    """Write `picture` 0, 1, ... at 25 frames a second, or skip."""
    try:
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=FPS)
            stream.height, stream.width, stream.pix_fmt = *SIZE, "yuv420p"
            stream.bit_rate = 4_000_000
            for index in range(NUM_FRAMES):
                image = picture(index, height=SIZE[0], width=SIZE[1])
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, FPS)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    except (av.FFmpegError, ValueError) as error:
        pytest.skip(f"this build of PyAV cannot write {codec} into {path.suffix}: {error}")


@pytest.mark.parametrize(("suffix", "codec"), CASES)
def test_every_frame_comes_at_its_time(tmp_path, suffix, codec):
    path = tmp_path / "camera" / f"door{suffix}"
    path.parent.mkdir()
    encode(path, codec)
    [video] = data.open_videos(path.parent)
    assert video.id == "test/door" and data.left_out(path.parent) == []
    assert [index_of(frame) for frame in video.frames] == list(range(NUM_FRAMES))
    assert index_of(video.frames[13]) == 13
    assert video.frames.shape == SIZE and video.substituted == ()
    assert video.fps == pytest.approx(FPS, rel=1e-3)
    times = np.arange(NUM_FRAMES) / FPS
    np.testing.assert_allclose(video.edges[:-1], times, atol=2e-3)  # some count milliseconds
