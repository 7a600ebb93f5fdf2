import itertools

import cv2
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tests.data import layouts
from vadjax import data
from vadjax.data.builders.expected import Side
from vadjax.data.builders.umn import Umn
from vadjax.errors import UserError

LENGTHS, HEADS = (8, 9, 7), (3, 4, 2)  # the last frame of a head is on neither side
EVENTS = {"social_force": ((5, 7), (4, 8), (3, 6)), "diego_navaca": ((4, 8), (6, 9), (2, 7))}
BY_HAND = {  # the test side: behind the heads
    "social_force": ([0, 0, 1, 1, 0], [1, 1, 1, 1, 0], [0, 1, 1, 1, 0]),
    "diego_navaca": ([0, 1, 1, 1, 1], [0, 0, 1, 1, 1], [1, 1, 1, 1, 1]),
}
ALWAYS = [
    "training clips are the first frames of the clips whose rest is tested",
    'the top tenth of every frame is blanked: the text "Abnormal Crowd Activity" stands there '
    "during each event",
]

LEFT = [  # of the layout of one file a clip, as it is written here
    "left out: .txt files (1), such as ground_truth.txt",
    "left out: videos and folders of images that are no clip of UMN (1), such as "
    "One-Class/UMN1_normal",
]


@pytest.fixture
def small(monkeypatch):
    abnormal = {name: tuple(map(sum, clips)) for name, clips in BY_HAND.items()}
    sides = {"train": Side(3, 6, (2, 3, 1)), "test": Side(3, 15, (5, 5, 5), abnormal)}
    for name, value in {
        "cuts": (8, 17),
        "test_from": HEADS,
        "gap": 1,
        "events": EVENTS,
        "scenes": ("lawn", "lawn", "indoor"),
        "expected": sides,
        "size": (layouts.HEIGHT, layouts.WIDTH),
    }.items():
        monkeypatch.setattr(Umn, name, value)


@pytest.fixture
def one_file(tmp_path, small):
    root = tmp_path / "umn"
    layouts.write_video(root / "Movies" / "Crowd-Activity-All.avi", sum(LENGTHS), fps=30)
    layouts.strew(root)
    return root


@pytest.fixture
def files(tmp_path, small):
    root = tmp_path / "umn"
    for path, length in zip(("UMN1", "lawn/UMN2", "indoor/UMN3"), LENGTHS, strict=True):
        layouts.write_video(root / f"{path}.mp4", length, fps=30)
    layouts.write_video(root / "One-Class" / "UMN1_normal.avi", 3)  # left beside by one copy
    (root / "ground_truth.txt").write_text("UMN1,5,8\n")
    layouts.strew(root)
    return root


def load(tmp_path, root, label_version=""):
    config = layouts.config("umn", root, label_version=label_version)
    return data.load(config, cache_dir=tmp_path / "cache")


def whats(dataset):
    return [deviation.what for deviation in dataset.deviations]


@pytest.mark.parametrize("label_version", EVENTS)
@pytest.mark.parametrize("layout", ["one_file", "files"])
def test_clips_labels_and_scenes(tmp_path, request, layout, label_version):
    dataset = load(tmp_path, request.getfixturevalue(layout), label_version)
    assert (dataset.label_version, dataset.coverage) == (label_version, None)
    assert whats(dataset) == ALWAYS + (LEFT if layout == "files" else [])
    assert [v.id for v in dataset.train] == ["train/01", "train/02", "train/03"]
    assert [v.id for v in dataset.test] == ["test/01", "test/02", "test/03"]
    assert [len(v.frames) for v in dataset.train] == [2, 3, 1]
    assert not any(v.labels.any() for v in dataset.train)
    for video, labels in zip(dataset.test, BY_HAND[label_version], strict=True):
        np.testing.assert_array_equal(video.labels, labels)
        assert (video.fps, video.fps_assumed) == (30.0, False)
    for side in (dataset.train, dataset.test):
        assert [v.scene for v in side] == ["lawn", "lawn", "indoor"]


def test_the_one_file_is_cut_where_the_clips_begin(tmp_path, one_file):
    dataset = load(tmp_path, one_file)
    whole = list(data.open_video(one_file / "Movies/Crowd-Activity-All.avi").frames)
    clips = np.split(np.stack(whole), np.cumsum(LENGTHS)[:-1])
    for clip in clips:
        clip[:, :3] = 0  # a tenth of 24 rows, rounded up
    for clip, head, train, test in zip(clips, HEADS, dataset.train, dataset.test, strict=True):
        np.testing.assert_array_equal(list(train.frames), clip[: head - 1])
        np.testing.assert_array_equal(list(test.frames), clip[head:])
    np.testing.assert_array_equal(dataset.test[1].frames[2], clips[1][4 + 2])


def auc(dataset, score):
    scores = [score(frame) for video in dataset.test for frame in video.frames]
    return roc_auc_score(np.concatenate([video.labels for video in dataset.test]), scores)


def test_a_detector_of_text_alone_gets_chance(tmp_path, small, monkeypatch):
    """Frames that differ in nothing but red text where the event is, as the real ones have it."""
    for number, (length, event) in enumerate(zip(LENGTHS, EVENTS["social_force"], strict=True), 1):
        folder = tmp_path / "umn" / f"UMN{number}"
        for path in layouts.write_images(folder, length, suffix=".png"):
            frame = np.full((240, 320, 3), 90, np.uint8)
            frame[100:140, 50:90] = 200
            if event[0] <= int(path.stem) - 1 < event[1]:
                cv2.putText(frame, "Abnormal Crowd Activity", (4, 16), 0, 0.4, (0, 0, 255))
            assert cv2.imwrite(str(path), frame)
    monkeypatch.setattr(Umn, "size", (240, 320))

    def red(frame):  # as a script in circulation reads the labels
        part = frame[:20, :160].astype(int)
        return np.sum((part[..., 0] > 150) & (part[..., 1:].max(2) < 100))

    def anything(frame):
        return frame.astype(int).var()

    blanked = load(tmp_path, tmp_path / "umn")
    assert [auc(blanked, score) for score in (red, anything)] == [0.5, 0.5]
    monkeypatch.setattr(Umn, "blank", 0)
    (tmp_path / "umn/UMN1/001.png").touch()  # a new index
    whole = load(tmp_path, tmp_path / "umn")
    assert auc(whole, red) == 1
    assert whole.test[0].fingerprint != blanked.test[0].fingerprint  # features of their own


def test_folders_of_images_have_an_assumed_rate(tmp_path, small):
    for number, length in enumerate(LENGTHS, 1):
        layouts.write_images(tmp_path / "umn" / f"Crowd-Activity-All_{number}", length)
    dataset = load(tmp_path, tmp_path / "umn")
    assert whats(dataset) == ALWAYS
    assert {(v.fps, v.fps_assumed) for v in (*dataset.train, *dataset.test)} == {(30.0, True)}


def test_missing_and_longer_clips(tmp_path, files):
    (files / "lawn/UMN2.mp4").unlink()
    layouts.write_video(files / "UMN1.mp4", 9, fps=30)
    dataset = load(tmp_path, files)
    assert dataset.coverage == "4 of 6 clips"
    assert whats(dataset) == [
        "train: 2 of 3 clips; missing 2",
        "test: 2 of 3 clips; missing 2",
        "test/01 has 6 frames instead of 5",
        *ALWAYS,
        *LEFT,
    ]
    np.testing.assert_array_equal(dataset.test[1].labels, BY_HAND["social_force"][2])


def test_clips_that_are_too_short(tmp_path, one_file):
    path = one_file / "Movies/Crowd-Activity-All.avi"
    layouts.write_video(path, 20)
    with pytest.raises(UserError, match=r"social_force, test/03: .* 3 to 6 .* clip of 3 frames"):
        load(tmp_path, one_file)
    layouts.write_video(path, 16)
    with pytest.raises(UserError, match=r"wanted frames 8 to 16 .*, but 16 can be decoded"):
        load(tmp_path, one_file)


def test_copies_and_strangers(tmp_path, files):
    layouts.write_video(files / "UMN12.mp4", 5)
    with pytest.raises(UserError, match=r"UMN12.mp4 is not a clip of UMN, which has 3"):
        load(tmp_path, files)
    (files / "UMN12.mp4").unlink()
    layouts.write_video(files / "Crowd-Activity-All_2.mp4", 9)
    with pytest.raises(UserError, match=r"UMN more than once: .*lawn/UMN2.mp4"):
        load(tmp_path, files)
    (files / "Crowd-Activity-All_2.mp4").unlink()
    layouts.write_video(files / "Crowd-Activity-All.avi", 24)
    with pytest.raises(UserError, match=r"UMN more than once: Crowd-Activity-All.avi, "):
        load(tmp_path, files)


def test_another_data_set_and_another_labelling(tmp_path, files):
    layouts.write_video(tmp_path / "avenue" / "testing_videos" / "01.avi", 5)
    with pytest.raises(UserError, match=r"avenue is not UMN: .* holds testing_videos/\. Get Mov"):
        load(tmp_path, tmp_path / "avenue")
    with pytest.raises(UserError, match=r"'navaca' unknown; .* Did you mean 'diego_navaca'"):
        load(tmp_path, files, "navaca")


def test_expected_counts_are_those_of_the_facts():
    lengths = np.diff((0, *Umn.cuts, 7739))
    train, test = Umn.expected["train"], Umn.expected["test"]
    assert (train.frames, test.frames) == (sum(train.lengths), sum(test.lengths))
    np.testing.assert_array_equal(np.add(train.lengths, Umn.gap), Umn.test_from)
    np.testing.assert_array_equal(np.add(Umn.test_from, test.lengths), lengths)
    assert {scene: len(list(clips)) for scene, clips in itertools.groupby(Umn.scenes)} == {
        **{"lawn": 2, "indoor": 6, "plaza": 3}
    }
    for name, events in Umn.events.items():
        sizes = tuple(stop - start for start, stop in events)
        assert (name, sizes) == (name, test.abnormal[name])
        # Every event lies in the test side of its clip.
        assert all(a <= start for a, (start, _) in zip(Umn.test_from, events, strict=True))
        assert all(stop <= n for n, (_, stop) in zip(lengths, events, strict=True))
    assert {name: sum(counts) for name, counts in test.abnormal.items()} == {
        "social_force": 1046,
        "diego_navaca": 1454,
    }


def test_the_files_in_circulation_say_the_same(real_data):
    folder = real_data / "data/umn_annotation_only"
    rows = {}
    for name in ("gtLimits_social_force_repo.csv", "ground_truth_DiegoNavaca.txt"):
        lines = (folder / name).read_text().split()
        rows[name] = [tuple(map(int, x.split(",")[1:])) for x in lines if x[-1].isdigit()]
    sliced, counted = rows.values()
    assert tuple(sliced) == Umn.events["social_force"]
    assert tuple((first - 1, last) for first, last in counted) == Umn.events["diego_navaca"]
