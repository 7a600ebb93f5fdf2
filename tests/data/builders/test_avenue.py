import numpy as np
import pytest
import scipy.io

from tests.data import layouts
from vadjax import data
from vadjax.data.builders.avenue import Avenue
from vadjax.data.builders.expected import Side
from vadjax.errors import UserError

TRAIN, TEST = {1: 4, 2: 5}, {1: 6, 2: 5, 3: 7}
MASKED = {1: [(2, 4)], 2: [(1, 5)], 3: [(3, 3), (6, 7)]}
HASAN = [[(2, 5)], [(2, 3)], [(3, 7)]]
LABELS = {n: layouts.label(ranges, TEST[n]) for n, ranges in MASKED.items()}
HASAN_LABELS = [layouts.label(ranges, TEST[n]) for n, ranges in enumerate(HASAN, 1)]


@pytest.fixture(autouse=True)
def small_avenue(monkeypatch):
    abnormal = {"pixel_masks": (3, 5, 3), "hasan_intervals": (4, 2, 5)}
    test = Side(3, 18, (6, 5, 7), abnormal, masks=(1, 2, 3))
    monkeypatch.setattr(Avenue, "expected", {"train": Side(2, 9, (0, 5)), "test": test})
    monkeypatch.setattr(Avenue, "size", (layouts.HEIGHT, layouts.WIDTH))


@pytest.fixture
def avenue(tmp_path):
    """The authors' layout, with the masks' archive unpacked into it."""
    root = tmp_path / "Avenue Dataset"
    for n, length in TRAIN.items():
        layouts.write_video(root / "training_videos" / f"{n:02d}.avi", length)
    for n, length in TEST.items():
        layouts.write_video(root / "testing_videos" / f"{n:02d}.avi", length)
    write_masks(root / "ground_truth_demo" / "testing_label_mask")
    (root / "testing_vol").mkdir()
    (root / "testing_vol" / "vol01.mat").touch()
    layouts.strew(root)
    return root


def write_masks(folder):
    for n, labels in LABELS.items():
        layouts.write_vollabel(folder / f"{n}_label.mat", labels)


def load(tmp_path, data_dir, masks_dir="", label_version=""):
    config = layouts.config("avenue", data_dir, masks_dir, label_version)
    return data.load(config, cache_dir=tmp_path / "cache")


def whats(dataset):
    return [deviation.what for deviation in dataset.deviations]


@pytest.mark.parametrize("below", ["", ".."])
def test_official_layout_with_labels_from_masks(tmp_path, avenue, below):
    dataset = load(tmp_path, avenue / below)
    assert (dataset.label_version, dataset.coverage, dataset.deviations) == (
        "pixel_masks",
        None,
        (),
    )
    assert [v.id for v in dataset.test] == ["test/01", "test/02", "test/03"]
    for n, video in enumerate(dataset.test, 1):
        np.testing.assert_array_equal(video.labels, LABELS[n])
        np.testing.assert_array_equal([m.sum() for m in video.masks], 12 * LABELS[n])
        assert (video.fps, video.fps_assumed, video.frames.channels) == (25.0, False, 3)
        assert len(list(video.frames)) == TEST[n]


def test_frames_layout_with_masks_elsewhere(tmp_path):
    root = layouts.frames_layout(tmp_path / "avenue", train=TRAIN, test=TEST, digits=4)
    for place in ("gt/ground_truth_demo/testing_label_mask", "demo/testing_label_mask", "masks"):
        write_masks(tmp_path / place)
        dataset = load(tmp_path, root, tmp_path / place.split("/")[0])
        assert dataset.deviations == ()
        np.testing.assert_array_equal(dataset.test[2].labels, LABELS[3])
        assert (dataset.test[2].fps, dataset.test[2].fps_assumed) == (25.0, True)


@pytest.mark.parametrize("kind", ["avenue.mat", "frame_labels_avenue.npy", "squeezed.mat"])
def test_hasan_intervals_are_another_labelling(tmp_path, avenue, kind):
    if kind == "avenue.mat":
        layouts.write_gt(avenue / kind, HASAN)
    elif kind == "squeezed.mat":
        scipy.io.savemat(avenue / "avenue.mat", {"gt": np.array([r[0] for r in HASAN])})
    else:
        np.save(avenue / kind, np.concatenate(HASAN_LABELS)[None].astype(np.int8))
    dataset = load(tmp_path, avenue, label_version="hasan_intervals")
    assert dataset.label_version == "hasan_intervals"
    for video, labels in zip(dataset.test, HASAN_LABELS, strict=True):
        np.testing.assert_array_equal(video.labels, labels)
        assert video.masks is not None
    differ = "test/01 in 1, test/02 in 3, test/03 in 2 frames"
    assert whats(dataset) == [f"masks and hasan_intervals labels differ: {differ}"]
    assert load(tmp_path, avenue).deviations == ()


def test_hasan_intervals_do_without_masks(tmp_path):
    root = layouts.frames_layout(tmp_path / "avenue", train=TRAIN, test=TEST)
    np.save(tmp_path / "frame_labels_avenue.npy", np.concatenate(HASAN_LABELS))
    dataset = load(tmp_path, root, label_version="hasan_intervals")
    assert whats(dataset) == ["no masks of the test clips 1-3"]
    with pytest.raises(UserError, match=r"no masks, and so no pixel_masks labels, of .*frames/01"):
        load(tmp_path, root)


def test_the_other_avenue_mat_is_not_taken_for_intervals(tmp_path, avenue):
    vectors = {f"{n:02d}": LABELS[n][None] for n in LABELS}
    scipy.io.savemat(avenue / "avenue.mat", vectors, appendmat=False)
    with pytest.raises(UserError, match=r"avenue.mat: wanted the variable 'gt'; found"):
        load(tmp_path, avenue, label_version="hasan_intervals")


def test_missing_clips_are_the_coverage(tmp_path, avenue):
    for path in ("training_videos/01.avi", "testing_videos/01.avi", "testing_videos/03.avi"):
        (avenue / path).unlink()
    (avenue / "ground_truth_demo/testing_label_mask/3_label.mat").unlink()
    dataset = load(tmp_path, avenue)
    assert dataset.coverage == "2 of 5 clips"
    assert whats(dataset) == [
        "train: 1 of 2 clips; missing 1",
        "test: 1 of 3 clips; missing 1, 3",
    ]
    np.testing.assert_array_equal(dataset.test[0].labels, LABELS[2])


def test_a_longer_training_clip_is_a_deviation(tmp_path, avenue):
    layouts.write_video(avenue / "training_videos/01.avi", 6)
    assert whats(load(tmp_path, avenue)) == ["train has 11 frames instead of 9"]
    layouts.write_video(avenue / "training_videos/02.avi", 8)
    assert whats(load(tmp_path, avenue)) == ["train/02 has 8 frames instead of 5"]


def test_clips_that_nobody_published_are_a_deviation(tmp_path, avenue):
    layouts.write_video(avenue / "training_videos/04.avi", 6)
    layouts.write_video(avenue / "testing_videos/04.avi", 4)
    labels = np.array([0, 0, 1, 1])
    layouts.write_vollabel(avenue / "ground_truth_demo/testing_label_mask/4_label.mat", labels)
    dataset = load(tmp_path, avenue)
    assert whats(dataset) == [
        "train/04: the data set has 2 train clips",
        "test/04: the data set has 3 test clips",
    ]
    np.testing.assert_array_equal(dataset.test[3].labels, labels)
    assert dataset.coverage is None


def test_a_cut_training_video_is_a_deviation(tmp_path, avenue):
    path = layouts.write_video(avenue / "training_videos/02.avi", 40)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    what = whats(load(tmp_path, avenue))[-1]
    assert what.startswith("train/02: the header announces 40 frames, ")


def test_a_test_video_not_as_long_as_its_masks_is_an_error(tmp_path, avenue):
    for length in (4, 6):
        layouts.write_video(avenue / "testing_videos/02.avi", length)
        with pytest.raises(UserError, match=f"test/02 has {length} frames and 5 labels"):
            load(tmp_path, avenue)


def test_masks_that_cannot_be_used(tmp_path, avenue):
    path = avenue / "ground_truth_demo/testing_label_mask/1_label.mat"
    scipy.io.savemat(path, {"volLabel": np.zeros((2, 3))})
    with pytest.raises(UserError, match=r"1_label.mat: volLabel should be a cell"):
        load(tmp_path, avenue)
    path.write_bytes(b"")
    with pytest.raises(UserError, match=r"1_label.mat cannot be read as a MATLAB file"):
        load(tmp_path, avenue)
    with pytest.raises(UserError, match=r"testing_vol holds no 1_label\.mat"):
        load(tmp_path, avenue, avenue / "testing_vol")


def test_an_unknown_labelling_has_a_closest_match(tmp_path, avenue):
    with pytest.raises(UserError, match=r"'pixel_mask' unknown; .* Did you mean 'pixel_masks'"):
        load(tmp_path, avenue, label_version="pixel_mask")


def test_expected_counts_are_those_of_the_facts(monkeypatch):
    monkeypatch.undo()
    train, test = Avenue.expected["train"], Avenue.expected["test"]
    assert (train.clips, train.frames, len(train.lengths)) == (16, 15328, 16)
    assert (test.clips, test.frames, sum(test.lengths)) == (21, 15324, 15324)
    assert {k: (len(v), sum(v)) for k, v in test.abnormal.items()} == {
        "pixel_masks": (21, 3712),
        "hasan_intervals": (21, 3867),
    }
