"""Street Scene and NWPU Campus, drawn: none of their files were at hand."""

import numpy as np
import pytest

from tests.data import layouts
from tests.data.builders.named import blocks, labels, load, whats
from vadjax.data.builders.nwpu_campus import NwpuCampus
from vadjax.data.builders.street_scene import StreetScene
from vadjax.errors import UserError

COPIES = "copied clips are not searched for"


@pytest.fixture
def street(tmp_path, monkeypatch):
    monkeypatch.setattr(StreetScene, "counts", {"train": 1, "test": 2})
    monkeypatch.setattr(StreetScene, "frames", {"train": 4, "test": 12})
    monkeypatch.setattr(StreetScene, "size", (layouts.HEIGHT, layouts.WIDTH))
    root = tmp_path / "street"
    layouts.write_images(root / "Train/Train001", 4, suffix=".jpg")
    for name, rows in {"Test001": [(2, 0), (3, 0), (3, 1)], "Test002": []}.items():
        layouts.write_images(root / "Test" / name, 6, suffix=".jpg")
        text = "\n".join(f"{name}/{frame:03d}.jpg {track} 10 20 5 6" for frame, track in rows)
        (root / "Test" / name / f"{name}_gt.txt").write_text(text)
    layouts.strew(root)
    return root


def test_street_scene(tmp_path, street):
    dataset = load("street_scene", street, tmp_path / "cache")
    assert (dataset.coverage, whats(dataset)) == (None, [COPIES])
    assert labels(dataset, "train") == {"train/Train001": [0] * 4}
    assert labels(dataset, "test") == {
        "test/Test001": blocks(6, (1, 3)),
        "test/Test002": [0] * 6,
    }
    assert (dataset.test[0].fps, dataset.test[0].fps_assumed) == (15.0, True)


@pytest.mark.parametrize(
    ("reading", "box"), [("centre", (17, 23, 8, 12)), ("corner", (20, 24, 10, 15))]
)
def test_boxes_as_masks(tmp_path, street, reading, box):
    """x 10, y 20, width 5, height 6, in pictures of 24 rows and 36 columns."""
    dataset = load("street_scene", street, tmp_path / "c", label_version=f"boxes_{reading}")
    masks = dataset.test[0].masks
    assert labels(dataset, "test")["test/Test001"] == blocks(6, (1, 3))
    assert [int(mask.any()) for mask in masks] == blocks(6, (1, 3))
    top, bottom, left, right = box
    wanted = np.zeros((layouts.HEIGHT, layouts.WIDTH), np.uint8)
    wanted[top:bottom, left:right] = 1
    np.testing.assert_array_equal(masks[1], wanted)
    said = f"read as boxes_{reading}, 0 of 3 boxes leave the picture by more than 8 pixels"
    assert said in whats(dataset)
    path = street / "Test/Test001/Test001_gt.txt"
    path.write_text(path.read_text().replace(" 10 20 5 6", " 2 20 30 6"))
    dataset = load("street_scene", street, tmp_path / "c", label_version=f"boxes_{reading}")
    assert f"{3 if reading == 'centre' else 0} of 3 boxes leave" in str(whats(dataset))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("Test001/002.jpg 0 10", "line 1 .* cut off"),
        ("Test001/002.jpg 0 10 20 x 6", "line 1 .* cut off"),
        ("Test001/007.jpg 0 10 20 5 6", "line 1: image 7 of a clip of 6"),
        ("Test001/000.jpg 0 10 20 5 6", "line 1: image 0 of a clip of 6"),
    ],
)
def test_damaged_rows_of_street_scene(tmp_path, street, row, message):
    (street / "Test/Test001/Test001_gt.txt").write_text(row)
    with pytest.raises(UserError, match=message):
        load("street_scene", street, tmp_path / "cache")


@pytest.fixture
def campus(tmp_path, monkeypatch):
    monkeypatch.setattr(NwpuCampus, "num_clips", {"train": 2, "test": 2})
    monkeypatch.setattr(NwpuCampus, "frames", {"train": 6, "test": 9})
    root = tmp_path / "nwpu"
    for name, length in {"Train/D001_01": 3, "Train/D010_02": 3, "Test/D001_03": 5}.items():
        layouts.write_video(root / "videos" / f"{name}.avi", length)
    layouts.write_video(root / "videos/Test/D010_04.avi", 4)
    (root / "groundtruth").mkdir()
    write_labels(root, D001_03=[0, 1, 1, 0, 0], D010_04=[0] * 4)
    return root


def write_labels(root, **values):
    kept = {name: np.array(own, np.int64) for name, own in values.items()}
    np.savez(root / "groundtruth/NWPU_Campus_gt.npz", **kept)


def test_nwpu_campus(tmp_path, campus):
    dataset = load("nwpu_campus", campus, tmp_path / "cache")
    assert (dataset.coverage, whats(dataset)) == (None, [COPIES])
    assert labels(dataset, "train") == {"train/D001_01": [0] * 3, "train/D010_02": [0] * 3}
    assert labels(dataset, "test") == {
        "test/D001_03": blocks(5, (1, 3)),
        "test/D010_04": [0] * 4,
    }
    assert [v.scene for v in dataset.test] == ["D001", "D010"]
    (campus / "videos/Test/D010_04.avi").unlink()
    dataset = load("nwpu_campus", campus, tmp_path / "cache")
    assert dataset.coverage == "3 of 4 clips"
    assert whats(dataset)[0] == "test: 1 of 2 clips; missing D010_04"


def test_labels_of_nwpu_campus_that_do_not_fit(tmp_path, campus):
    write_labels(campus, D001_03=[0, 1])
    with pytest.raises(UserError, match="2 labels for D001_03, which has 5 frames"):
        load("nwpu_campus", campus, tmp_path / "cache")
    write_labels(campus, D001_03=[0, 1, 7, 0, 0])
    with pytest.raises(UserError, match="wanted one 0 or 1 a frame"):
        load("nwpu_campus", campus, tmp_path / "cache")
    write_labels(campus, D001_01=[0] * 3)
    with pytest.raises(UserError, match="put D001_01 on both sides"):
        load("nwpu_campus", campus, tmp_path / "cache")
    (campus / "groundtruth/NWPU_Campus_gt.npz").write_bytes(b"PK")
    with pytest.raises(UserError, match="cannot be read"):
        load("nwpu_campus", campus, tmp_path / "cache")
