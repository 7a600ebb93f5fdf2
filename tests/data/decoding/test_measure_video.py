"""What decoding a video file shows: times, lost frames, what its header said."""

import pathlib
import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from tests.data import encoded, layouts
from vadjax import data
from vadjax.data.decoding.measure_video import measure
from vadjax.data.indexing.probe import probe
from vadjax.errors import UserError

EVEN = np.arange(60) * 40  # milliseconds
UNEVEN = np.cumsum([0, *([33] * 20), *([200] * 10), *([67, 33] * 10)])  # of 51 frames


def opened(path):
    """Return the footage and the indices of its pictures, read in order and at random."""
    [footage] = probe([path])
    frames = footage.frames()
    shown = [encoded.index_of(image) for image in frames]
    order = np.random.default_rng(0).permutation(len(frames))[:12]
    assert [encoded.index_of(frames[i]) for i in order] == [shown[i] for i in order]
    return footage, shown


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.webm", "a.ts", "a.mov", "a.flv"])
@pytest.mark.parametrize("start", [0, 1400])
def test_uneven_times_are_those_of_the_file(tmp_path, name, start):
    how = {"codec": "libvpx"} if name.endswith("webm") else {}
    path = encoded.encode(tmp_path / name, UNEVEN + start, **how)
    footage, shown = opened(path)
    np.testing.assert_allclose(footage.times, UNEVEN / 1000, atol=1e-3)
    assert footage.fps == pytest.approx(50 / (UNEVEN[-1] / 1000), rel=1e-3)
    assert [i % 50 for i in range(51)] == shown
    [note] = footage.notes
    assert "0.033 s apart at least, 0.033 s at the median, 0.200 s at most" in note.what


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi"])
@pytest.mark.parametrize("fps", [10, 25, 29.97])
def test_even_times_are_not_kept(tmp_path, name, fps):
    codec = {"codec": "mpeg4"} if name.endswith("avi") else {}
    if name.endswith("avi"):  # which has no times but a rate
        path = layouts.write_video(tmp_path / name, 40, fps=fps)
    else:
        path = encoded.encode(tmp_path / name, np.rint(np.arange(40) * 1000 / fps), **codec)
    [footage] = probe([path])
    assert footage.times is None and footage.notes == ()
    assert footage.fps == pytest.approx(fps, rel=1e-3)


def test_pictures_that_refer_to_later_ones_have_the_times_of_an_avi(tmp_path):
    """AVI has no times: the decoder reports those of packets, whose order is another."""
    with av.open(str(tmp_path / "a.avi"), "w") as file:
        stream = file.add_stream("mpeg4", rate=10)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        stream.codec_context.max_b_frames, stream.bit_rate = 2, 4_000_000
        for index in range(30):
            frame = av.VideoFrame.from_ndarray(encoded.picture(index), format="rgb24")
            frame.pts = index
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    footage, shown = opened(tmp_path / "a.avi")
    assert (footage.times, footage.fps, footage.notes) == (None, 10.0, ())
    assert shown == list(range(30))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "m.avi"])
@pytest.mark.parametrize("number", [0, 5, 17, 30])
def test_a_bad_packet_does_not_end_a_video(tmp_path, name, number):
    """Every picture is coded by itself, so that one packet is one frame."""
    if name == "m.avi":
        path = tmp_path / name
        with av.open(str(path), "w") as file:
            stream = file.add_stream("mjpeg", rate=25, options={"qmin": "1", "qmax": "1"})
            stream.height, stream.width, stream.pix_fmt = 48, 64, "yuvj420p"
            for index in range(60):
                frame = av.VideoFrame.from_ndarray(encoded.picture(index), format="rgb24")
                file.mux(stream.encode(frame))
            file.mux(stream.encode())
    else:
        path = encoded.encode(tmp_path / name, EVEN, gop=1)
    encoded.spoil(path, number)
    footage, shown = opened(path)
    counted = not name.endswith("mkv")
    if number == 0 and not counted:  # begins with what can be decoded: nothing counts its frames
        assert (footage.num_frames, footage.substituted) == (59, ())
        assert shown == [i % 50 for i in range(1, 60)]
        return
    neighbour = number - 1 if number else 1
    wanted = [i % 50 for i in [*range(number), neighbour, *range(number + 1, 60)]]
    assert (footage.num_frames, footage.substituted) == (60, (number,))
    assert shown == wanted
    assert footage.times is None and footage.fps == 25


def test_a_key_frame_that_is_lost_takes_those_that_refer_to_it(tmp_path):
    path = encoded.encode(tmp_path / "a.mp4", EVEN, gop=10, b_frames=0)
    encoded.spoil(path, 20)
    footage, shown = opened(path)
    assert footage.num_frames == 60 and footage.is_damaged
    lost = set(footage.substituted)
    assert lost and lost <= set(range(20, 30))
    kept = [i for i in range(60) if i not in range(20, 30)]
    assert [shown[i] for i in kept] == [i % 50 for i in kept]


def test_lost_frames_of_uneven_times_stand_at_their_own(tmp_path):
    path = encoded.encode(tmp_path / "a.mp4", UNEVEN, gop=1)
    times = encoded.spoil_all(path, (12, 25, 26))
    footage, _ = opened(path)
    assert footage.substituted == (12, 25, 26)
    np.testing.assert_allclose(footage.times, UNEVEN / 1000, atol=1e-3)
    assert len(set(times)) == 3


def test_what_a_damaged_file_shows_is_the_same_every_time(tmp_path):
    path = encoded.encode(tmp_path / "a.mp4", EVEN, gop=30)
    for number in (7, 18, 41):
        _, place, size = encoded.packets(path)[number]
        content = bytearray(path.read_bytes())
        content[place + size // 2 : place + size] = bytes(size - size // 2)
        path.write_bytes(content)
    first = [(held.num_frames, held.lost) for held in (measure(path), measure(path))]
    assert first[0] == first[1]
    [footage] = probe([path])
    readings = [np.array(list(footage.frames())) for _ in range(3)]
    for reading in readings:
        np.testing.assert_array_equal(reading, readings[0])


def test_a_file_of_which_most_is_lost_is_refused(tmp_path):
    path = encoded.encode(tmp_path / "a.mp4", EVEN, gop=1)
    encoded.spoil_all(path, range(1, 59))
    with pytest.raises(UserError, match=r"58 of 60 frames cannot be decoded .Invalid data"):
        probe([path])


def without_packets(path: pathlib.Path, first: int, count: int) -> None:
    """Take transport packets of 188 bytes out of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: 188 * first] + content[188 * (first + count) :])


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.3])
def test_frames_of_lost_transport_packets_are_marked_at_their_time(tmp_path, codec, share):
    """All that is left of them is a jump of the time beside a packet that lacks a part."""
    path = encoded.encode(tmp_path / "a.ts", np.arange(100) * 40, codec=codec, b_frames=0)
    total = path.stat().st_size // 188
    without_packets(path, total // 3, max(1, int(share * total)))
    footage, shown = opened(path)
    assert (footage.num_frames, footage.fps, footage.times) == (100, 25.0, None)
    lost = np.array(footage.substituted)
    assert 1 <= len(lost) <= 100 * share + 12  # up to the next picture that stands alone
    assert lost.min() >= 30 and lost.max() <= 40 + 100 * share + 10
    whole = np.setdiff1d(np.arange(100), np.arange(lost.min() - 2, lost.max() + 12))
    assert [shown[i] for i in whole] == [i % 50 for i in whole]


def test_a_recording_that_was_interrupted_is_not_filled(tmp_path):
    """Two recordings in one file: its packets do not follow each other, and the time jumps."""
    times = np.arange(160) * 40
    parts = [encoded.encode(tmp_path / f"{i}.ts", times + i * 17_400) for i in (0, 1)]
    (tmp_path / "a.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    measured = measure(tmp_path / "a.ts")
    assert (measured.num_frames, measured.lost) == (320, ())
    assert measured.times is not None and 10.9 < np.diff(measured.times).max() < 11.1


def test_gaps_away_from_damage_are_the_files_own(tmp_path):
    """A camera that shows nothing twice leaves frames out; far away a packet is lost."""
    kept = np.setdiff1d(np.arange(200), np.arange(60, 200, 7))
    path = encoded.encode(tmp_path / "a.ts", kept * 40, b_frames=0)
    total = path.stat().st_size // 188
    without_packets(path, total // 10, 6)
    measured = measure(path)
    assert measured.times is not None and set(measured.lost) <= set(range(45))
    assert 180 * 0.9 <= measured.num_frames <= 181 + 6


def test_a_cut_file_is_noted_and_a_header_without_a_count_is_not(tmp_path):
    path = layouts.write_video(tmp_path / "a.avi", 30)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    [footage] = probe([path])
    assert footage.announced == 30 > footage.num_frames
    encoded.encode(tmp_path / "b.mkv", EVEN)
    [footage] = probe([tmp_path / "b.mkv"])
    assert footage.announced == -1 and footage.num_frames == 60


def test_a_header_that_counts_frames_without_a_picture_is_not_noted(tmp_path):
    """An AVI of 1000 frames a second counts one for every millisecond."""
    path = encoded.encode(tmp_path / "a.avi", EVEN, codec="mpeg4", b_frames=0)
    with av.open(str(path)) as file:
        assert file.streams.video[0].frames > 1000
    [footage] = probe([path])
    assert (footage.announced, footage.num_frames, footage.fps) == (60, 60, 25.0)


def edit(path: pathlib.Path, *, first_ms: int) -> None:
    """Tell a player, in the edit list of an mp4, to begin later than the first frame."""
    content = bytearray(path.read_bytes())
    place = content.index(b"elst")
    version, count = content[place + 4], int.from_bytes(content[place + 8 : place + 12], "big")
    assert (version, count) == (0, 1)
    begin = place + 12 + 4  # the duration comes first
    scale = content.index(b"mdhd") + 4 + 12
    rate = int.from_bytes(content[scale : scale + 4], "big")
    old = int.from_bytes(content[begin : begin + 4], "big")
    struct.pack_into(">I", content, begin, old + first_ms * rate // 1000)
    path.write_bytes(content)


def test_frames_that_an_edit_cuts_off_are_not_noted(tmp_path):
    path = encoded.encode(tmp_path / "a.mp4", EVEN, gop=60, b_frames=0)
    edit(path, first_ms=400)
    [footage] = probe([path])
    assert footage.num_frames == footage.announced == 50
    assert [encoded.index_of(image) for image in footage.frames()][:3] == [10, 11, 12]


@pytest.mark.parametrize("aspect", [Fraction(16, 11), Fraction(8, 9), Fraction(1)])
def test_pixels_that_are_not_square_are_said(tmp_path, aspect):
    """As of recorders that store 704x576, or half of it, for a picture of 4:3 or 16:9."""
    with av.open(str(tmp_path / "a.mp4"), "w") as file:
        stream = file.add_stream("libx264", rate=10)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = aspect
        for index in range(5):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(encoded.picture(index))))
        file.mux(stream.encode())
    measured = measure(tmp_path / "a.mp4")
    said = [note.what for note in measured.notes]
    expected = f"pixels are not square: {float(aspect):.3g} times as wide as high, by the header"
    assert said == ([expected] if aspect != 1 else []) and measured.size == (48, 64)


def test_a_cut_of_a_file_keeps_times_and_lost_frames(tmp_path):
    path = encoded.encode(tmp_path / "a.mp4", UNEVEN, gop=1)
    encoded.spoil(path, 12)
    [whole] = probe([path])
    clip = whole.cut(10, 40).cut(1, 20)
    assert clip.substituted == (1,)
    np.testing.assert_allclose(clip.times, (UNEVEN[11:30] - UNEVEN[11]) / 1000, atol=1e-3)
    shown = [encoded.index_of(image) for image in clip.frames()]
    assert shown == [11, 11, *range(13, 30)]
    assert encoded.index_of(clip.frames()[1]) == 11


def test_the_source_of_a_clip_gives_its_times(tmp_path):
    path = encoded.encode(tmp_path / "a.mp4", UNEVEN)
    times = [time for _, time in data.open_video(path).source()]
    np.testing.assert_allclose(times, UNEVEN / 1000, atol=1e-3)
    read = [time for _, time in data.open_source(path)]
    np.testing.assert_allclose(read, UNEVEN / 1000, atol=1e-3)


@pytest.mark.parametrize(("share", "is_noted"), [(0.4, True), (1.0, False)])
def test_a_cut_file_that_counts_no_frames_is_noted_by_its_length(tmp_path, share, is_noted):
    path = encoded.encode(tmp_path / "a.mkv", np.arange(200) * 40, gop=1)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    [footage] = probe([path])
    notes = [note.what for note in footage.notes if "ends early" in note.what]
    assert bool(notes) == is_noted
    if is_noted:
        assert f"at {footage.num_frames / 25:.2f} s of the 8.00 s" in notes[0]
