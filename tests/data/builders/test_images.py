"""Data sets of single images: MVTec's layout, VisA's csv, a folder of one's own."""

import csv

import cv2
import numpy as np
import pytest

from tests.data.builders.named import labels, load, whats
from vadjax.data.builders.mvtec import Mvtec
from vadjax.errors import UserError

GREY = 40


def picture(path, *, size=(20, 30), value=GREY):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((*size, 3), value, np.uint8))
    return path


def mask(path, *, size=(20, 30), top=255, area=6):
    """A bright core of `area` pixels inside an edge of half its height."""
    levels = np.zeros(size, np.uint8)
    levels[4:8, 3 : 3 + area] = top // 2
    levels[5:6, 3 : 3 + area] = top
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), levels)


def mvtec(root, category="tile"):
    folder = root / category
    for name in ("000.png", "001.PNG", "010.png"):
        picture(folder / "train/good" / name)
    picture(folder / "test/good/000.png", size=(18, 44))
    for number, name in enumerate(("000.png", "001.png")):
        picture(folder / "test/crack" / name, size=(20, 30 + number), value=90)
    mask(folder / "ground_truth/crack/000_mask.png")
    mask(folder / "ground_truth/crack/001.png", size=(20, 31), top=1)  # a copy of 0 and 1
    (folder / "license.txt").write_text("CC")
    return folder


@pytest.mark.parametrize("inside", [False, True])
def test_mvtec_layout(tmp_path, inside):
    folder = mvtec(tmp_path / "mvtec", "mine")
    dataset = load("mvtec", folder if inside else folder.parent, tmp_path / "cache")
    assert labels(dataset, "train") == {f"train/mine/good/{n}": [0] for n in ("000", "001", "010")}
    assert labels(dataset, "test") == {
        "test/mine/good/000": [0],
        "test/mine/crack/000": [1],
        "test/mine/crack/001": [1],
    }
    assert dataset.coverage is None
    first, second, good = dataset.test
    assert [v.frames.shape for v in dataset.test] == [(20, 30), (20, 31), (18, 44)]
    assert [int(v.masks[0].sum()) for v in dataset.test] == [6, 6, 0]
    assert good.masks[0].shape == (18, 44) and first.classes == ("crack",)
    assert second.metadata["kinds"]["crack"].tolist() == [True]
    assert {v.scene for v in dataset.test} == {"mine"}
    assert whats(dataset)[-1] == "images of 3 sizes, from 30x20 to 44x18"


def test_known_categories_have_known_counts(tmp_path):
    """The folder is called as one of MVTec's categories, and so are its images counted."""
    mvtec(tmp_path / "mvtec", "bottle")
    dataset = load("mvtec", tmp_path / "mvtec", tmp_path / "cache")
    assert dataset.coverage == "6 of 292 images"
    assert whats(dataset)[:2] == ["train: 3 of 209 images", "test: 3 of 83 images"]
    mvtec(tmp_path / "mvtec", "mine")
    both = load("mvtec", tmp_path / "mvtec", tmp_path / "cache")
    assert both.coverage is None  # how many there should be is not known
    one = load("mvtec", tmp_path / "mvtec", tmp_path / "cache", scene="mine")
    assert one.coverage == "category mine: 3 of 6 test images"
    assert {v.scene for v in (*one.train, *one.test)} == {"mine"}


def test_published_counts_sum_up():
    counts = np.array(list(Mvtec.counts.values()))
    assert counts.shape == (15, 3) and counts.sum(0).tolist() == [3629, 467, 1258]
    assert counts.sum() == 5354


def test_masks_that_are_missing_or_of_another_image(tmp_path):
    folder = mvtec(tmp_path / "mvtec", "mine")
    (folder / "ground_truth/crack/001.png").unlink()
    dataset = load("mvtec", folder, tmp_path / "cache")
    assert "no mask of 1 of 2 defective images: test/mine/crack/001" in whats(dataset)
    assert dataset.test[1].masks is None
    mask(folder / "ground_truth/crack/001.png", size=(9, 9))
    with pytest.raises(UserError, match="the mask is 9x9, the image 31x20"):
        load("mvtec", folder, tmp_path / "cache")


def test_broken_images_and_twins(tmp_path):
    folder = mvtec(tmp_path / "mvtec", "mine")
    picture(folder / "train/good/000.jpg")
    with pytest.raises(UserError, match="two images are called train/mine/good/000"):
        load("mvtec", folder, tmp_path / "cache")
    (folder / "train/good/000.jpg").unlink()
    path = folder / "test/good/000.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(UserError, match="cannot be read as one image: it is cut short"):
        load("mvtec", folder, tmp_path / "cache")
    dataset = load("mvtec", folder, tmp_path / "cache", skip_broken=True)
    assert dataset.coverage == "5 of 6 images"
    with pytest.raises(UserError, match=r"is not MVTec AD .* Get mvtec_anomaly_detection"):
        load("mvtec", folder / "train", tmp_path / "cache")


MASK = "Data/Masks/Anomaly/000.png"
ROWS = (
    ("candle", "train", "normal", "candle/Data/Images/Normal/0836.JPG", ""),
    ("candle", "test", "normal", "candle/Data/Images/Normal/0001.JPG", ""),
    (
        "candle",
        "test",
        "anomaly",
        "candle/Data/Images/Anomaly/000.JPG",
        MASK,
    ),
    ("pcb1", "train", "normal", "pcb1\\Data\\Images\\Normal\\0836.JPG", ""),
)


def visa(root, rows=ROWS, name="1cls"):
    (root / "split_csv").mkdir(parents=True, exist_ok=True)
    with (root / "split_csv" / f"{name}.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("object", "split", "label", "image", "mask"))
        for thing, *cells, image_mask in rows:
            writer.writerow((thing, *cells, f"{thing}/{image_mask}" if image_mask else ""))
    return root


def test_visa(tmp_path):
    root = visa(tmp_path / "visa")
    for row in ROWS:
        picture(root / row[3].replace("\\", "/"))
    mask(root / "candle/Data/Masks/Anomaly/000.png", top=2)  # numbers of kinds: 1 and 2
    dataset = load("visa", root, tmp_path / "cache")
    assert dataset.coverage is None and whats(dataset) == []
    assert labels(dataset, "train") == {
        "train/candle/Normal/0836": [0],
        "train/pcb1/Normal/0836": [0],
    }
    assert labels(dataset, "test") == {
        "test/candle/Normal/0001": [0],
        "test/candle/Anomaly/000": [1],
    }
    assert [int(v.masks[0].sum()) for v in dataset.test] == [0, 24]
    (root / ROWS[3][3].replace("\\", "/")).unlink()
    dataset = load("visa", root, tmp_path / "cache")
    assert dataset.coverage == "3 of 4 images"
    assert "images of 1cls.csv that are not there (1): pcb1/Normal/0836" in whats(dataset)
    visa(root, [("candle", "train", "anomaly", *ROWS[2][3:]), *ROWS[1:2]], name="2cls_fewshot")
    few = load("visa", root, tmp_path / "cache", split="2cls_fewshot")
    assert few.coverage == "split 2cls_fewshot"
    assert labels(few, "train") == {"train/candle/Anomaly/000": [1]}


def test_a_damaged_csv(tmp_path):
    root = visa(tmp_path / "visa", [("candle", "train", "nor", "", "")])
    with pytest.raises(UserError, match=r"line 2: .* cut off or damaged"):
        load("visa", root, tmp_path / "cache")
    (root / "split_csv/1cls.csv").write_text("object,label\n")
    with pytest.raises(UserError, match="no table with the columns object,split,label,image,mask"):
        load("visa", root, tmp_path / "cache")


def test_a_folder_of_good_and_bad(tmp_path):
    root = tmp_path / "parts"
    for number in range(1, 12):
        picture(root / "Good" / f"{number}.png")
    picture(root / "bad" / "a.png")
    picture(root / "bad" / "crack" / "b.png")
    mask(root / "masks" / "crack" / "b_mask.png")
    dataset = load("image_folder", root, tmp_path / "cache")
    assert [v.id for v in dataset.train] == [f"train/good/{n}" for n in range(1, 10)]
    assert labels(dataset, "test") == {
        "test/good/10": [0],
        "test/good/11": [0],
        "test/bad/a": [1],
        "test/bad/crack/b": [1],
    }
    assert [v.classes[0] for v in dataset.test] == ["good", "good", "bad", "crack"]
    assert dataset.test[2].masks is None and dataset.test[3].masks[0].sum() == 6
    assert "no train/ and test/: the last 2 good images by name are tested" in whats(dataset)


def test_a_folder_with_two_sides(tmp_path):
    root = tmp_path / "parts"
    for name in ("train/a.png", "train/b.png", "test/ok/c.png", "test/NG/d.png"):
        picture(root / name)
    dataset = load("image_folder", root, tmp_path / "cache")
    assert [v.id for v in dataset.train] == ["train/good/a", "train/good/b"]
    assert labels(dataset, "test") == {"test/good/c": [0], "test/bad/d": [1]}
    (root / "test/NG/d.png").unlink()
    with pytest.raises(UserError, match="holds 2 good and 0 bad images; wanted good/ and bad/"):
        load("image_folder", root, tmp_path / "cache")


def test_the_magnetic_tiles(tmp_path, real_data):
    folder = real_data / "data/magnetic_tile_mvtec_layout/magnetic_tile"
    dataset = load("mvtec", folder, tmp_path / "cache")
    kinds = [v.classes[0] for v in dataset.test]
    assert (len(dataset.train), kinds.count("good")) == (60, 20)
    assert {kind: kinds.count(kind) for kind in set(kinds) - {"good"}} == dict.fromkeys(
        ("blowhole", "break", "crack", "fray", "uneven"), 8
    )
    assert len({v.frames.shape for v in dataset.test}) > 30
    for video in dataset.test[28:36]:
        assert bool(video.masks[0].any()) == bool(video.labels[0])
        assert video.masks[0].shape == video.frames.shape
