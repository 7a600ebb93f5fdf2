"""What the decoder gives of files whose pictures and times the test has made."""

import os
import shutil

import av
import cv2
import numpy as np
import pytest

from tests.data import encoded, layouts
from vadjax import data
from vadjax.data.decoding import container
from vadjax.data.decoding.decode import Decoder
from vadjax.data.decoding.video_file import VideoFrames
from vadjax.errors import UserError

EVEN = range(0, 1200, 40)  # milliseconds


def read(path) -> list[np.ndarray]:
    with Decoder(path) as decoder:
        return [picture.rgb() for picture in decoder]


def by_opencv(path) -> list[np.ndarray]:
    capture, images = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), []
    while (pair := capture.read())[0]:
        images.append(pair[1][..., ::-1])
    return images


FILES = [
    ("a.mp4", {}),
    ("a.mov", {"codec": "qtrle", "pix_fmt": "argb"}),
    ("a.mkv", {"codec": "ffv1", "pix_fmt": "gray"}),
    ("b.mkv", {"codec": "ffv1", "pix_fmt": "yuva420p"}),
    ("c.mkv", {"codec": "ffv1", "pix_fmt": "gray16le"}),
    ("d.mkv", {"codec": "ffv1", "pix_fmt": "yuv444p12le"}),
    ("e.mkv", {"codec": "ffv1", "size": (47, 63)}),
    ("f.mkv", {"codec": "libx264", "flags": "+ilme+ildct"}),
    ("a.webm", {"codec": "libvpx"}),
    ("b.webm", {"codec": "libvpx-vp9"}),
    ("a.ts", {}),
    ("a.flv", {}),
    ("a.wmv", {"codec": "wmv2", "b_frames": 0}),
    ("av1.mp4", {"codec": "libsvtav1", "b_frames": 0, "preset": "12", "crf": "10"}),
]


@pytest.mark.parametrize(("name", "how"), FILES)
def test_every_kind_of_picture_is_rgb_of_eight_bits(tmp_path, name, how):
    path = encoded.encode(tmp_path / name, EVEN, **how)
    images = read(path)
    assert {(image.shape, image.dtype) for image in images} == {
        ((*how.get("size", (48, 64)), 3), np.dtype(np.uint8))
    }
    assert [encoded.index_of(image) for image in images] == list(range(len(EVEN)))
    assert all(image.flags.c_contiguous and image.flags.writeable for image in images)


@pytest.mark.parametrize("suffix", [".avi", ".mp4"])
def test_pixels_are_those_of_opencv(tmp_path, suffix):
    path = layouts.write_video(tmp_path / f"a{suffix}", 20)
    np.testing.assert_array_equal(read(path), by_opencv(path))


# Degrees counterclockwise, mirrored left to right, mirrored top to bottom.
@pytest.mark.parametrize(
    ("turned", "shown"),
    [
        ((90, 0, 0), lambda x: np.rot90(x)),
        ((180, 0, 0), lambda x: np.rot90(x, 2)),
        ((-90, 0, 0), lambda x: np.rot90(x, -1)),
        ((0, 1, 0), lambda x: x[:, ::-1]),
        ((0, 0, 1), lambda x: x[::-1]),
        ((90, 1, 0), lambda x: np.rot90(x)[:, ::-1]),
        ((90, 0, 1), lambda x: np.rot90(x)[::-1]),
        ((45, 0, 0), lambda x: x),
    ],
)
def test_pictures_come_out_upright(tmp_path, turned, shown):
    path = encoded.encode(tmp_path / "a.mp4", EVEN[:3], turned=turned)
    wanted = shown(encoded.picture(0))
    image = read(path)[0]
    assert image.shape == wanted.shape
    assert np.abs(image.astype(int) - wanted).mean() < 6
    video = data.open_video(path)
    assert video.frames.shape == wanted.shape[:2] and video.frames[2].shape == wanted.shape


@pytest.mark.parametrize(
    "name",
    [
        "2024-11-01T12:30:05.mp4",
        "file:a.mp4",
        "concat:a|b.mp4",
        "http:..a.mp4",
        "-i a.mp4",
        "a%03d.mp4",
        "é\n ü.mp4",
        "pipe:0.mp4",
        "~.mp4",
        os.fsdecode(b"\xff\xfe.mp4"),
    ],
)
def test_any_name_is_a_path(tmp_path, monkeypatch, name):
    encoded.encode(tmp_path / "whole.mp4", EVEN)
    monkeypatch.chdir(tmp_path)
    os.rename("whole.mp4", name)
    for path in (os.path.join(".", name), os.path.join(tmp_path, name)):
        assert len(list(data.open_video(path).frames)) == len(EVEN)
    with Decoder(name) as decoder:
        assert len(list(decoder)) == len(EVEN)


def test_what_a_file_names_is_not_opened(tmp_path):
    whole = encoded.encode(tmp_path / "whole.mp4", EVEN)
    playlist = tmp_path / "a.mp4"
    texts = (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:{whole}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile whole.mp4\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 26\n",
    )
    for text in texts:
        playlist.write_text(text)
        with pytest.raises(UserError, match=r"a\.mp4.*(a list of other files|cannot be decoded)"):
            Decoder(playlist)


def test_a_codec_without_a_decoder_is_named_with_what_converts_it(tmp_path):
    path = encoded.encode(tmp_path / "it's.mp4", EVEN)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"xyzw"))
    with pytest.raises(UserError) as caught:
        Decoder(path)
    text = str(caught.value)
    assert "coded as xyzw, for which there is no decoder here" in text
    assert f"ffmpeg -i '{tmp_path}/it'\"'\"'s.mp4' -c:v libx264 -an " in text


def test_a_decoder_that_decodes_nothing_is_named(tmp_path):
    path = encoded.encode(tmp_path / "a.mp4", EVEN)
    encoded.spoil_all(path, range(len(EVEN)))
    with pytest.raises(UserError, match=r"none of its h264 pictures can be read .Invalid data"):
        data.open_video(path)


def sound(path, *, cover: bool):
    """Write a second of silence, with a picture on the cover if asked for."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=44100)
        picture = None
        if cover:
            picture = file.add_stream("mjpeg", rate=1)
            picture.width, picture.height, picture.pix_fmt = 64, 48, "yuvj420p"
            picture.disposition = av.stream.Disposition.attached_pic
        if picture is not None:
            image = av.VideoFrame.from_ndarray(encoded.picture(0), format="rgb24")
            file.mux(picture.encode(image))
            file.mux(picture.encode())
        for place in range(0, 44100, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 44100, place
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


@pytest.mark.parametrize("cover", [False, True])
def test_sound_alone_is_no_video(tmp_path, cover):
    sound(tmp_path / "a.mp4", cover=cover)
    held = "a cover picture and audio" if cover else "audio"
    with pytest.raises(UserError, match=f"has no picture stream: it holds {held} only"):
        data.open_video(tmp_path / "a.mp4")


def test_too_many_pixels_are_refused_by_the_header(tmp_path, monkeypatch):
    path = encoded.encode(tmp_path / "a.mp4", EVEN)
    monkeypatch.setattr("vadjax.data.decoding.decode.MAX_PIXELS", 48 * 64 - 1)
    with pytest.raises(UserError, match=r"64x48 pixels; more than 3,071 .*-vf scale=1280:-2"):
        Decoder(path)


def test_more_pixels_within_the_stream_than_the_header_says_are_refused(tmp_path):
    """Headers of the container say 64x48; those within the packets say 30000x30000."""
    path = tmp_path / "a.avi"
    layouts.write_video(path, 5)
    content = path.read_bytes()
    marker = bytes.fromhex("ffc0001108") + (24).to_bytes(2, "big") + (36).to_bytes(2, "big")
    assert content.count(marker) == 5
    path.write_bytes(content.replace(marker, marker[:5] + (30000).to_bytes(2, "big") * 2))
    with pytest.raises(UserError, match=r"cannot be decoded|30000x30000"):
        data.open_video(path)


def test_a_picture_of_another_size_is_resized_to_the_first(tmp_path):
    small = encoded.encode(tmp_path / "a.ts", EVEN[:10], gop=1)
    large = encoded.encode(tmp_path / "b.ts", EVEN[:10], gop=1, size=(96, 128))
    (tmp_path / "c.ts").write_bytes(small.read_bytes() + large.read_bytes())
    video = data.open_video(tmp_path / "c.ts")
    images = list(video.frames)
    assert {image.shape for image in images} == {(48, 64, 3)}
    assert [encoded.index_of(image) for image in images] == [*range(10), *range(10)]
    assert [note.what for note in video.metadata["notes"] if "size" in note.what] == [
        "the size of the picture changes: 64x48, 128x96, from frame 10 on"
    ]
    np.testing.assert_array_equal(video.frames[15], images[15])


def test_a_stream_without_a_container_has_pictures_and_no_times(tmp_path):
    path = encoded.encode(tmp_path / "a.mp4", EVEN)
    with av.open(str(path)) as source, av.open(str(tmp_path / "a.h264"), "w") as raw:
        stream = raw.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                raw.mux(packet)
    shutil.move(tmp_path / "a.h264", tmp_path / "b.mp4")  # the name does not matter
    video = data.open_video(tmp_path / "b.mp4")
    assert [encoded.index_of(image) for image in video.frames] == list(range(len(EVEN)))
    assert video.times is None and video.metadata["notes"] == ()


def test_what_the_operating_system_says_is_passed_on(tmp_path):
    path = encoded.encode(tmp_path / "a.mp4", EVEN)
    os.symlink(tmp_path / "loop.mp4", tmp_path / "loop.mp4")
    for name, text in (("none.mp4", "No such file"), ("loop.mp4", "Too many levels of symbolic")):
        with pytest.raises(UserError, match=f"{name} cannot be read .{text}"):
            Decoder(tmp_path / name)
    with pytest.raises(UserError, match="File name too long"):
        Decoder(tmp_path / ("a" * 300))
    frames = VideoFrames(path, len(EVEN))
    path.unlink()
    with pytest.raises(UserError, match="No such file"):
        frames[0]


def test_files_are_closed(tmp_path):
    path = encoded.encode(tmp_path / "a.mp4", EVEN)
    open_files = len(os.listdir("/proc/self/fd"))
    frames = VideoFrames(path, len(EVEN))
    for _ in range(5):
        next(iter(frames))  # a reader that stops early
        frames[3], frames[0]
    del frames
    assert len(os.listdir("/proc/self/fd")) <= open_files + 1


def test_what_the_command_for_converting_says_is_safe_in_a_shell():
    assert container.conversion("/a b/$(x).mov") == (
        "ffmpeg -i '/a b/$(x).mov' -c:v libx264 -an '/a b/$(x)-h264.mp4'"
    )
