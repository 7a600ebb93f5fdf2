import pathlib
import pickle

import numpy as np
import pytest

from tests.data import layouts
from vadjax import data
from vadjax.data.builders.expected import Side
from vadjax.data.builders.ucsd import UcsdPed1, UcsdPed2
from vadjax.errors import UserError

# A Ped2 of three test clips, with two ranges in the second: what a one-range parser loses.
TRAIN, TEST = {1: 3, 2: 4}, {1: 6, 2: 8, 3: 5}
INTERVALS = [[(2, 4)], [(1, 2), (6, 8)], [(1, 5)]]
LABELS = {f"test/{n:02d}": layouts.label(INTERVALS[n - 1], TEST[n]) for n in TEST}


@pytest.fixture(autouse=True)
def small_ped2(monkeypatch):
    abnormal = {"official": (3, 5, 5)}
    test = Side(3, 19, (6, 8, 5), abnormal, masks=(1, 2, 3))
    monkeypatch.setattr(UcsdPed2, "expected", {"train": Side(2, 7, (3, 4)), "test": test})
    monkeypatch.setattr(UcsdPed2, "size", (layouts.HEIGHT, layouts.WIDTH))


@pytest.fixture
def official(tmp_path):
    root = tmp_path / "UCSD_Anomaly_Dataset.v1p2"
    settings = dict(train=TRAIN, test=TEST, intervals=INTERVALS, masks=(1, 2, 3))
    layouts.ucsd_official(root, "UCSDped2", **settings)
    layouts.strew(root)
    return root


@pytest.fixture
def jpg(tmp_path):
    return layouts.frames_layout(tmp_path / "ped2", train=TRAIN, test=TEST)


def load(tmp_path, data_dir, masks_dir="", name="ucsd_ped2"):
    return data.load(layouts.config(name, data_dir, masks_dir), cache_dir=tmp_path / "cache")


def whats(dataset):
    return [deviation.what for deviation in dataset.deviations]


def vector():
    return np.concatenate([LABELS[i] for i in sorted(LABELS)])


@pytest.mark.parametrize("below", ["", "UCSDped2"])
def test_official_layout_among_strays(tmp_path, official, below):
    dataset = load(tmp_path, official / below)
    assert dataset.deviations == () and dataset.coverage is None
    assert (dataset.name, dataset.label_version) == ("ucsd_ped2", "official")
    assert [v.id for v in dataset.train] == ["train/01", "train/02"]
    assert [len(v.frames) for v in dataset.train] == [3, 4]
    assert all(v.video_label == 0 and not v.labels.any() for v in dataset.train)
    for video in dataset.test:
        np.testing.assert_array_equal(video.labels, LABELS[video.id])
        np.testing.assert_array_equal([m.any() for m in video.masks], LABELS[video.id])
        np.testing.assert_array_equal(video.frames[2], layouts.picture(2))
        assert (video.video_label, video.fps, video.fps_assumed) == (1, 10.0, True)
        assert video.frames.channels == 1
    assert dataset.metadata["label_convention"] == "frames counted from 1, both ends included"


def test_what_lies_among_the_clips_is_said(tmp_path, official):
    """Folders of other names, and files that are no labels of any version."""
    (official / "UCSDped2" / "Test" / "Test001 (copy)").mkdir()
    (official / "UCSDped2" / "Test" / "notes.doc").touch()
    (official / "UCSDped2" / "Train" / "frame_labels.npy").touch()
    assert whats(load(tmp_path, official)) == [
        "left out: .doc files (1), such as Test/notes.doc",
        "left out: folders that are no clip of UCSD Ped2 (1), such as Test/Test001 (copy)/",
    ]


def test_two_copies_are_refused_with_their_names(tmp_path, official, jpg):
    (official / "UCSDped2").rename(tmp_path / "UCSDped2")
    with pytest.raises(UserError, match=r"2 times: .*/UCSDped2 \(off.*/ped2 \(frames"):
        load(tmp_path, tmp_path)
    (tmp_path / "UCSDped2" / "Train").rename(jpg / "Train")
    with pytest.raises(UserError, match=r"2 times: .*; move all but one away"):
        load(tmp_path, jpg)


class Evil:
    """Unpickled, it writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["ground_truth_demo/gt_label.json", "frame_labels_ped2.npy"])
def test_pickles_are_never_opened(tmp_path, jpg, name):
    """hf2vad's labels are a pickle by the name of .json; an .npy of objects is one too."""
    touched, path = tmp_path / "touched", jpg / name
    path.parent.mkdir(exist_ok=True)
    pickle.loads(pickle.dumps(Evil(touched)))
    assert touched.exists()
    touched.unlink()
    if path.suffix == ".json":
        path.write_bytes(pickle.dumps(Evil(touched)))
        layouts.write_gt(jpg / "ped2.mat", INTERVALS)
        assert load(tmp_path, jpg).test[0].labels is not None
    else:
        np.save(path, np.array([Evil(touched)], object), allow_pickle=True)
        with pytest.raises(UserError, match=r"frame_labels_ped2\.npy"):
            load(tmp_path, jpg)
    assert not touched.exists()


@pytest.mark.parametrize("kind", ["ped2.mat", "frame_labels_ped2.npy", "../frame_labels_ped2.npy"])
def test_jpg_layout_gives_the_same_clips(tmp_path, jpg, official, kind):
    if kind.endswith("mat"):
        layouts.write_gt(jpg / kind, INTERVALS)
    else:
        np.save(jpg / kind, vector()[None])
    layouts.strew(jpg)
    found, wanted = load(tmp_path, jpg, official), load(tmp_path, official)
    assert found.deviations == ()
    for a, b in zip(found.train + found.test, wanted.train + wanted.test, strict=True):
        assert a.id == b.id and len(a.frames) == len(b.frames)
        np.testing.assert_array_equal(a.labels, b.labels)
        assert np.abs(a.frames[1].astype(int) - b.frames[1]).max() < 6
    for a, b in zip(found.test, wanted.test, strict=True):
        np.testing.assert_array_equal(list(a.masks), list(b.masks))


@pytest.mark.parametrize("below", ["", "UCSDped2", "UCSDped2/Test", ".."])
def test_masks_dir_may_be_any_level_and_brings_the_labels(tmp_path, jpg, official, below):
    dataset = load(tmp_path, jpg, official / below)
    assert dataset.deviations == ()
    assert dataset.metadata["label_file"].endswith("/Test/UCSDped2.m")
    np.testing.assert_array_equal(dataset.test[1].labels, LABELS["test/02"])


def test_png_masks_and_a_data_set_without_masks(tmp_path, jpg):
    layouts.write_gt(jpg / "ped2.mat", INTERVALS)
    dataset = load(tmp_path, jpg)
    assert whats(dataset) == ["no masks of the test clips 1-3"]
    assert [v.masks for v in dataset.test] == [None] * 3
    layouts.write_masks(tmp_path / "gt" / "Test003_gt", LABELS["test/03"], suffix=".png")
    dataset = load(tmp_path, jpg, tmp_path / "gt")
    assert whats(dataset) == ["no masks of the test clips 1-2"]
    assert dataset.metadata["masks"] == "1 of 3 test clips"
    assert [v.masks is None for v in dataset.test] == [True, True, False]


def test_missing_clips_keep_their_labels_and_are_the_coverage(tmp_path):
    some = {1: 6, 3: 5}
    base = layouts.ucsd_official(
        tmp_path, "UCSDped2", train={2: 4}, test=some, intervals=INTERVALS, masks=(1, 3)
    )
    dataset = load(tmp_path, base)
    assert dataset.coverage == "3 of 5 clips"
    assert whats(dataset) == [
        "train: 1 of 2 clips; missing 1",
        "test: 2 of 3 clips; missing 2",
    ]
    np.testing.assert_array_equal(dataset.test[1].labels, LABELS["test/03"])


def test_a_vector_is_cut_by_published_lengths_when_clips_are_missing(tmp_path):
    root = layouts.frames_layout(tmp_path / "ped2", train=TRAIN, test={1: 6, 3: 5})
    np.save(root / "frame_labels_ped2.npy", vector())
    dataset = load(tmp_path, root)
    for video in dataset.test:
        np.testing.assert_array_equal(video.labels, LABELS[video.id])


def test_one_unreadable_frame_keeps_labels_in_place(tmp_path, official):
    path = official / "UCSDped2/Test/Test002/005.tif"
    path.write_bytes(path.read_bytes()[:-40])
    dataset = load(tmp_path, official)
    video = dataset.test[1]
    assert video.substituted == (4,) and len(video.frames) == 8
    np.testing.assert_array_equal(video.frames[4], layouts.picture(3))
    np.testing.assert_array_equal(video.labels, LABELS["test/02"])
    assert whats(dataset) == ["test/02: frames 4 (0-based) cannot be read"]
    assert "shows its neighbour" in dataset.deviations[0].meaning


def test_counts_that_differ_are_deviations(tmp_path):
    other = [INTERVALS[0], [(1, 2), (6, 7)], INTERVALS[2]]
    base = layouts.ucsd_official(
        tmp_path, "UCSDped2", train={1: 3, 2: 6}, test=TEST, intervals=other, masks=(1, 2, 3)
    )
    layouts.write_masks(base / "Test/Test002_gt", LABELS["test/02"])
    layouts.write_masks(base / "Test/Test003_gt", LABELS["test/03"][:4], prefix="frame")
    (base / "Test/Test003_gt/frame005.bmp").unlink()
    (base / "Train/Train002/003.tif").unlink()
    dataset = load(tmp_path, base)
    assert whats(dataset) == [
        "train/02 has 5 frames instead of 4",
        "test/02 has 4 abnormal frames instead of 5",
        "train/02 lacks frames 3",
        "not one mask a frame: test/03 has 4",
        "masks and official labels differ: test/02 in 1 frames",
    ]
    assert [v.masks is None for v in dataset.test] == [False, False, True]
    assert all(deviation.meaning for deviation in dataset.deviations)


def test_label_files_that_disagree(tmp_path, official):
    layouts.write_gt(official / "UCSDped2/ped2.mat", [[(2, 5)], *INTERVALS[1:]])
    dataset = load(tmp_path, official)
    assert whats(dataset) == ["ped2.mat and UCSDped2.m differ in test/01"]
    np.testing.assert_array_equal(dataset.test[0].labels, LABELS["test/01"])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda b: (b / "Test/Test003/005.tif").unlink(), r"abnormal frames 0 to 5 .* of 4 frames"),
        (lambda b: (b / "Test/Test002/003.tif").unlink(), "frames 3 are missing, and the labels"),
        (lambda b: (b / "Test/Test002/001.tif").unlink(), "frames 1 are missing"),
        (lambda b: layouts.write_m(b / "Test/UCSDped2.m", INTERVALS[:2]), "labels 2 clips instead"),
        (lambda b: layouts.write_images(b / "Test/Test004", 3), "test/04 is one clip too many"),
        (lambda b: layouts.write_images(b / "Test/Test1", 3), "Test001 and .*Test1 are both clip"),
        (lambda b: (b / "Test/UCSDped2.m").unlink(), "no official labels; looked for .*UCSDped2.m"),
        (lambda b: [p.unlink() for p in (b / "Train/Train001").iterdir()], "holds no images"),
        (lambda b: (b / "Test/Test001_gt/frame001.bmp").write_bytes(b""), "cannot be read as a ma"),
        (
            lambda b: (b / "Train/Train002/002.tif").write_bytes(layouts.LFS_POINTER),
            "002.tif is a Git-LFS pointer",
        ),
    ],
)
def test_labels_that_do_not_fit_the_frames_are_errors(tmp_path, official, spoil, message):
    spoil(official / "UCSDped2")
    with pytest.raises(UserError, match=message):
        load(tmp_path, official)


def test_a_vector_of_another_length_is_an_error(tmp_path, jpg):
    for wrong in (vector()[:-1], np.append(vector(), 0)):
        np.save(jpg / "frame_labels_ped2.npy", wrong)
        with pytest.raises(UserError, match=r"labels (18|20) frames, but the 3 test clips have 19"):
            load(tmp_path, jpg)
    # One clip missing, and another not as long as published.
    root = layouts.frames_layout(tmp_path / "part", train=TRAIN, test={1: 6, 3: 4})
    np.save(root / "frame_labels_ped2.npy", vector())
    with pytest.raises(UserError, match="test/03 has 4 frames and 5 labels"):
        load(tmp_path, root)


def test_masks_of_other_frames_are_refused(tmp_path, jpg, official, monkeypatch):
    monkeypatch.setattr(layouts, "WIDTH", 20)
    layouts.write_masks(official / "UCSDped2/Test/Test002_gt", LABELS["test/02"])
    with pytest.raises(UserError, match="the mask is 20x24, the frames are 36x24"):
        load(tmp_path, jpg, official)
    with pytest.raises(UserError, match="holds no folders Test001_gt"):
        load(tmp_path, jpg, jpg)


def test_another_data_set_is_described(tmp_path):
    (tmp_path / "other" / "photos").mkdir(parents=True)
    with pytest.raises(UserError) as caught:
        load(tmp_path, tmp_path / "other")
    message = str(caught.value)
    assert "is not UCSD Ped2: wanted the folders Train and Test, or training/frames" in message
    assert "holds photos/. Get UCSD_Anomaly_Dataset.tar.gz" in message


def test_frames_of_another_size_are_a_deviation(tmp_path, official, monkeypatch):
    monkeypatch.setattr(UcsdPed2, "size", (240, 360))
    dataset = load(tmp_path, official)
    assert whats(dataset) == ["5 clips are 36x24 pixels instead of 360x240"]


def test_ped1_has_masks_for_ten_clips_and_an_unreadable_frame(tmp_path, monkeypatch):
    monkeypatch.setattr(UcsdPed1, "size", (layouts.HEIGHT, layouts.WIDTH))
    intervals = [[(1, 2)] for _ in range(36)]
    intervals[4] = [(1, 1), (3, 3)]
    base = layouts.ucsd_official(
        tmp_path,
        "UCSDped1",
        train={1: 3},
        test={5: 3, 14: 3, 17: 4},
        intervals=intervals,
        masks=[14],
    )
    (base / "Test/Test017/002.tif").write_bytes(b"II*\0")
    dataset = load(tmp_path, tmp_path, name="ucsd_ped1")
    assert dataset.coverage == "4 of 70 clips"
    assert [v.labels.tolist() for v in dataset.test] == [[1, 0, 1], [1, 1, 0], [1, 1, 0, 0]]
    assert [v.masks is None for v in dataset.test] == [True, False, True]
    assert [v.substituted for v in dataset.test] == [(), (), (1,)]
    assert not any("masks" in what for what in whats(dataset))


def test_expected_counts_are_those_of_the_facts():
    train, test = UcsdPed1.expected["train"], UcsdPed1.expected["test"]
    assert (train.clips, train.frames, test.clips, test.frames) == (34, 6800, 36, 7200)
    assert sum(test.abnormal["official"]) == 4045 and len(test.abnormal["official"]) == 36
    assert sum(train.lengths) == 6800 and sum(test.lengths) == 7200


def test_expected_counts_of_ped2_add_up(monkeypatch):
    monkeypatch.undo()
    train, test = UcsdPed2.expected["train"], UcsdPed2.expected["test"]
    assert (len(train.lengths), sum(train.lengths)) == (train.clips, train.frames) == (16, 2550)
    assert (len(test.lengths), sum(test.lengths)) == (test.clips, test.frames) == (12, 2010)
    assert sum(test.abnormal["official"]) == 1648
