import cv2
import numpy as np
import pytest

from tests.data import layouts
from tests.data.builders.named import blocks, labels, load, whats
from vadjax.data.builders.ubnormal import UBnormal
from vadjax.errors import UserError

LISTS = {
    "normal_training": ["normal_scene_1_scenario_1"],
    "abnormal_training": ["abnormal_scene_2_scenario_1"],
    "normal_validation": ["normal_scene_1_scenario_2"],
    "abnormal_validation": ["abnormal_scene_1_scenario_3"],
    "normal_test": ["normal_scene_2_scenario_4"],
    "abnormal_test": ["abnormal_scene_10_scenario_5_fire"],
}
ABNORMAL = [names[0] for key, names in LISTS.items() if key.startswith("ab")]
TEST = ABNORMAL[-1]


def annotations(root, name):
    return root / f"Scene{name.split('_')[2]}" / f"{name}_annotations"


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(UBnormal, "num_clips", {"train": 2, "test": 2})
    monkeypatch.setattr(UBnormal, "frames", {"train": 14, "test": 14})
    root = tmp_path / "ubnormal"
    for kind, names in LISTS.items():
        path = root / "scripts" / f"{kind}_video_names.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(names))
        for name in names:
            layouts.write_video(root / f"Scene{name.split('_')[2]}" / f"{name}.mp4", 7, fps=30)
    for name in ABNORMAL:
        folder = annotations(root, name)
        folder.mkdir()
        (folder / f"{name}_tracks.txt").write_text("1,0,1\n")
    folder = annotations(root, TEST)
    (folder / f"{TEST}_tracks.txt").write_text("3,2.0,4.0\n7,4,8")
    for frame in range(7):
        numbers = np.zeros((layouts.HEIGHT, layouts.WIDTH), np.uint8)
        numbers[:2, :5], numbers[4:6, 1:4], numbers[10:] = 3, 7, 1
        cv2.imwrite(str(folder / f"{TEST}_{frame:04d}_gt.png"), numbers)
    return root


def test_tracks_and_maps(tmp_path, root):
    dataset = load("ubnormal", root, tmp_path / "cache")
    assert dataset.coverage is None
    left = "left out: clips that the split does not name (2), such as Scene1/"
    assert whats(dataset) == [
        f"events end behind the clip: test/{TEST} by 2",
        f"{left}abnormal_scene_1_scenario_3",
    ]
    assert labels(dataset, "train") == {
        "train/normal_scene_1_scenario_1": [0] * 7,
        "train/abnormal_scene_2_scenario_1": blocks(7, (0, 2)),
    }
    assert labels(dataset, "test") == {
        "test/normal_scene_2_scenario_4": [0] * 7,
        f"test/{TEST}": blocks(7, (2, 7)),
    }
    assert [v.scene for v in dataset.test] == ["2", "10"]
    sums = [int(mask.sum()) for mask in dataset.test[1].masks]
    assert sums == [0, 0, 10, 10, 16, 6, 6]  # object 3, both, object 7; never the normal object 1


def test_new_tracks_come_first(tmp_path, root):
    (annotations(root, TEST) / f"{TEST}_new_tracks.txt").write_text("3,0,0\n")
    dataset = load("ubnormal", root, tmp_path / "cache")
    assert labels(dataset, "test")[f"test/{TEST}"] == blocks(7, (0, 1))


def test_the_validation_side(tmp_path, root):
    dataset = load("ubnormal", root, tmp_path / "cache", split="validation")
    assert dataset.coverage == "split validation"
    assert list(labels(dataset, "test")) == [
        "test/normal_scene_1_scenario_2",
        "test/abnormal_scene_1_scenario_3",
    ]


def test_damaged_tracks_and_lists(tmp_path, root):
    path = annotations(root, TEST) / f"{TEST}_tracks.txt"
    for text, message in (("3,2\n", "line 1 is '3,2': .* cut off"), ("", "holds no rows OBJECT")):
        path.write_text(text)
        with pytest.raises(UserError, match=message):
            load("ubnormal", root, tmp_path / "cache")
    np.save(path.with_suffix(".npy"), np.ones(9))  # STG-NF's labels have these names, 1 = normal
    path.write_bytes(path.with_suffix(".npy").read_bytes())
    with pytest.raises(UserError, match="wanted OBJECT,START,END"):
        load("ubnormal", root, tmp_path / "cache")
    path.unlink()
    with pytest.raises(UserError, match=r"no abnormal_scene_10_.*_tracks.txt beside"):
        load("ubnormal", root, tmp_path / "cache")
    (root / "scripts/normal_test_video_names.txt").write_text(TEST)
    with pytest.raises(UserError, match=r"wanted normal_scene_1_scenario_1 and so on"):
        load("ubnormal", root, tmp_path / "cache")
