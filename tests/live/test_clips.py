"""Clips show the seconds before and after, at the right times, as files that browsers play."""

import av
import numpy as np
import pytest

from vadjax.live import clips
from vadjax.live.clips import FPS, MOST_S, ClipWriter, Recorder, encoder, write_clip
from vadjax.live.pictures import box_of, jpeg, picture


def grey(level, shape=(48, 64)):
    return np.full(shape, level, np.uint8)


def shown(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [
            (float(f.time), f.to_ndarray(format="gray").mean()) for f in container.decode(stream)
        ]
        return stream.codec_context.name, stream.codec_context.pix_fmt, frames


@pytest.mark.parametrize("name", ["libx264", "libvpx-vp9"])
def test_a_clip_has_the_frames_at_their_times(tmp_path, monkeypatch, name):
    chosen = [one for one in clips._ENCODERS if one[0] == name]
    monkeypatch.setattr(clips, "_ENCODERS", tuple(chosen))
    encoder.cache_clear()
    try:
        path = tmp_path / f"a{encoder()[1]}"
    except OSError:
        pytest.skip(f"this build has no {name}")
    times = [3.0, 3.04, 3.5, 4.25]
    levels = [20, 90, 160, 230]
    write_clip(path, [(at, jpeg(grey(level))) for at, level in zip(times, levels, strict=True)])
    encoder.cache_clear()
    codec, pixels, frames = shown(path)
    assert codec in ("h264", "vp9", "libvpx-vp9") and pixels == "yuv420p"
    np.testing.assert_allclose([at for at, _ in frames], np.array(times) - 3.0, atol=2e-3)
    np.testing.assert_allclose([level for _, level in frames], levels, atol=6)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_the_recorder_keeps_the_seconds_before_and_no_more():
    recorder = Recorder(2.0)
    for number in range(500):  # 20 s at 25 frames a second
        recorder.update(number / 25, grey(0))
    recorder.begin()
    for number in range(500, 550):
        recorder.update(number / 25, grey(0))
    frames = recorder.end()
    times = np.array([at for at, _ in frames])
    assert abs(times[0] - (19.96 - 2.0)) < 0.1 and abs(times[-1] - 21.96) < 0.1
    assert abs(np.diff(times).mean() - 1 / FPS) < 0.005 and not recorder.is_recording
    recorder.begin()
    for number in range(550, 550 + 25 * 100):
        recorder.update(number / 25, grey(0))
    assert len(recorder.end()) <= (MOST_S + 3) * FPS


def test_a_writer_that_cannot_write_says_so_and_goes_on(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    writer, done = ClipWriter(), []
    for path in (tmp_path / "file" / "x.mp4", tmp_path / "b" / f"x{encoder()[1]}"):
        writer.write(path, [(0.0, jpeg(grey(9)))], done.append)
    writer.write(tmp_path / "none.mp4", [], done.append)
    writer.close()
    assert sorted(done) == [False, False, True] and (tmp_path / "b").is_dir()


def test_the_box_is_that_of_the_region_of_the_peak():
    heat = np.zeros((10, 20), np.float32)
    heat[2:4, 5:8] = 3
    heat[3, 6] = 4
    heat[8, 15] = 3.9
    assert box_of(heat, 2.5) == (5 / 20, 2 / 10, 8 / 20, 4 / 10)
    assert box_of(np.ones((3, 3), np.float32), 0.5) is None
    drawn = picture(np.zeros((100, 200, 3), np.uint8), heat, 2.5, box_of(heat, 2.5))
    assert drawn[:2] == b"\xff\xd8"
