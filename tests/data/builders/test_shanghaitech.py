import shutil

import numpy as np
import pytest

from tests.data import layouts
from vadjax import data
from vadjax.data.builders.shanghaitech import RELABELLED, ShanghaiTech
from vadjax.data.splits import scenes
from vadjax.errors import UserError

TEST = {"01_0014": (6, 3), "01_0015": (5, 5), "02_0128": (4, 1)}
TRAIN = ("01_001", "01_002", "02_001", "13_001")
LABELS = {"01_0014": [0, 0, 1, 1, 1, 0], "01_0015": [1] * 5, "02_0128": [0, 0, 0, 1]}
COMPRESSED = "training clips are videos, test clips images, as in the archive"


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(ShanghaiTech, "test_clips", TEST)
    monkeypatch.setattr(ShanghaiTech, "training_clips", TRAIN)
    monkeypatch.setattr(ShanghaiTech, "frames", {"train": 12, "test": 15})
    monkeypatch.setattr(ShanghaiTech, "size", (layouts.HEIGHT, layouts.WIDTH))


def write_labels(root, labels=LABELS, *, folder="testing/test_frame_mask"):
    (root / folder).mkdir(parents=True, exist_ok=True)
    for name, values in labels.items():
        np.save(root / folder / f"{name}.npy", np.array(values, np.uint8))


@pytest.fixture
def official(tmp_path, small):
    root = tmp_path / "shanghaitech"
    for name in TRAIN:
        layouts.write_video(root / "training/videos" / f"{name}.avi", 3)
    for name, (count, _) in TEST.items():
        layouts.write_images(root / "testing/frames" / name, count, suffix=".jpg", first=0)
        masks = np.zeros((count, layouts.HEIGHT, layouts.WIDTH), np.uint8)
        masks[np.array(LABELS[name]) > 0, 2:5, 3:9] = 1
        (root / "testing/test_pixel_mask").mkdir(exist_ok=True)
        np.save(root / "testing/test_pixel_mask" / f"{name}.npy", masks)
    write_labels(root)
    layouts.strew(root)
    return root


def load(tmp_path, root, **settings):
    config = layouts.config("shanghaitech", root)
    vars(config).update(settings)
    return data.load(config, cache_dir=tmp_path / "cache")


def whats(dataset):
    return [deviation.what for deviation in dataset.deviations]


def test_official_layout(tmp_path, official):
    dataset = load(tmp_path, official)
    assert (dataset.coverage, whats(dataset)) == (None, [COMPRESSED])
    assert [v.id for v in dataset.train] == [f"train/{name}" for name in TRAIN]
    assert [(v.id, v.scene) for v in dataset.test] == [(f"test/{n}", n[:2]) for n in TEST]
    assert [(v.fps, v.fps_assumed) for v in (dataset.train[0], dataset.test[0])] == [
        (25.0, False),
        (24.0, True),
    ]
    for video in dataset.test:
        np.testing.assert_array_equal(video.labels, LABELS[video.id[5:]])
        np.testing.assert_array_equal([m.sum() for m in video.masks], video.labels * 18)
    assert not any(v.labels.any() for v in dataset.train)
    assert dataset.metadata["masks"] == "3 of 3 test clips"


def test_the_labels_of_nwpus_authors(tmp_path, official):
    """01_0014 is one of the six clips that they call normal; none of the others here is."""
    dataset = load(tmp_path, official, label_version="nwpu_relabelled")
    assert dataset.label_version == "nwpu_relabelled"
    first, *others = dataset.test
    assert not first.labels.any() and first.masks is None and first.video_label == 0
    for video in others:
        np.testing.assert_array_equal(video.labels, LABELS[video.id[5:]])
    write_lists(official, split="rtfm")
    with pytest.raises(UserError, match="takes test clips for normal which the lists of split rt"):
        load(tmp_path, official, label_version="nwpu_relabelled", split="rtfm")


def test_nwpus_labels_leave_16701_abnormal_frames():
    """17,326 less 76, 113, 89, 120, 107 and 120."""
    clips = {n: counts for n, counts in ShanghaiTech.test_clips.items() if n not in RELABELLED}
    assert sum(abnormal for _, abnormal in clips.values()) == 16701 and len(clips) == 101


@pytest.mark.parametrize("rank", [1, 2])
def test_frames_layout_with_one_vector_of_labels(tmp_path, small, rank):
    """The layout of ano_pred, six digits a frame, and MNAD's vector, which is of one rank here."""
    root = tmp_path / "shanghaitech"
    for name in TRAIN:
        layouts.write_images(root / "training/frames" / name, 3, suffix=".jpg", digits=6)
    for name, (count, _) in TEST.items():
        layouts.write_images(root / "testing/frames" / name, count, suffix=".jpg", digits=6)
    vector = np.concatenate([np.array(LABELS[n], np.uint8) for n in TEST])
    np.save(root / "frame_labels_shanghai.npy", vector if rank == 1 else vector[None])
    dataset = load(tmp_path, root)
    assert whats(dataset) == []
    for video in dataset.test:
        np.testing.assert_array_equal(video.labels, LABELS[video.id[5:]])
        assert video.masks is None
    np.save(root / "frame_labels_shanghai.npy", vector[1:])
    with pytest.raises(UserError, match="labels 14 frames, but the 3 test clips have 15"):
        load(tmp_path, root)


LISTS = {
    "rtfm": ("SH_Train.txt", "SH_Test.txt"),
    "mist": ("SH_Train_new.txt", "SH_Test_NEW.txt"),
}


def write_lists(root, *, split, newline="\n", end=""):
    train, test = ["01_0014", "01_001", "13_001"], ["01_0015", "02_0128", "01_002", "02_001"]
    rows = [train, test]
    if split == "mist":
        rows[0] = [f"{name},{int(name in TEST)}" for name in train]
        rows[1] = [f"{name},1,-1" if name in TEST else f"{name},0,3" for name in test]
    for path, listed in zip(LISTS[split], rows, strict=True):
        (root / path).write_bytes((newline.join(listed) + end).encode())


@pytest.mark.parametrize(
    ("split", "newline", "end"), [("rtfm", "\n", ""), ("mist", "\r\n", "\r\n")]
)
def test_weakly_supervised_split(tmp_path, official, split, newline, end):
    write_lists(official, split=split, newline=newline, end=end)
    dataset = load(tmp_path, official, split=split)
    assert dataset.coverage == f"split {split}"
    assert [v.id for v in dataset.train] == ["train/01_0014", "train/01_001", "train/13_001"]
    assert [(v.labels is None, v.video_label) for v in dataset.train] == [
        (True, 1),
        (False, 0),
        (False, 0),
    ]
    found = {v.id: v.labels.tolist() for v in dataset.test}
    assert found == {
        "test/01_0015": [1] * 5,
        "test/02_0128": [0, 0, 0, 1],
        "test/01_002": [0] * 3,
        "test/02_001": [0] * 3,
    }
    with pytest.raises(UserError, match="'rtfn' unknown; choose one of mist, rtfm"):
        load(tmp_path, official, split="rtfn")


def test_abnormal_training_clips_are_not_trained_on_as_normal_ones(tmp_path, official):
    from vadjax.data.splits.folds import make_folds

    write_lists(official, split="rtfm")
    [fold] = make_folds(load(tmp_path, official, split="rtfm"), protocol="one_class")
    used = {s.video_id for u in (fold.train, fold.validation, fold.calibration) for s in u.segments}
    assert used == {"train/01_001", "train/13_001"}
    assert "1 training clips with anomalies are not used" in fold.warnings


def test_a_list_that_names_what_is_not_there(tmp_path, official):
    write_lists(official, split="mist")
    shutil.rmtree(official / "testing/frames/01_0015")
    (official / "training/videos/13_001.avi").unlink()
    dataset = load(tmp_path, official, split="mist")
    assert dataset.coverage == "split mist, 5 of 7 clips"
    assert whats(dataset)[:2] == [
        "train: 2 of 3 clips; missing 13_001",
        "test: 3 of 4 clips; missing 01_0015",
    ]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        (
            "SH_Train_new.txt",
            "01_001,0\n01_0014",
            "line 2: wanted NAME,LABEL with 0 or 1; .*cut off",
        ),
        ("SH_Train_new.txt", "01_001,1\n", "line 1 calls 01_001 abnormal, which it is not"),
        ("SH_Train_new.txt", "01_099,0\n", "line 1: ShanghaiTech has no clip '01_099'"),
        ("SH_Train_new.txt", "01_001,0\n01_001,0\n", "names 01_001 in lines 1 and 2"),
        ("SH_Train_new.txt", "01_002,0\n", "put 01_002 on both sides, 1 clips in all"),
        ("SH_Train_new.txt", "\n", "holds no lines like '01_0014,1'"),
        ("SH_Test_NEW.txt", "01_002,0,many\n", "line 1: 'many' is no number of frames"),
    ],
)
def test_damaged_lists(tmp_path, official, file, text, message):
    write_lists(official, split="mist")
    (official / file).write_text(text)
    with pytest.raises(UserError, match=message):
        load(tmp_path, official, split="mist")


def test_one_scene(tmp_path, official):
    dataset = load(tmp_path, official, scene="01")
    assert dataset.coverage == "scene 01: 2 of 3 test clips"
    assert {v.scene for v in (*dataset.train, *dataset.test)} == {"01"}
    with pytest.raises(
        UserError, match=r"dataset.scene=13 has no test clip in shanghaitech; .* 01, 02"
    ):
        load(tmp_path, official, scene="13")
    with pytest.raises(UserError, match=r"dataset.scene '1' unknown; choose one of 01, 02, 13"):
        load(tmp_path, official, scene="1")


def test_an_unseen_scene(tmp_path, official):
    dataset = load(tmp_path, official, unseen_scene="01")
    assert {v.scene for v in dataset.test} == {"01"}
    whole = load(tmp_path, official)
    assert [v.id for v in dataset.train] == [v.id for v in whole.train if v.scene != "01"]
    assert dataset.coverage.startswith("unseen scene 01, 2 of 3 test clips, trained on ")
    assert scenes.tested_scenes(whole, unseen=True) == ["01", "02"]
    with pytest.raises(UserError, match="not both"):
        load(tmp_path, official, unseen_scene="01", scene="01")


def test_labels_that_do_not_fit(tmp_path, official):
    write_labels(official, {"01_0014": [0, 1, 1]})
    with pytest.raises(UserError, match="3 labels for 01_0014, which has 6 frames"):
        load(tmp_path, official)
    write_labels(official)
    np.save(official / "testing/test_pixel_mask/01_0015.npy", np.zeros((5, 4, 4), np.uint8))
    with pytest.raises(UserError, match=r"01_0015.npy: masks \[5, 4, 4\] for frames \[5, 24, 36\]"):
        load(tmp_path, official)
    np.save(official / "testing/test_pixel_mask/01_0015.npy", np.zeros(5, np.uint8))
    with pytest.raises(
        UserError, match=r"wanted masks \[frames, height, width\]; found uint8 \[5\]"
    ):
        load(tmp_path, official)


def test_two_copies_and_another_data_set(tmp_path, official):
    layouts.write_images(official / "training/frames/01_001", 3, suffix=".jpg")
    with pytest.raises(
        UserError, match=r"holds 01_001 more than once: training/frames/01_001 and training/videos"
    ):
        load(tmp_path, official)
    other = tmp_path / "other"
    layouts.write_video(other / "a.avi", 3)
    with pytest.raises(
        UserError, match=r"needs testing/test_frame_mask or frame_labels_sh.* Get sh"
    ):
        load(tmp_path, other)
    write_labels(other)
    with pytest.raises(
        UserError, match=r"is not ShanghaiTech Campus: none of its 7 clips is there"
    ):
        load(tmp_path, other)


def test_the_facts_agree():
    assert (len(ShanghaiTech.training_clips), len(ShanghaiTech.test_clips)) == (330, 107)
    counts = np.array(list(ShanghaiTech.test_clips.values()))
    assert counts.sum(0).tolist() == [40791, 17326]
    assert {name for name, (n, a) in ShanghaiTech.test_clips.items() if n == a} == {"04_0011"}
    assert len({n[:2] for n in ShanghaiTech.training_clips}) == 13
    assert len({n[:2] for n in ShanghaiTech.test_clips}) == 12


@pytest.fixture(scope="module")
def published(real_data):
    return real_data / "data/shanghaitech"


def test_published_frame_masks(published):
    files = sorted((published / "testing/test_frame_mask").glob("*.npy"))
    found = {p.stem: (len(m), int(m.sum())) for p in files for m in [np.load(p)]}
    assert found == ShanghaiTech.test_clips
    vector = np.load(published / "frame_labels_shanghai.npy")
    np.testing.assert_array_equal(vector, np.concatenate([np.load(p) for p in files]))
    assert list(found) == list(ShanghaiTech.test_clips)  # the order in which they are joined


@pytest.mark.parametrize("split", ShanghaiTech.splits)
def test_published_lists(published, tmp_path, split):
    """Both name the same clips; one frame of one clip stands for all that are not at hand."""
    for folder in ("testing", "weakly_supervised_split"):
        (tmp_path / folder).symlink_to(published / folder)
    layouts.write_video(tmp_path / "training/videos/13_007.avi", 1)
    config = layouts.config("shanghaitech", tmp_path)
    config.split = split
    wanted = list(ShanghaiTech(config, tmp_path / "cache").wanted.values())
    counts = {(w.split, w.video_label): 0 for w in wanted}
    for each in wanted:
        counts[each.split, each.video_label] += 1
    assert counts == {("train", 1): 63, ("train", 0): 175, ("test", 1): 44, ("test", 0): 155}
    abnormal = [w for w in wanted if w.split == "test" and w.video_label]
    assert (sum(w.num_frames for w in abnormal), sum(w.abnormal for w in abnormal)) == (17472, 7962)
    if split == "mist":
        assert sum(w.num_frames for w in wanted if w.split == "test") == 141870
