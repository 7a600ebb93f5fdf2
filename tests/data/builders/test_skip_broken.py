"""`dataset.skip_broken` leaves out clips that cannot be read, says which, and counts them."""

import numpy as np
import pytest

from tests.data import layouts
from tests.data.builders import test_ucsd, test_umn
from vadjax import data
from vadjax.errors import UserError

small, official, small_ped2 = test_umn.small, test_ucsd.official, test_ucsd.small_ped2


def load(tmp_path, root, *, name="folder", skip_broken=True, masks_dir=""):
    config = layouts.config(name, root, masks_dir=masks_dir)
    config.skip_broken = skip_broken
    return data.load(config, cache_dir=tmp_path / "cache")


def ids(dataset):
    return [video.id for video in (*dataset.train, *dataset.test)]


@pytest.fixture
def mine(tmp_path):
    root = tmp_path / "mine"
    for name in ("train/a", "train/b", "test/c", "test/d"):
        layouts.write_video(root / f"{name}.avi", 6)
    (root / "train" / "bad.mp4").write_bytes(b"no video" * 99)
    [*_, last] = layouts.write_images(root / "test" / "cut", 3, suffix=".png")
    last.write_bytes(b"")
    (root / "test" / "cut" / "002.png").write_bytes(b"")
    (root / "test" / "cut" / "001.png").write_bytes(b"")
    (root / "labels.csv").write_text("video,start,stop\ncut,0,2\nc.avi,1,3\n")
    return root


def test_a_folder_without_its_broken_clips(tmp_path, mine):
    for _ in range(2):  # from the scan, then from the index
        dataset = load(tmp_path, mine)
        assert ids(dataset) == ["train/a", "train/b", "test/c", "test/d"]
        assert dataset.coverage == "4 of 6 clips"
        assert list(dataset.metadata["skipped"]) == ["train/bad", "test/cut"]
        assert dataset.test[0].labels.tolist() == [0, 1, 1, 0, 0, 0]
        count, *each = (d.what for d in dataset.deviations)
        assert count == "2 of 6 clips cannot be read and are left out"
        assert each == [f"left out (skip_broken): {name}" for name in ("train/bad", "test/cut")]
        assert "bad.mp4" in dataset.deviations[1].meaning


def test_without_it_each_is_named_with_the_mend(tmp_path, mine):
    load(tmp_path, mine)  # an index of the others is no index of all
    with pytest.raises(UserError, match=r"skip_broken\.$") as raised:
        load(tmp_path, mine, skip_broken=False)
    assert "bad.mp4" in str(raised.value) and "cut" in str(raised.value)


def test_whole_clips_need_no_other_index(tmp_path, mine):
    (mine / "train" / "bad.mp4").unlink()
    for path in (mine / "test" / "cut").iterdir():
        path.unlink()
    (mine / "test" / "cut").rmdir()
    (mine / "labels.csv").write_text("video,start,stop\n")
    asked, plain = (load(tmp_path, mine, skip_broken=skip) for skip in (True, False))
    assert ids(asked) == ids(plain) and asked.coverage is plain.coverage is None
    assert asked.deviations == plain.deviations == ()


@pytest.mark.parametrize(("side", "left"), [("train", "test"), ("test", "train")])
def test_a_side_without_any_whole_clip_is_an_error(tmp_path, mine, side, left):
    for path in (mine / side).glob("*.avi"):
        path.write_bytes(b"")
    with pytest.raises(UserError, match=f"no video of {side} is left"):
        load(tmp_path, mine)
    for path in (mine / left).glob("*.avi"):
        path.write_bytes(b"")
    with pytest.raises(UserError, match="no video is left"):
        load(tmp_path, mine)


def test_a_benchmark_without_its_broken_clips(tmp_path, official):
    lost = official / "UCSDped2" / "Test" / "Test002" / "003.tif"
    for path in (official / "UCSDped2" / "Test" / "Test001").glob("*.tif"):
        path.write_bytes(b"II")
    lost.unlink()  # the labels of what follows would shift
    dataset = load(tmp_path, official, name="ucsd_ped2")
    assert ids(dataset) == ["train/01", "train/02", "test/03"]
    np.testing.assert_array_equal(dataset.test[0].labels, test_ucsd.LABELS["test/03"])
    assert set(dataset.metadata["skipped"]) == {"test/01", "test/02"}
    assert dataset.coverage == "3 of 5 clips"
    why = {d.what: d.meaning for d in dataset.deviations}
    assert "frames 3 are missing" in why["left out (skip_broken): test/02"]


def test_a_clip_that_its_labels_do_not_fit(tmp_path, official):
    (official / "UCSDped2" / "Test" / "Test002" / "008.tif").unlink()
    with pytest.raises(UserError):
        load(tmp_path, official, name="ucsd_ped2", skip_broken=False)
    dataset = load(tmp_path, official, name="ucsd_ped2")
    assert ids(dataset) == ["train/01", "train/02", "test/01", "test/03"]
    assert list(dataset.metadata["skipped"]) == ["test/02"]
    for video in dataset.test:
        np.testing.assert_array_equal(video.labels, test_ucsd.LABELS[video.id])


def test_a_clip_of_umn_that_is_cut_short(tmp_path, small):
    root = tmp_path / "umn"
    for name, length in zip(("UMN1", "UMN2", "UMN3"), (8, 3, 7), strict=True):
        layouts.write_video(root / f"{name}.mp4", length, fps=30)
    with pytest.raises(UserError):
        load(tmp_path, root, name="umn", skip_broken=False)
    dataset = load(tmp_path, root, name="umn")
    assert ids(dataset) == ["train/01", "train/03", "test/01", "test/03"]
    assert list(dataset.metadata["skipped"]) == ["train/02", "test/02"]
    assert dataset.coverage == "4 of 6 clips"
