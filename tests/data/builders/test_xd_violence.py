import pytest

from tests.data import layouts
from tests.data.builders.named import blocks, labels, load, whats
from vadjax.data.builders.xd_violence import XdViolence
from vadjax.errors import UserError

ROWS = ("Bad.Boys.1995__#01-33-51_01-34-37_label_B2-G-0 1 3 5 9", "v=x__#1_label_B6-0-0.mp4 0 2")
NAMES = {
    "train": ("Film.2001__#00-01-45_00-02-50_label_A", "v=y__#1_label_B1-0-0"),
    "test": (*(row.split()[0].removesuffix(".mp4") for row in ROWS), "v=z__#0_label_A"),
}


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(XdViolence, "published", {"train": 2, "test": 3})
    root = tmp_path / "xd"
    for split, names in NAMES.items():
        for name in names:
            layouts.write_video(root / split / f"{name}.mp4", 8, fps=24)
    (root / "annotations.txt").write_text("\n".join(ROWS))
    return root


def test_labels_classes_and_films(tmp_path, root):
    dataset = load("xd_violence", root, tmp_path / "cache")
    assert dataset.coverage is None
    assert whats(dataset) == [
        f"events end behind the clip: test/{NAMES['test'][0]} by 1",
        "copied clips are not searched for",
    ]
    assert labels(dataset, "train") == {
        f"train/{NAMES['train'][0]}": [0] * 8,
        f"train/{NAMES['train'][1]}": 1,
    }
    assert labels(dataset, "test") == {
        f"test/{NAMES['test'][0]}": blocks(8, (1, 3), (5, 8)),
        f"test/{NAMES['test'][1]}": blocks(8, (0, 2)),
        f"test/{NAMES['test'][2]}": [0] * 8,
    }
    by_id = {video.id: video for video in dataset.test}
    shot, car = (by_id[f"test/{name}"] for name in NAMES["test"][:2])
    assert shot.classes == ("shooting", "explosion")
    assert not shot.metadata  # in which frames, nobody says
    assert list(car.metadata["kinds"]) == ["car accident"]
    assert shot.scene == "Bad.Boys.1995"


def test_what_is_missing_is_counted(tmp_path, root, monkeypatch):
    monkeypatch.setattr(XdViolence, "published", {"train": 2, "test": 4})
    dataset = load("xd_violence", root, tmp_path / "cache")
    assert dataset.coverage == "5 of 6 clips"
    assert whats(dataset)[0] == "test: 3 of 4 clips"


def test_rows_and_videos_that_do_not_fit(tmp_path, root):
    path = root / "annotations.txt"
    path.write_text(ROWS[0])
    with pytest.raises(UserError, match=r"has no events of v=x__#1_label_B6-0-0"):
        load("xd_violence", root, tmp_path / "cache")
    path.write_text("\n".join((*ROWS, "v=z__#0_label_A 1 2")))
    with pytest.raises(UserError, match=r"has events of the normal or .* v=z__#0_label_A"):
        load("xd_violence", root, tmp_path / "cache")
    path.write_text("\n".join(ROWS))
    layouts.write_video(root / "test" / "odd_label_C.mp4", 3)
    with pytest.raises(UserError, match=r"'odd_label_C' does not end as a video of XD-Violence"):
        load("xd_violence", root, tmp_path / "cache")
