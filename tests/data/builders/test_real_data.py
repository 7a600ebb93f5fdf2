"""The readers on the real samples: exactly the known counts (docs/datasets.md)."""

import numpy as np
import pytest

from tests.data import layouts
from vadjax import data
from vadjax.data.builders.positional import read_by_position
from vadjax.data.builders.ucsd import UcsdPed1
from vadjax.data.labels.frame_labels import read_ucsd_m
from vadjax.data.labels.masks import ImageMasks
from vadjax.data.paths.files import images
from vadjax.errors import UserError

PED2_TRAIN = [120, 150, 150, 180, 180, 150, 150, 120, 180, 180, 180, 180, 180, 150, 150, 150]
PED2_TEST = [180, 180, 150, 180, 150, 180, 180, 180, 120, 150, 180, 180]
UCSD = "UCSD_Anomaly_Dataset.v1p2"


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def samples(real_data):
    return real_data / "data"


def test_ped2_with_the_authors_masks_and_labels(samples, cache_dir):
    config = layouts.config("ucsd_ped2", samples / "ped2", samples / UCSD)
    dataset = data.load(config, cache_dir=cache_dir)
    assert dataset.deviations == () and dataset.coverage is None
    assert [len(v.frames) for v in dataset.train] == PED2_TRAIN and sum(PED2_TRAIN) == 2550
    assert [len(v.frames) for v in dataset.test] == PED2_TEST and sum(PED2_TEST) == 2010
    assert sum(int(v.labels.sum()) for v in dataset.test) == 1648
    assert [v.id for v in dataset.test if v.labels.all()] == [
        f"test/{n:02d}" for n in (8, 9, 10, 11)
    ]
    for video in dataset.test[4:7]:
        np.testing.assert_array_equal([m.any() for m in video.masks], video.labels)
    video = dataset.test[1]
    assert (video.frames.shape, video.frames.channels) == ((240, 360), 1)
    # The masks lie on things that move: frames differ there from the clip's median.
    stack = np.stack(list(video.frames)).astype(np.float32)
    masks = np.stack(list(video.masks)).astype(bool)
    moved = np.abs(stack - np.median(stack, axis=0))
    assert moved[masks].mean() > 3 * moved[~masks].mean()


def test_ped2_labels_are_the_same_in_all_three_files(samples):
    num_frames = dict(enumerate(PED2_TEST, 1))
    read = [
        read_by_position(samples / name, num_frames, num_clips=12, lengths=PED2_TEST)
        for name in (
            f"{UCSD}/UCSDped2/Test/UCSDped2.m",
            "ped2/ped2.mat",
            "ped2/frame_labels_ped2.npy",
        )
    ]
    first, *others = [np.concatenate(list(labels.values())) for labels in read]
    assert len(first) == 2010 and first.sum() == 1648
    for other in others:
        np.testing.assert_array_equal(first, other)


def test_ped1_labels_have_clips_of_two_ranges(samples):
    path = samples / UCSD / "UCSDped1" / "Test" / "UCSDped1.m"
    clips = read_ucsd_m(path)
    assert [n for n, ranges in enumerate(clips, 1) if len(ranges) == 2] == [5, 6, 29, 32]
    lengths = dict.fromkeys(range(1, 37), 200)
    labels = read_by_position(path, lengths, num_clips=36, lengths=[200] * 36)
    expected = UcsdPed1.expected["test"]
    assert tuple(labels[n].sum() for n in lengths) == expected.abnormal["official"]
    for n in expected.masks:
        masks = ImageMasks(images(path.parent / f"Test{n:03d}_gt"))
        np.testing.assert_array_equal([mask.any() for mask in masks], labels[n])


def test_avenue_clips_and_their_coverage(samples, cache_dir):
    config = layouts.config("avenue", samples / "Avenue_Dataset")
    dataset = data.load(config, cache_dir=cache_dir)
    assert (dataset.coverage, dataset.label_version) == ("6 of 37 clips", "pixel_masks")
    assert [(v.id, len(v.frames)) for v in dataset.train] == [("train/12", 145), ("train/16", 244)]
    found = [(v.id, len(v.frames), int(v.labels.sum())) for v in dataset.test]
    assert found == [
        ("test/08", 36, 36),
        ("test/18", 294, 294),
        ("test/20", 273, 154),
        ("test/21", 76, 53),
    ]
    assert [d.what.split(";")[0] for d in dataset.deviations] == [
        "train: 2 of 16 clips",
        "test: 4 of 21 clips",
    ]
    video = dataset.test[3]
    assert video.frames.shape == video.masks[0].shape == (360, 640) and video.fps == 25
    in_order = list(video.frames)
    for i in (50, 3, 75):
        np.testing.assert_array_equal(video.frames[i], in_order[i])


def test_avenue_has_two_labellings(samples, cache_dir):
    config = layouts.config("avenue", samples / "Avenue_Dataset", label_version="hasan_intervals")
    dataset = data.load(config, cache_dir=cache_dir)
    assert [int(v.labels.sum()) for v in dataset.test] == [10, 265, 154, 53]
    assert (
        dataset.deviations[-1].what
        == "masks and hasan_intervals labels differ: test/08 in 26, test/18 in 29 frames"
    )


def test_traps_are_a_git_lfs_pointer(samples, cache_dir):
    with pytest.raises(UserError, match=r"Test001/001\.tif is a Git-LFS pointer"):
        data.load(layouts.config("ucsd_ped2", samples / "traps"), cache_dir=cache_dir)


def test_the_wrong_data_set_is_described(samples, cache_dir):
    config = layouts.config("avenue", samples / UCSD)
    with pytest.raises(UserError, match=r"not CUHK Avenue: .* README.txt, UCSDped1/, UCSDped2/"):
        data.load(config, cache_dir=cache_dir)


def test_unlabelled_clips_open(samples):
    for name, shape, fps in (("001", (158, 238), 10), ("004", (240, 320), 30)):
        video = data.open_video(samples / "ped1_clips_unlabelled" / f"{name}.avi")
        assert (video.id, len(video.frames), video.fps) == (f"test/{name}", 200, fps)
        assert video.frames.shape == shape
