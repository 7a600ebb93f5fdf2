import cv2
import numpy as np
import pytest

from tests.data import layouts
from vadjax import data
from vadjax.errors import UserError


def load(tmp_path, data_dir, **settings):
    config = layouts.config("folder", data_dir, **settings)
    return data.load(config, cache_dir=tmp_path / "cache")


def whats(dataset):
    return [deviation.what for deviation in dataset.deviations]


def ids(videos):
    return [video.id for video in videos]


@pytest.fixture
def two_sides(tmp_path):
    root = tmp_path / "mine"
    layouts.write_video(root / "train" / "monday.avi", 12)
    layouts.write_video(root / "train" / "night" / "10.avi", 5)
    layouts.write_video(root / "train" / "night" / "9.mp4", 5)
    layouts.write_images(root / "train" / "stills", 6, suffix=".png")
    layouts.write_video(root / "test" / "door.avi", 20, fps=10)
    layouts.write_images(root / "test" / "hall", 7, suffix=".jpg")
    (root / "readme.txt").touch()
    layouts.strew(root)
    return root


def test_train_and_test_with_videos_and_image_folders(tmp_path, two_sides):
    dataset = load(tmp_path, two_sides)
    assert ids(dataset.train) == [
        "train/monday",
        "train/night/9",
        "train/night/10",
        "train/stills",
    ]
    assert [len(v.frames) for v in dataset.train] == [12, 5, 5, 6]
    assert ids(dataset.test) == ["test/door", "test/hall"]
    assert [v.fps for v in dataset.test] == [10.0, None]
    assert (dataset.label_version, dataset.coverage, dataset.deviations) == ("unlabelled", None, ())
    assert [v.labels for v in dataset.test] == [None, None]
    assert [v.video_label for v in (*dataset.train, *dataset.test)] == [0] * 4 + [None] * 2


def test_a_frame_rate_is_given_to_clips_that_say_none(tmp_path, two_sides):
    dataset = load(tmp_path, two_sides, fps=12.5)
    clips = (*dataset.train, *dataset.test)
    images = {"train/stills", "test/hall"}
    assert {v.id for v in clips if v.fps == 12.5} == images
    assert [v.fps for v in dataset.test] == [10.0, 12.5]  # a file that says its own keeps it
    assert {v.id for v in clips if v.fps_assumed} == images
    (note,) = dataset.deviations
    assert "12.5 frames a second (dataset.fps)" in note.what
    assert "train/stills" in note.what and "test/hall" in note.what
    # Another rate is another index, and none the first one again.
    assert load(tmp_path, two_sides, fps=5).test[1].fps == 5
    assert load(tmp_path, two_sides).test[1].fps is None


def test_with_a_frame_rate_labels_of_images_may_be_in_seconds(tmp_path, two_sides):
    (two_sides / "labels.csv").write_text("video,start_s,stop_s\nhall,1,2\n")
    with pytest.raises(UserError, match="hall"):
        load(tmp_path, two_sides)
    hall = load(tmp_path, two_sides, fps=2).test[1]
    assert hall.labels.tolist() == [0, 0, 1, 1, 0, 0, 0]


def test_a_frame_rate_that_nothing_needs_is_an_error(tmp_path):
    root = tmp_path / "films"
    for side in ("train", "test"):
        layouts.write_video(root / side / "a.avi", 8, fps=25)
    with pytest.raises(UserError, match=r"dataset\.fps=10.*train/a \(25 a second\); leave it out"):
        load(tmp_path, root, fps=10)


@pytest.mark.parametrize(
    "text", ["video,start,stop\ndoor.avi,5,12\n", "video,start_s,stop_s\ntest/door,.5,1.2\n"]
)
def test_labels_csv_in_frames_or_seconds(tmp_path, two_sides, text):
    (two_sides / "labels.csv").write_text(text)
    dataset = load(tmp_path, two_sides)
    assert dataset.label_version == "labels.csv"
    door, hall = dataset.test
    np.testing.assert_array_equal(door.labels, [0] * 5 + [1] * 7 + [0] * 8)
    np.testing.assert_array_equal(hall.labels, np.zeros(7))
    assert (door.video_label, hall.video_label) == (1, 0)


def test_annotators_of_labels_csv_are_known_of_every_video(tmp_path, two_sides):
    text = "video,start,stop,annotator\ndoor,5,12,anna\ndoor,8,15,berta\nhall,,,anna\n"
    (two_sides / "labels.csv").write_text(text)
    for _ in range(2):  # scanned, and from the index
        dataset = load(tmp_path, two_sides)
        door, hall = (video.metadata["annotations"] for video in dataset.test)
        assert {name: np.flatnonzero(own).tolist() for name, own in door.items()} == {
            "anna": list(range(5, 12)),
            "berta": list(range(8, 15)),
        }
        assert {name: len(own) for name, own in hall.items()} == {"anna": 7, "berta": 7}
        assert np.flatnonzero(dataset.test[0].labels).tolist() == list(range(5, 15))
        assert any(
            "without a row of clips that others name: berta (1 of 2)" in w for w in whats(dataset)
        )


def test_labels_csv_is_read_anew_when_it_changes(tmp_path, two_sides):
    for text, wanted in (("hall,0,3", 3), ("hall,0,4", 4)):
        (two_sides / "labels.csv").write_text(f"video,start,stop\n{text}\n")
        assert load(tmp_path, two_sides).test[1].labels.sum() == wanted


def test_labels_csv_that_does_not_fit(tmp_path, two_sides):
    (two_sides / "labels.csv").write_text("video,start,stop\nhall,5,8\n")
    with pytest.raises(
        UserError, match=r"line 2 \(hall\): 5 to 8 does not fit the clip's 7 frames"
    ):
        load(tmp_path, two_sides)
    (two_sides / "labels.csv").write_text("video,start_s,stop_s\nhall,0,1\n")
    with pytest.raises(UserError, match=r"line 2 \(hall\): is in seconds, but the frame rate"):
        load(tmp_path, two_sides)


def test_labels_csv_that_is_no_file_is_not_passed_over(tmp_path, two_sides):
    (two_sides / "labels.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(UserError, match=r"labels.csv is a link to nothing; mend it, or remove it"):
        load(tmp_path, two_sides)
    (two_sides / "labels.csv").unlink()
    (two_sides / "labels.csv").mkdir()
    with pytest.raises(UserError, match=r"labels.csv is no file; mend it, or remove it"):
        load(tmp_path, two_sides)


def test_abnormal_training_clips_are_a_deviation(tmp_path, two_sides):
    (two_sides / "labels.csv").write_text("video,start,stop\nmonday,1,2\n")
    assert whats(load(tmp_path, two_sides)) == ["labels.csv marks abnormal frames in train/monday"]


def test_labels_csv_with_classes(tmp_path, two_sides):
    rows = ["door,5,12,Arson", "door,10,14,Abuse", "hall,,,Robbery", "monday,,,Arson"]
    (two_sides / "labels.csv").write_text("\n".join(["video,start,stop,class", *rows, ""]))
    dataset = load(tmp_path, two_sides)
    door, hall = dataset.test
    assert (door.classes, door.video_label) == (("Arson", "Abuse"), 1)
    frames = {k: np.flatnonzero(own).tolist() for k, own in door.metadata["kinds"].items()}
    assert frames == {"Arson": [*range(5, 12)], "Abuse": [*range(10, 14)]}
    np.testing.assert_array_equal(door.labels, [0] * 5 + [1] * 9 + [0] * 6)
    [monday] = [video for video in dataset.train if video.id == "train/monday"]
    for video, kind in ((hall, "Robbery"), (monday, "Arson")):  # of the whole clip
        assert (video.labels, video.video_label, video.classes) == (None, 1, (kind,))
        assert not video.metadata


@pytest.mark.parametrize(("num_clips", "num_test"), [(2, 1), (9, 1), (10, 2), (12, 2)])
@pytest.mark.parametrize("below", ["", "train"])
def test_one_folder_of_normal_videos(tmp_path, num_clips, num_test, below):
    for i in range(num_clips):
        layouts.write_images(tmp_path / "mine" / below / f"clip{i}", 2)
    dataset = load(tmp_path, tmp_path / "mine")
    first_test = num_clips - num_test
    assert ids(dataset.train) == [f"train/clip{i}" for i in range(first_test)]
    assert ids(dataset.test) == [f"test/clip{i}" for i in range(first_test, num_clips)]
    assert whats(dataset) == [
        f"no test/ folder: the test side is the last {num_test} of {num_clips} clips by name"
    ]
    assert dataset.metadata["layout"] == "one folder"


def test_damage_is_listed(tmp_path, two_sides):
    path = layouts.write_video(two_sides / "train/monday.avi", 40)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (two_sides / "test/hall/003.jpg").write_bytes(b"\xff\xd8\xff")
    first, second = load(tmp_path, two_sides).deviations
    assert first.what.startswith("train/monday: the header announces 40 frames, ")
    assert second.what == "test/hall: frames 2 (0-based) cannot be read"


def test_clips_of_several_sizes_are_a_deviation(tmp_path, two_sides, monkeypatch):
    monkeypatch.setattr(layouts, "WIDTH", 48)
    layouts.write_images(two_sides / "test" / "wide", 3)
    assert whats(load(tmp_path, two_sides)) == ["clips of several sizes: 36x24, 48x24"]


def test_what_is_left_out_is_said(tmp_path, two_sides):
    layouts.write_images(two_sides / "test", 1, suffix=".jpg")  # a poster beside the videos
    (two_sides / "train" / "b.xyz").touch()
    (two_sides / "train" / "night" / "a.xyz").touch()
    (two_sides / "train" / "stills" / "labels.npy").touch()
    (two_sides / "train" / "gone.avi").symlink_to("nowhere.avi")
    (two_sides / "train" / "night" / "loop").symlink_to("..")
    (two_sides / "masks" / "01").mkdir(parents=True)
    (two_sides / "truth.mat").touch()
    dataset = load(tmp_path, two_sides)
    assert whats(dataset) == [
        "left out: .xyz files (2), such as train/b.xyz",
        "left out: broken links (1), such as train/gone.avi",
        "left out: links to folders that are read already (1), such as train/night/loop",
        "left out: .npy files (1), such as train/stills/labels.npy",
        "left out: .jpg images beside videos, taken for thumbnails (1), such as test/001.jpg",
        "left out: folders beside train/ and test/ (1), such as masks/",
        "left out: .mat files (1), such as truth.mat",
    ]
    assert len(dataset.train) == 4  # each real folder once


def test_one_folder_says_what_is_left_out_too(tmp_path):
    for i in range(3):
        layouts.write_images(tmp_path / "mine" / f"clip{i}", 2)
    (tmp_path / "mine" / "labels.csv").write_text("video,start,stop\nclip2,0,1\n")
    (tmp_path / "mine" / "clip1" / "truth.npy").touch()
    found = whats(load(tmp_path, tmp_path / "mine"))
    assert found[1:] == ["left out: .npy files (1), such as clip1/truth.npy"]


def test_two_folders_of_one_side_are_refused(tmp_path, two_sides):
    layouts.write_video(two_sides / "Training" / "x.avi", 3)
    with pytest.raises(UserError, match=r"names of the same side"):
        load(tmp_path, two_sides)


def test_notes_of_clips_are_gathered(tmp_path):
    for name in ("train/a", "train/b", "test/c"):
        for frame in ("0.1", "0.25", "0.5"):
            path = tmp_path / "mine" / name / f"{frame}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), (layouts.picture(int(100 * float(frame))) * 16).astype("u2"))
    first, second = load(tmp_path, tmp_path / "mine").deviations
    assert first.what == (
        "train/a, train/b, test/c: order of frames, numbers with a point are read as decimals: "
        "0.25.png before 0.5.png (train/a)"
    )
    assert second.what.startswith("train/a, train/b, test/c: values have more than 8 bits: ")


def test_folders_that_cannot_be_used(tmp_path):
    root = tmp_path / "mine"
    layouts.write_video(root / "test" / "a.avi", 3)
    with pytest.raises(UserError, match=r"has test/ but no train/: a detector learns from normal"):
        load(tmp_path, root)
    (root / "train").mkdir()
    with pytest.raises(
        UserError, match=r"no videos and no folders of images in it: .*/train holds"
    ):
        load(tmp_path, root)
    layouts.write_video(root / "train" / "a.avi", 3)
    with pytest.raises(UserError, match=r"holds no masks of a clip: wanted a folder or a"):
        load(tmp_path, root, masks_dir=root)
    layouts.write_images(root / "train" / "a", 3)
    with pytest.raises(UserError, match=r"are both called 'a'; rename one"):
        load(tmp_path, root)
    layouts.write_video(tmp_path / "one" / "a.avi", 3)
    with pytest.raises(UserError, match=r"holds 1 clips .* or at least two normal clips"):
        load(tmp_path, tmp_path / "one")
