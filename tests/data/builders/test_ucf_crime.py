import collections
import shutil

import numpy as np
import pytest

from tests.data import layouts
from tests.data.builders.named import blocks, labels, load, whats
from vadjax.data.builders.ucf_crime import CLASSES, UcfCrime, class_of
from vadjax.data.labels.frame_labels import labels_from_intervals
from vadjax.data.labels.interval_rows import clipped, read_ucf_mats, read_ucf_rows
from vadjax.errors import UserError

TRAIN = (
    "Abuse/Abuse001_x264.mp4",
    "Robbery/Robbery002_x264.mp4",
    "Training_Normal_Videos_Anomaly/Normal_Videos001_x264.mp4",
    "Training_Normal_Videos_Anomaly/Normal_Videos002_x264.mp4",
)
TEST = (
    "Abuse/Abuse028_x264.mp4",
    "Arson/Arson011_x264.mp4",
    "Testing_Normal_Videos_Anomaly/Normal_Videos_001_x264.mp4",
)
ROWS = (
    "Abuse028_x264.mp4  Abuse  2  3  6  8  ",
    "Arson011_x264.mp4  Arson  4  10  -1  -1  ",  # one behind the last of nine frames
    "Normal_Videos_001_x264.mp4  Normal  -1  -1  -1  -1  ",
)
COPIES = "copied clips are not searched for"
CUT = "events end behind the clip: test/Arson011_x264 by 1"


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(UcfCrime, "num_clips", {"train": 4, "test": 3})
    monkeypatch.setattr(UcfCrime, "frames", {"test": 27})
    root = tmp_path / "ucf"
    for number, name in enumerate((*TRAIN, *TEST)):
        part = "Anomaly-Videos-Part-1/" if name[0] != "T" else ""
        layouts.write_video(root / f"{part}{name}", 9 if number > 3 else 3, fps=30)
    write(root / "Anomaly_Detection_splits" / "Anomaly_Train.txt", TRAIN)
    write(root / "Temporal_Anomaly_Annotation.txt", ROWS)
    layouts.strew(root)
    return root


def write(path, lines, end="\n"):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(end.join([*lines, ""]).encode())


def test_official_lists(tmp_path, root):
    dataset = load("ucf_crime", root, tmp_path / "cache")
    assert (dataset.coverage, whats(dataset)) == (None, [CUT, COPIES])
    assert labels(dataset, "train") == {
        "train/Abuse001_x264": 1,
        "train/Robbery002_x264": 1,
        "train/Normal_Videos001_x264": [0, 0, 0],
        "train/Normal_Videos002_x264": [0, 0, 0],
    }
    assert labels(dataset, "test") == {
        "test/Abuse028_x264": blocks(9, (1, 3), (5, 8)),
        "test/Arson011_x264": blocks(9, (3, 9)),
        "test/Normal_Videos_001_x264": [0] * 9,
    }
    abuse, arson, normal = dataset.test
    assert [v.classes for v in dataset.test] == [("Abuse",), ("Arson",), ("Normal",)]
    np.testing.assert_array_equal(abuse.metadata["kinds"]["Abuse"], abuse.labels > 0)
    assert "kinds" not in normal.metadata and arson.content is None


def variants(root):
    lists, annotation = root / "Anomaly_Detection_splits", root / "Temporal_Anomaly_Annotation.txt"
    yield (
        "with a folder before each path",
        lambda: write(lists / "Anomaly_Train.txt", [f"/Train/{name}" for name in TRAIN]),
    )

    def two_files():
        write(lists / "Anomaly_Train.txt", TRAIN[:2])
        write(lists / "Normal_Train.txt", TRAIN[2:])

    yield "in two files", two_files

    def features():
        shutil.rmtree(lists)
        names = [name.rpartition("/")[2].replace(".mp4", "_i3d.npy") for name in TRAIN]
        write(root / "ucf-i3d.list", [f"G:\\UCF_Train_ten_crop_i3d\\{n}" for n in names], "\r\n")

    yield "paths of features", features
    yield "annotation with CRLF", lambda: write(annotation, ROWS, "\r\n")
    yield (
        "annotation with lengths",
        lambda: write(annotation, ["\t".join([*row.split(), "9"]) for row in ROWS]),
    )

    def mats():
        import scipy.io

        annotation.unlink()
        (root / "Matlab_formate").mkdir()
        for row in ROWS:
            name, kind, *numbers = row.split()
            pairs = np.array(numbers, int).reshape(2, 2)
            kept = pairs[pairs[:, 0] > 0] if (pairs > 0).any() else pairs[:1]
            struct = {"VideoName": name, "Anno": kept, "EventName": kind}
            path = root / "Matlab_formate" / f"{name[:-4]}.mat"
            scipy.io.savemat(path, {"Annotation_file": struct})

    yield "a mat a video", mats


@pytest.mark.parametrize("number", range(6))
def test_all_variants_say_the_same(tmp_path, root, number):
    before = load("ucf_crime", root, tmp_path / "cache")
    _, change = list(variants(root))[number]
    change()
    after = load("ucf_crime", root, tmp_path / "cache")
    for split in ("train", "test"):
        assert labels(after, split) == labels(before, split)


def test_a_fold_of_the_recognition_task(tmp_path, root):
    folder = root / "Action_Regnition_splits"
    again = "Normal_Videos_event/Normal_Videos_001_x264.mp4"
    layouts.write_video(root / again, 4)  # one of the fifty duplicates
    write(folder / "train_002.txt", [f"{TRAIN[0]} ", f"{again} "])
    write(folder / "test_002.txt", [f"{TEST[0]} "])
    dataset = load("ucf_crime", root, tmp_path / "cache", split="recognition_002")
    assert dataset.coverage == "split recognition_002"
    assert labels(dataset, "train") == {
        "train/Abuse001_x264": 1,
        "train/Normal_Videos_001_x264": [0] * 4,
    }
    assert labels(dataset, "test") == {"test/Abuse028_x264": 1}


def test_a_video_that_is_not_there(tmp_path, root):
    (root / "Anomaly-Videos-Part-1" / TEST[0]).unlink()
    dataset = load("ucf_crime", root, tmp_path / "cache")
    assert dataset.coverage == "6 of 7 clips"
    assert whats(dataset)[0] == "test: 2 of 3 clips; missing Abuse028_x264"


def test_lists_of_another_length_are_told(tmp_path, root):
    """A list of 810 normal videos circulates, ten more than were published."""
    more = (*TRAIN, "Training_Normal_Videos_Anomaly/Normal_Videos003_x264.mp4")
    write(root / "Anomaly_Detection_splits" / "Anomaly_Train.txt", more)
    dataset = load("ucf_crime", root, tmp_path / "cache")
    assert "the lists name 5 clips of train instead of 4" in whats(dataset)
    assert dataset.coverage == "7 of 8 clips"


def test_a_dump_of_frames_by_class_is_not_taken_for_videos(tmp_path, root):
    """Pictures of each tenth frame, sorted by the class of the video: no labels of frames."""
    dump = tmp_path / "dump"
    for name in ("Train/Abuse/Abuse001_x264", "Test/NormalVideos/Normal_Videos_003_x264"):
        for number in (0, 10, 20):
            layouts.write_images(dump / f"{name}_{number}.png".rpartition("/")[0], 1, first=number)
    shutil.copytree(root / "Anomaly_Detection_splits", dump / "Anomaly_Detection_splits")
    shutil.copy(root / "Temporal_Anomaly_Annotation.txt", dump)
    with pytest.raises(UserError, match="is not UCF-Crime: none of its 7 clips is there"):
        load("ucf_crime", dump, tmp_path / "cache")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("Abuse028_x264.mp4  Robbery  2  3  -1  -1", "row 1: Abuse028_x264 is called 'Robbery'"),
        ("Abuse028_x264.mp4  Abuse  -1  -1  -1  -1", "row 1: Abuse028_x264 has no interval"),
        ("Normal_Videos_001_x264.mp4  Normal  1  2  -1  -1", "row 1: .* has intervals"),
        ("Abuse028_x264.mp4  Abuse  2  45  -1  -1", "frames 1 to 45 .* do not fit .* 9 frames"),
        ("Theft001_x264.mp4  Theft  2  3  -1  -1", "'Theft001_x264' is no video of UCF-Crime"),
        ("Abuse001_x264.mp4  Abuse  2  3  -1  -1", "put Abuse001_x264 on both sides"),
        ("Abuse028_x264.mp4  Abu", "line 1 .* cut off"),
    ],
)
def test_damaged_annotation(tmp_path, root, row, message):
    write(root / "Temporal_Anomaly_Annotation.txt", [row])
    with pytest.raises(UserError, match=message):
        load("ucf_crime", root, tmp_path / "cache")


def test_missing_lists_say_where_they_come_from(tmp_path, root):
    (root / "Temporal_Anomaly_Annotation.txt").unlink()
    with pytest.raises(UserError, match=r"needs Temporal_.*https://www.crcv.ucf.edu"):
        load("ucf_crime", root, tmp_path / "cache")


@pytest.fixture(scope="module")
def published(real_data):
    return real_data / "data/ucf_crime"


OFFICIAL = {("train", 1): 810, ("train", 0): 800, ("test", 1): 140, ("test", 0): 150}
DOTHUAN, GRUPESH = "Dothuan6/Anomaly_Detection_splits", "grupesh/Anomaly_Detection_splits"
SULTANI = "WaqasSultani/Temporal_Anomaly_Annotation.txt"


@pytest.mark.parametrize(
    ("links", "split", "counts"),
    [
        (("WaqasSultani/Anomaly_Train.txt", SULTANI), "", OFFICIAL),
        ((DOTHUAN, "MIST_VAD/Temporal_Anomaly_Annotation_New.txt"), "", OFFICIAL),
        (("RTFM/ucf-i3d.list", "RTFM/Matlab_formate"), "", OFFICIAL),
        ((GRUPESH,), "", OFFICIAL),
        (
            (GRUPESH,),
            "clean",
            {("train", 1): 804, ("train", 0): 747, ("test", 1): 140, ("test", 0): 147},
        ),
        (
            ("Dothuan6/Action_Regnition_splits",),
            "recognition_003",
            {("train", 1): 494, ("train", 0): 38, ("test", 1): 156, ("test", 0): 12},
        ),
    ],
)
def test_published_lists(tmp_path, published, links, split, counts):
    for link in links:
        (tmp_path / link.rpartition("/")[2]).symlink_to(published / link)
    layouts.write_video(tmp_path / "Abuse" / "Abuse001_x264.mp4", 1)
    config = layouts.config("ucf_crime", tmp_path)
    config.split = split
    wanted = UcfCrime(config, tmp_path / "cache").wanted.values()
    assert collections.Counter((w.split, w.video_label) for w in wanted) == counts
    assert {w.classes[0] for w in wanted} == {*CLASSES, "Normal"}


def test_published_annotation(published):
    rows = read_ucf_rows(published / "MIST_VAD/Temporal_Anomaly_Annotation_New.txt")
    assert (len(rows), sum(row.num_frames for row in rows)) == (290, 1111808)
    assert sum(len(row.intervals) == 2 for row in rows) == 16
    assert collections.Counter(class_of(row.name) != "" for row in rows) == {True: 140, False: 150}
    abnormal, cut = 0, {}
    for row in rows:
        intervals, beyond = clipped(row.intervals, row.num_frames, slack=UcfCrime.slack)
        cut |= {row.name.removesuffix("_x264"): beyond} if beyond else {}
        abnormal += int(labels_from_intervals(intervals, row.num_frames, where="x").sum())
    assert abnormal == 84338
    assert cut == {
        **{"Arson011": 1, "Arson016": 1, "Explosion033": 2, "Fighting003": 1, "Shooting015": 2}
    }
    others = [
        read_ucf_rows(published / SULTANI),
        read_ucf_rows(published / "salva-u/Temporal_Anomaly_Annotation.crlf.txt"),
        read_ucf_mats(published / "RTFM/Matlab_formate"),
    ]
    events = {row.name: row.intervals for row in rows}
    assert [{row.name: row.intervals for row in other} == events for other in others] == [True] * 3
