"""Published feature files of named data sets: a file a video, with the lists of the videos."""

import numpy as np
import pytest

from tests.data.builders.named import blocks, load, whats
from vadjax.data.builders.feature_frames import timeline_of
from vadjax.data.builders.feature_names import clip_of
from vadjax.data.builders.shanghaitech import ShanghaiTech
from vadjax.data.builders.ucf_crime import UcfCrime
from vadjax.data.builders.xd_violence import XdViolence
from vadjax.errors import UserError

TRAIN = ("Abuse001", "Robbery002", "Normal_Videos001", "Normal_Videos002")
LENGTHS = {"Abuse028": 100, "Arson011": 96, "Normal_Videos_001": 33}
ROWS = (
    "Abuse028_x264.mp4  Abuse  20  40  81  90  ",
    "Arson011_x264.mp4  Arson  50  97  -1  -1  ",  # one behind the last of 96 frames
    "Normal_Videos_001_x264.mp4  Normal  -1  -1  -1  -1  ",
)


def rows(name, count, *more):
    seed = sum(map(ord, name))
    return np.random.default_rng(seed).normal(size=(count, *more, 5)).astype(np.float32)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Features of seven videos of UCF-Crime, in the form of RTFM, ten crops."""
    monkeypatch.setattr(UcfCrime, "num_clips", {"train": 4, "test": 3})
    monkeypatch.setattr(UcfCrime, "frames", {"test": 229})
    root = tmp_path / "ucf"
    for folder in ("UCF_Train_ten_crop_i3d", "UCF_Test_ten_crop_i3d", "list"):
        (root / folder).mkdir(parents=True)
    lines = []
    for name in TRAIN:
        np.save(root / "UCF_Train_ten_crop_i3d" / f"{name}_x264_i3d.npy", rows(name, 9, 10))
        lines.append(f"G:\\UCF_Train_ten_crop_i3d\\{name}_x264_i3d.npy\r\n")
    (root / "list" / "ucf-i3d.list").write_bytes("".join(lines).encode())
    for name, length in LENGTHS.items():
        path = root / "UCF_Test_ten_crop_i3d" / f"{name}_x264_i3d.npy"
        np.save(path, rows(name, -(-length // 16), 10))
    write_rows(root, lengths=True)
    np.save(root / "list" / "gt-ucf.npy", np.zeros(240))  # labels of rows, in use and often wrong
    (root / "UCF_Test_ten_crop_i3d" / "._Abuse028_x264_i3d.npy").write_bytes(b"stray")
    return root


def write_rows(root, *, lengths):
    """The annotation, of MIST with the lengths of the videos, or of the authors."""
    for name in root.glob("Temporal*"):
        name.unlink()
    if not lengths:
        (root / "Temporal_Anomaly_Annotation.txt").write_text("\n".join(ROWS))
        return
    lines = ["\t".join([*row.split(), str(LENGTHS[row.split("_x264")[0]])]) for row in ROWS]
    (root / "Temporal_Anomaly_Annotation_New.txt").write_text("\n".join(lines))


def test_rtfm_files_of_ucf_crime(tmp_path, root):
    dataset = load("features", root, tmp_path / "cache")
    assert dataset.input_kind == "features" and dataset.official_split and not dataset.coverage
    assert [v.id for v in dataset.train] == [f"train/{name}_x264" for name in TRAIN]
    assert [v.video_label for v in dataset.train] == [1, 1, 0, 0]
    abuse, arson, normal = dataset.test
    np.testing.assert_allclose(abuse.frames.rows, rows("Abuse028", 7, 10).mean(1), rtol=1e-5)
    assert abuse.timeline.labels.tolist() == blocks(100, (19, 40), (80, 90))
    assert abuse.timeline.counts.tolist() == [16] * 6 + [4]
    assert abuse.labels.tolist() == [0, 1, 1, 0, 0, 1, 0]
    assert arson.timeline.labels.tolist() == blocks(96, (49, 96))
    assert not normal.timeline.labels.any() and normal.timeline.num_frames == 33
    assert abuse.classes == ("Abuse",)
    np.testing.assert_array_equal(abuse.metadata["kinds"]["Abuse"], abuse.timeline.labels > 0)
    assert whats(dataset) == [
        "events end behind the clip: test/Arson011_x264 by 1",
        "copied clips are not searched for",
    ]
    whole = load("features", root, tmp_path / "cache", crops="all").test[0].frames.rows
    np.testing.assert_array_equal(whole, rows("Abuse028", 7, 10))
    assert isinstance(whole, np.memmap)


def test_a_file_a_crop(tmp_path, root):
    """Roc-Ng's form: __0 is the centre, __1 to __4 the corners, __5 to __9 mirrored."""
    for path in list(root.rglob("*_i3d.npy")):
        if not path.name.startswith("."):
            content = np.load(path)
            for crop in range(10):
                name = path.name.replace("_i3d.npy", f"__{crop}.npy")
                np.save(path.with_name(name), content[:, crop])
            path.unlink()
    dataset = load("features", root, tmp_path / "cache")
    wanted = rows("Abuse028", 7, 10)
    np.testing.assert_allclose(dataset.test[0].frames.rows, wanted.mean(1), rtol=1e-5)
    whole = load("features", root, tmp_path / "cache", crops="all").test[0]
    np.testing.assert_array_equal(whole.frames.rows, wanted)
    next(root.rglob("Abuse028_x264__4.npy")).unlink()
    with pytest.raises(UserError, match=r"1 of 7 videos have not the crops __0 to __9.*Abuse028"):
        load("features", root, tmp_path / "cache")


def test_32_segments_as_text(tmp_path, root):
    """Sultani's C3D features: Save_C3DFeatures_32Segments.m divides a video's clips of 16."""
    for path in list(root.rglob("*_i3d.npy")):
        if not path.name.startswith("."):
            name = path.name.replace("_i3d.npy", "_C.txt")
            np.savetxt(path.with_name(name), rows(path.name, 32))
            path.unlink()
    abuse = load("features", root, tmp_path / "cache").test[0]
    np.testing.assert_allclose(
        abuse.frames.rows, rows("Abuse028_x264_i3d.npy", 32), rtol=1e-4, atol=1e-6
    )
    assert len(abuse.timeline.starts) == 32 and abuse.timeline.counts.sum() == 100
    # Six clips of 16 frames; the points 1, 1.16, 1.31 ... are rounded, from the first clip on.
    shots = np.round(np.linspace(1, 6, 33))[:-1].astype(int) - 1
    assert abs(abuse.timeline.starts - 16 * shots).max() <= 16
    assert "3 test videos are divided into 32 segments each" in whats(
        load("features", root, tmp_path / "cache")
    )
    write_rows(root, lengths=False)
    with pytest.raises(UserError, match="32 segments of a video whose number of frames is not"):
        load("features", root, tmp_path / "cache")


def test_lengths_that_are_not_known_are_told(tmp_path, root):
    write_rows(root, lengths=False)
    dataset = load("features", root, tmp_path / "cache")
    assert [v.timeline.num_frames for v in dataset.test] == [112, 96, 48]
    assert "frames of 3 test videos are not known: 16 for each row" in whats(dataset)
    assert "test has 256 frames instead of 229" in whats(dataset)


@pytest.mark.parametrize("count", [6, 7])
def test_rows_may_be_rounded_up_or_down(tmp_path, root, count):
    np.save(next(root.rglob("Abuse028*")), rows("Abuse028", count, 10))
    dataset = load("features", root, tmp_path / "cache")
    assert dataset.test[0].timeline.counts.sum() == 100
    behind = "4 frames at the ends of 1 test videos have no row"
    assert (behind in whats(dataset)) == (count == 6)


def test_frames_of_rows_are_accounted_for():
    assert timeline_of(6, 96, path="x").counts.tolist() == [16] * 6
    assert timeline_of(5, 96, path="x").counts.tolist() == [16] * 4 + [32]  # the last is lost
    for wrong in (5, 8):
        with pytest.raises(UserError, match=f"{wrong} rows of 16 frames, {16 * wrong} in all.*100"):
            timeline_of(wrong, 100, path="x")


def test_features_of_another_length_than_the_labels(tmp_path, root):
    path = next(root.rglob("Abuse028*"))
    np.save(path, rows("Abuse028", 9, 10))
    message = (
        r"Abuse028_x264_i3d.npy has 9 rows .* 144 in all, but the video has 100: wanted 6 or 7"
    )
    with pytest.raises(UserError, match=message):
        load("features", root, tmp_path / "cache")
    dataset = load("features", root, tmp_path / "cache", skip_broken=True)
    assert dataset.coverage == "6 of 7 clips" and len(dataset.test) == 2
    assert "left out (skip_broken): test/Abuse028_x264" in whats(dataset)


def test_features_that_are_not_numbers(tmp_path, root):
    bad = rows("Abuse028", 7, 10)
    bad[2, 3, 1] = np.nan
    np.save(next(root.rglob("Abuse028*")), bad)
    with pytest.raises(UserError, match=r"Abuse028_x264_i3d\.npy: 1 of 7 rows hold NaN"):
        load("features", root, tmp_path / "cache")
    np.save(next(root.rglob("Abuse028*")), np.array([{"a": 1}]))
    with pytest.raises(UserError, match=r"Abuse028_x264_i3d\.npy.*without pickle"):
        load("features", root, tmp_path / "cache")
    np.save(next(root.rglob("Abuse028*")), rows("Abuse028", 7, 10)[..., :4])
    with pytest.raises(UserError, match=r"rows of shape \[10, 5\], .*\[10, 4\]"):
        load("features", root, tmp_path / "cache")


def test_videos_without_a_file_are_listed(tmp_path, root):
    next(root.rglob("Abuse028*")).unlink()
    next(root.rglob("Normal_Videos002*")).unlink()
    dataset = load("features", root, tmp_path / "cache")
    assert dataset.coverage == "5 of 7 clips"
    assert "train: 3 of 4 clips; missing Normal_Videos002_x264" in whats(dataset)
    assert "test: 2 of 3 clips; missing Abuse028_x264" in whats(dataset)


def test_two_copies_of_a_video(tmp_path, root):
    (root / "Flow").mkdir()
    np.save(root / "Flow" / "Abuse028_x264.npy", rows("Abuse028", 7, 10))
    with pytest.raises(UserError, match="holds Abuse028_x264 more than once: Flow/"):
        load("features", root, tmp_path / "cache")


@pytest.mark.parametrize(
    ("name", "clip"),
    [
        ("Abuse001_x264_i3d.npy", ("Abuse001_x264", None)),
        ("Normal_Videos_003_x264__9.npy", ("Normal_Videos_003_x264", 9)),
        ("Abuse001_x264.mp4.npy", ("Abuse001_x264", None)),
        ("Abuse001_x264_C.txt", ("Abuse001_x264", None)),
        ("01_0014_i3d.npy", ("01_0014", None)),
        (
            "A.Man.2001__#00-01-45_00-02-50_label_A__0.npy",
            ("A.Man.2001__#00-01-45_00-02-50_label_A", 0),
        ),
        ("v=x__#1_label_B4-0-0.npy", ("v=x__#1_label_B4-0-0", None)),
    ],
)
def test_names(name, clip):
    assert clip_of(name) == clip


def shanghai(tmp_path, form):
    """Features of two training and two test videos, one of each abnormal."""
    root = tmp_path / "sh"
    for folder in ("features", "testing/test_frame_mask"):
        (root / folder).mkdir(parents=True)
    for name, count in {"01_0014": 17, "01_002": 5, "01_0015": 28, "01_001": 48}.items():
        np.save(root / "features" / f"{name}{'_i3d' * (form == 'list')}.npy", rows(name, count))
    labels = np.zeros(433, np.uint8)
    labels[100:388] = 1
    np.save(root / "testing/test_frame_mask/01_0015.npy", labels)
    sides = {"train": ("01_0014", "01_002"), "test": ("01_0015", "01_001")}
    if form == "list":
        for split, names in sides.items():
            lines = [f"/home/x/SH_ten_crop_i3d/{name}_i3d.npy" for name in names]
            (root / f"shanghai-i3d-{split}-10crop.list").write_text("\n".join(lines))
    else:
        (root / "SH_Train_new.txt").write_text("01_0014,1\n01_002,0\n")
        (root / "SH_Test_NEW.txt").write_text("01_0015,1,-1\n01_001,0,764\n")
    return root


@pytest.mark.parametrize("form", ["list", "mist"])
def test_shanghaitech(tmp_path, form):
    dataset = load("features", shanghai(tmp_path, form), tmp_path / "cache")
    assert [(v.id, v.video_label) for v in dataset.train] == [
        ("train/01_0014", 1),
        ("train/01_002", 0),
    ]
    abnormal, normal = dataset.test
    assert abnormal.timeline.num_frames == 433 and abnormal.timeline.labels.sum() == 288
    assert normal.timeline.num_frames == (768 if form == "list" else 764)
    assert abnormal.scene == "01" and abnormal.fps == 24 and abnormal.fps_assumed
    assert dataset.coverage == f"split {'rtfm' if form == 'list' else 'mist'}"
    unknown = "frames of 1 test videos are not known: 16 for each row"
    assert (unknown in whats(dataset)) == (form == "list")


def test_xd_violence(tmp_path, monkeypatch):
    monkeypatch.setattr(XdViolence, "published", {"train": 2, "test": 2})
    root = tmp_path / "xd"
    names = {
        "RGB": ("A.Man__#1_label_A", "v=x__#2_label_B2-G-0"),
        "RGBTest": ("B.Man__#1_label_A", "v=y__#1_label_B4-0-0"),
    }
    for folder, clips in names.items():
        (root / folder).mkdir(parents=True)
        for name in clips:
            for crop in range(5):
                np.save(root / folder / f"{name}__{crop}.npy", rows(name, 6, 5)[:, crop])
    (root / "annotations.txt").write_text("v=y__#1_label_B4-0-0 10 30 80 101\n")
    dataset = load("features", root, tmp_path / "cache")
    assert [v.video_label for v in dataset.train] == [0, 1] and not dataset.coverage
    test = {video.id: video for video in dataset.test}
    violent = test["test/v=y__#1_label_B4-0-0"]
    assert violent.timeline.labels.tolist() == blocks(96, (10, 30), (80, 96))
    np.testing.assert_allclose(
        violent.frames.rows, rows("v=y__#1_label_B4-0-0", 6, 5).mean(1), rtol=1e-5
    )


def test_other_folders_are_refused(tmp_path, root):
    with pytest.raises(UserError, match=r"dataset\.split 'x' unknown"):
        load("features", root, tmp_path / "cache", split="x")
    for name in root.glob("Temporal*"):
        name.unlink()
    with pytest.raises(UserError, match=r"UCF-Crime needs Temporal_Anomaly_Annotation_New\.txt or"):
        load("features", root, tmp_path / "cache")
    assert ShanghaiTech.splits == ("rtfm", "mist")
