import numpy as np
import pytest

from tests.data import layouts
from tests.data.builders.named import blocks, labels, load, whats
from vadjax.data.builders.ucfcrime2local import UcfCrime2Local
from vadjax.errors import UserError

TRAIN, TEST = ("Arrest001", "Normal_Videos001"), ("Robbery048_x264", "Normal_Videos_003")
NOTES = [
    "copied clips are not searched for",
    "boxes of 1 of 2 files count frames from 0, judged by their first row",
    "the videos are training and test videos of UCF-Crime",
]


def row(frame, box=(2, 3, 6, 9), *, lost=0, track=0):
    return f'{track} {" ".join(map(str, box))} {frame} {lost} 0 1 "Robbery" "attribute"'


def write(root, *, robbery):
    for name in (*TRAIN, *TEST):
        stem = name if name.endswith("_x264") else f"{name}_x264"
        layouts.write_video(root / "videos" / f"{stem}.mp4", 6)
    (root / "Train_split_AD.txt").write_text("\n".join(f"{n} x" for n in TRAIN))
    (root / "Test_split_AD.txt").write_text("\r\n".join(f"{n} x" for n in TEST))
    folder = root / "annotations"
    folder.mkdir(exist_ok=True)
    arrest = [row(1), row(2), row(3, lost=1), row(3, track=1), row(7)]
    (folder / "Arrest001.txt").write_text("\n".join(arrest))
    (folder / "Robbery048_x264.txt").write_text("\n".join(robbery))


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(UcfCrime2Local, "num_clips", {"train": 2, "test": 2})
    write(tmp_path / "local", robbery=[row(0, lost=1), row(3), row(4, (0, 0, 36, 24))])
    return tmp_path / "local"


def test_files_from_0_and_from_1(tmp_path, root):
    dataset = load("ucfcrime2local", root, tmp_path / "cache")
    assert (dataset.coverage, whats(dataset)) == (None, NOTES)
    assert labels(dataset, "train") == {
        "train/Arrest001_x264": blocks(6, (0, 3)),  # from 1; frame 7 lies behind the last
        "train/Normal_Videos001_x264": [0] * 6,
    }
    assert labels(dataset, "test") == {
        "test/Robbery048_x264": blocks(6, (3, 5)),  # from 0
        "test/Normal_Videos_003_x264": [0] * 6,
    }
    robbery = dataset.test[0]
    assert [int(mask.sum()) for mask in robbery.masks] == [0, 0, 0, 4 * 6, 36 * 24, 0]
    np.testing.assert_array_equal(np.argwhere(robbery.masks[3])[[0, -1]], [[3, 2], [8, 5]])
    assert robbery.classes == ("Robbery",)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (['0 1 2 3 4 5 0 0 1 "Rob', "x"], "line 1 .* cut off"),
        ([row(9)], r"boxes of frames 8 to 8 \(from 0\) do not fit a video of 6 frames"),
        ([""], "holds no rows of boxes"),
    ],
)
def test_damaged_boxes(tmp_path, root, rows, message):
    write(root, robbery=rows)
    with pytest.raises(UserError, match=message):
        load("ucfcrime2local", root, tmp_path / "cache")


def test_an_abnormal_video_without_boxes(tmp_path, root):
    (root / "annotations" / "Arrest001.txt").unlink()
    with pytest.raises(UserError, match=r"no boxes Arrest001_x264.txt"):
        load("ucfcrime2local", root, tmp_path / "cache")
