"""Every kind of image file, against Pillow."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.data import layouts
from vadjax import data
from vadjax.data.images.facts import MAX_BYTES, BrokenImage
from vadjax.data.images.frames import ImageFrames
from vadjax.data.images.read import levels_of, read_image, to_8_bits
from vadjax.errors import UserError

COLOURS = np.zeros((48, 64, 3), np.uint8)
COLOURS[:24, :, 0], COLOURS[:, 32:, 1], COLOURS[8:24, 8:32, 2] = 200, 150, 250
RGB = Image.fromarray(COLOURS)


def encoded(image, kind, **options) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "CMYK", "RGBA", "LA"])
def test_modes_are_read_as_pillow_reads_them(tmp_path, kind, mode):
    image = RGB.convert(mode)
    try:
        content = encoded(image, kind, **({"lossless": True} if kind == "WEBP" else {}))
    except (OSError, ValueError):
        pytest.skip(f"Pillow writes no {kind} in mode {mode}")
    (tmp_path / "a").write_bytes(content)
    found, facts = read_image(tmp_path / "a")
    wanted = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    assert (facts.kind, facts.width, facts.height, facts.pages) == (
        {"WEBP": "WebP"}.get(kind, kind),
        64,
        48,
        1,
    )
    colour = found if found.ndim == 3 else np.stack([found] * 3, -1)
    assert np.abs(colour.astype(int) - wanted).max() <= 1  # two decoders of JPEG


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_as_their_exif_data_say(tmp_path, kind, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    content = encoded(RGB, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    (tmp_path / "a").write_bytes(content)
    wanted = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB"))
    np.testing.assert_allclose(read_image(tmp_path / "a")[0].astype(int), wanted, atol=1)


@pytest.mark.parametrize("suffix", [".tif", ".jpg", ".png", ".bmp", ".webp", ".gif"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_cut_files_are_found(tmp_path, suffix, share):
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    path = tmp_path / f"a{suffix}"
    assert cv2.imwrite(str(path), noise)
    read_image(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(BrokenImage):
        read_image(path)


@pytest.mark.parametrize("length", [1, 464, 100_000])
def test_a_jpeg_ends_at_its_end_marker(tmp_path, length):
    content = encoded(RGB, "JPEG", quality=95)
    trailer = b"\0" * (length - 1) + b"\xff"
    (tmp_path / "a.jpg").write_bytes(content)
    whole, _ = read_image(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes(content + trailer)
    np.testing.assert_array_equal(read_image(tmp_path / "a.jpg")[0], whole)
    (tmp_path / "a.jpg").write_bytes(content[: len(content) // 2] + trailer)
    with pytest.raises(BrokenImage, match="it has no end marker"):
        read_image(tmp_path / "a.jpg")


def test_the_end_marker_of_a_thumbnail_is_not_that_of_the_image(tmp_path):
    exif = encoded(RGB, "JPEG")
    content = encoded(RGB, "JPEG", exif=b"Exif\0\0" + exif[:2000])
    (tmp_path / "a.jpg").write_bytes(content[: len(content) - 40])
    with pytest.raises(BrokenImage, match="it has no end marker"):
        read_image(tmp_path / "a.jpg")


def test_a_damaged_png_is_found_by_its_checksums(tmp_path):
    content = bytearray(encoded(RGB, "PNG"))
    content[content.index(b"IDAT") + 20] ^= 1
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(BrokenImage, match="chunk 'IDAT' is damaged"):
        read_image(tmp_path / "a.png")


def png(width: int, height: int, body: bytes) -> bytes:
    import struct
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + end

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_huge_images_are_refused_by_their_header(tmp_path):
    (tmp_path / "a.png").write_bytes(png(60000, 60000, b"x"))
    with pytest.raises(BrokenImage, match=r"too small for the 60000x60000 pixels"):
        read_image(tmp_path / "a.png")
    side = int((MAX_BYTES / 3) ** 0.5) + 1
    (tmp_path / "a.png").write_bytes(png(side, side, bytes(side * side * 3 // 1000)))
    with pytest.raises(BrokenImage, match=r"256 MB when decoded; at most 256 MB are read"):
        read_image(tmp_path / "a.png")
    (tmp_path / "a.bmp").write_bytes(b"")
    with pytest.raises(BrokenImage, match="it is empty"):
        read_image(tmp_path / "a.bmp")


@pytest.mark.parametrize("kind", [np.uint16, np.float32, np.float64, np.int32])
@pytest.mark.parametrize("colour", [False, True])
def test_deep_images_are_scaled_by_the_range_of_the_clip(tmp_path, kind, colour):
    frames = [(layouts.picture(10 * i, colour=colour) * 16.0).astype(kind) for i in range(4)]
    if colour and kind is np.int32:
        pytest.skip("OpenCV writes none")
    for i, frame in enumerate(frames):
        assert cv2.imwrite(str(tmp_path / f"{i}.tif"), frame)
    video = data.open_video(tmp_path)
    values = np.stack(frames).astype(float)
    low, high = values.min(), values.max()
    wanted = np.round((values - low) * 255 / (high - low))
    wanted = wanted[..., ::-1] if colour else wanted
    np.testing.assert_allclose(np.stack(list(video.frames)), wanted, atol=1)
    np.testing.assert_array_equal(ImageFrames(video.frames.paths)[2], video.frames[2])
    [note] = video.metadata["notes"]
    what = "floats" if np.dtype(kind).kind == "f" else "more than 8 bits"
    assert what in note.what and f"{low:g} to {high:g} become 0 to 255" in note.what


def test_values_that_are_no_numbers_become_black_or_white():
    image = np.array([[np.nan, -np.inf, np.inf, 1, 3]], np.float32)
    assert levels_of(image) == (1, 3)
    np.testing.assert_array_equal(to_8_bits(image, (1, 3)), [[0, 0, 255, 0, 255]])
    np.testing.assert_array_equal(to_8_bits(image[:, :1], None), [[0]])
    np.testing.assert_array_equal(to_8_bits(np.full((1, 1), 7, np.float32), (7, 7)), [[0]])


def test_one_clip_has_one_depth(tmp_path):
    layouts.write_images(tmp_path, 3, suffix=".png")
    cv2.imwrite(str(tmp_path / "002.png"), layouts.picture(1).astype(np.uint16))
    with pytest.raises(UserError, match=r"of bits a value; 003.png has 8, 002.png has 16"):
        data.open_video(tmp_path)


def test_transparency_and_turning_are_said(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    for i in range(2):
        RGB.convert("RGBA").save(tmp_path / f"{i}.png", exif=exif)
    video = data.open_video(tmp_path)
    assert video.frames.shape == (64, 48)
    assert [note.what for note in video.metadata["notes"]] == [
        "images have transparency",
        "images are turned",
    ]
