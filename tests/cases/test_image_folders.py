"""Folders of images that were read wrongly: order, stacks, depth, ends, sizes."""

import os
import pathlib
import resource
import shutil
import tarfile
import time

import numpy as np
import pytest
from PIL import Image

from tests.data import layouts
from vadjax import data
from vadjax.data.indexing.probe import probe
from vadjax.errors import UserError

CASES = pathlib.Path(os.environ.get("VADJAX_TEST_DATA", "/nowhere")) / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not on this machine")


def copies(folder: pathlib.Path, name: str, count: int = 4) -> pathlib.Path:
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        shutil.copy(CASES / name, folder / f"{i:03d}{pathlib.Path(name).suffix}")
    return folder


def load(tmp_path, root):
    return data.load(layouts.config("folder", root), cache_dir=tmp_path / "cache")


def test_frames_named_by_seconds_are_in_their_order(tmp_path):
    with tarfile.open(CASES / "timestamp_frames.tgz") as archive:
        archive.extractall(tmp_path, filter="data")
    video = data.open_video(tmp_path / "timestamp_frames")
    times = [float(pathlib.Path(path).stem) for path in video.frames.paths]
    assert len(times) == 80 and times == sorted(times)
    assert "numbers with a point are read as decimals" in video.metadata["notes"][0].what


def test_a_stack_is_a_clip_of_its_pages(tmp_path):
    for side, count in (("train", 20), ("test", 2)):
        copies(tmp_path / "mine" / side, "stack.tif", count)
    dataset = load(tmp_path, tmp_path / "mine")
    assert [len(v.frames) for v in dataset.train] == [40] * 20
    stack = Image.open(CASES / "stack.tif")
    for page in (0, 1, 39):
        stack.seek(page)
        np.testing.assert_array_equal(dataset.train[7].frames[page], np.asarray(stack))
    assert dataset.deviations == ()


def test_a_jpeg_with_bytes_after_its_end_is_read(tmp_path):
    video = data.open_video(copies(tmp_path / "a", "jpeg_trailer_3.jpg"))
    wanted = np.asarray(Image.open(CASES / "jpeg_trailer_3.jpg"))
    assert video.substituted == ()
    np.testing.assert_allclose(video.frames[0].astype(int), wanted, atol=1)


@pytest.mark.parametrize(
    ("name", "what"),
    [("grey16_12bit_3.png", "values have more than 8 bits"), ("float32_3.tif", "are floats")],
)
def test_deep_images_are_scaled_by_the_clip_with_a_note(tmp_path, name, what):
    for side in ("train", "test"):
        copies(tmp_path / "mine" / side / "a", name)
    dataset = load(tmp_path, tmp_path / "mine")
    frames = np.stack(list(dataset.train[0].frames))
    values = np.asarray(Image.open(CASES / name)).astype(float)
    wanted = (values - values.min()) * 255 / (values.max() - values.min())
    assert frames.dtype == np.uint8 and (frames.min(), frames.max()) == (0, 255)
    np.testing.assert_allclose(frames[1], wanted, atol=0.51)
    [note] = dataset.deviations
    assert what in note.what and "train/a, test/a" in note.what


def test_a_png_that_claims_gigabytes_is_refused_at_once(tmp_path):
    folder = copies(tmp_path / "a", "png_mutated_slow.png", 3)
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError, match=r"3 of 3 images cannot be read .* it is cut short"):
        probe([folder])
    assert time.perf_counter() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KB


def test_one_such_png_among_many_shows_its_neighbour(tmp_path):
    folder = tmp_path / "a"
    layouts.write_images(folder, 5, suffix=".png")
    shutil.copy(CASES / "png_mutated_slow.png", folder / "003.png")
    video = data.open_video(folder)
    assert video.substituted == (2,)
    np.testing.assert_array_equal(video.frames[2], video.frames[1])


def test_every_file_is_read_or_named(tmp_path):
    root = tmp_path / "mine"
    shutil.copytree(copies(tmp_path / "images", "jpeg_trailer_3.jpg"), root / "train" / "a")
    shutil.copytree(root / "train" / "a", root / "test" / "b")
    shutil.copy(CASES / "seg.ts", root / "train" / "seg.ts")
    dataset = load(tmp_path, root)
    assert [(v.id, len(v.frames)) for v in dataset.train][1:] == [("train/seg", 40)]
    (root / "train" / "code.ts").write_text("export const a = 1;\n" * 40)
    (root / "train" / "c.heic").touch()
    found = [n.what for n in load(tmp_path, root).deviations if n.what.startswith("left out")]
    assert found == [
        "left out: .heic files (1), such as train/c.heic",
        "left out: .ts files (1), such as train/code.ts",
    ]
