"""Video files that ended early, stood at wrong times, or were refused without a reason."""

import os
import pathlib
import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest

from vadjax import data
from vadjax.data.indexing.probe import probe
from vadjax.errors import UserError

CASES = pathlib.Path(os.environ.get("VADJAX_TEST_DATA", "/nowhere")) / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not on this machine")
DECODED = {  # frames that decode, seconds of the last one
    "vfr.mp4": (160, 11.8),
    "mediarec.webm": (206, 9.967),
    "damaged.mp4": (59, 5.9),
    "colon_name.mp4": (60, 5.9),
    "av1.mp4": (40, 3.9),
    "seg.ts": (40, 3.9),
}


@pytest.mark.parametrize("name", DECODED)
def test_frames_and_their_times(name):
    video = data.open_video(CASES / name)
    count, last_s = DECODED[name]
    assert len(video.frames) - len(video.substituted) == count
    assert len(list(video.frames)) == len(video.frames)
    assert video.edges[-2] == pytest.approx(last_s, abs=1e-3)
    assert video.metadata["announced"] in (-1, len(video.frames))  # and so nothing is noted


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="there is no ffprobe to compare with")
@pytest.mark.parametrize("name", DECODED)
def test_times_are_those_that_ffprobe_reports(name):
    command = ["ffprobe", "-v", "quiet", "-select_streams", "v:0", "-of", "csv=p=0"]
    entries = ["-show_entries", "frame=pts_time", os.fspath(CASES / name)]
    text = subprocess.run([*command, *entries], capture_output=True, text=True).stdout
    stated = np.array([float(line.strip(",")) for line in text.split()])
    video = data.open_video(CASES / name)
    shown = np.delete(video.edges[:-1], video.substituted)
    np.testing.assert_allclose(shown, stated - stated[0], atol=1e-3)


def test_labels_in_seconds_mark_the_frames_that_are_shown_then(tmp_path):
    for place in ("train/a.mp4", "test/vfr.mp4"):
        (tmp_path / place).parent.mkdir()
        shutil.copy(CASES / "vfr.mp4", tmp_path / place)
    shutil.copy(CASES / "labels_vfr.csv", tmp_path / "labels.csv")
    config = SimpleNamespace(name="folder", data_dir=tmp_path, masks_dir="", label_version="")
    dataset = data.load(config, cache_dir=tmp_path / "cache")
    for _ in range(2):  # scanned, then from the index
        [video] = dataset.test
        abnormal = np.flatnonzero(video.labels)
        assert abnormal.tolist() == list(range(140, 150))
        times = video.times[abnormal]
        np.testing.assert_allclose(times[[0, -1]], (8.0, 9.8), atol=1e-9)
        said = [d.what for d in dataset.deviations if "unevenly spaced" in d.what]
        assert said and "0.033 s at the median, 0.200 s at most" in said[0]
        dataset = data.load(config, cache_dir=tmp_path / "cache")


def test_a_bad_packet_leaves_its_frame_to_the_neighbour():
    [footage] = probe([CASES / "damaged.mp4"])
    assert (footage.num_frames, footage.substituted, footage.fps) == (60, (30,), 10)
    frames = list(footage.frames())
    np.testing.assert_array_equal(frames[30], frames[29])
    assert np.any(frames[31] != frames[30])
    np.testing.assert_array_equal(footage.frames()[31], frames[31])


def test_a_name_with_colons_is_a_path(tmp_path, monkeypatch):
    name = "2024-11-01T12:30:05.mp4"
    shutil.copy(CASES / "colon_name.mp4", tmp_path / name)
    monkeypatch.chdir(tmp_path)
    relative, absolute = data.open_video(name), data.open_video(tmp_path / name)
    np.testing.assert_array_equal(list(relative.frames), list(absolute.frames))


def test_sound_alone_is_said_to_have_no_pictures():
    with pytest.raises(UserError, match=r"audio_only.mp4 has no picture stream: it holds audio"):
        data.open_video(CASES / "audio_only.mp4")


def test_a_codec_without_a_decoder_is_named(monkeypatch):
    """As on a machine whose FFmpeg knows AV1 and cannot decode it."""
    from vadjax.data.decoding import decode

    class Stream(SimpleNamespace):
        codec_context = None

    real = decode.open_file

    def opened(path):
        container = real(path)
        stream = Stream(type="video", disposition=container.streams.video[0].disposition)
        streams = type("Streams", (list,), {"video": (stream,)})([stream])
        return SimpleNamespace(
            streams=streams, dumps_format=container.dumps_format, close=container.close
        )

    monkeypatch.setattr(decode, "open_file", opened)
    with pytest.raises(UserError, match=r"av1.mp4: its pictures are coded as av1.*ffmpeg -i .*264"):
        data.open_video(CASES / "av1.mp4")
