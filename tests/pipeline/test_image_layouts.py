"""The layouts of images end to end, each with a detector of several stages."""

import csv

import pytest

from tests.pipeline.test_images import draw, tiny, write_category
from vadjax.pipeline import predict, stages
from vadjax.storage import artifacts


def write_parts(root, rng):
    """A person's own folder: good/ and bad/ with two kinds, and masks/ for one of them."""
    import cv2

    for n in range(15):
        draw(root / f"good/{n:03d}.png", rng, level=90)
    for kind in ("spot", "line"):
        for n in range(3):
            mask = draw(root / f"bad/{kind}/{n:03d}.png", rng, level=90, defect=kind)
            if kind == "spot":
                path = root / f"masks/spot/{n:03d}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                assert cv2.imwrite(str(path), 255 * mask)


def write_visa(root, rng):
    """VisA's folders and csv; the masks hold the number of a kind of defect."""
    import cv2

    rows = []
    for n in range(15):
        name = f"candle/Data/Images/Normal/{n:04d}.png"
        draw(root / name, rng, level=90)
        rows.append(("candle", "train" if n < 11 else "test", "normal", name, ""))
    for n in range(4):
        name, mask = (f"candle/Data/{part}/Anomaly/{n:03d}.png" for part in ("Images", "Masks"))
        marked = draw(root / name, rng, level=90, defect="spot")
        (root / mask).parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(root / mask), 3 * marked)
        rows.append(("candle", "test", "anomaly", name, mask))
    (root / "split_csv").mkdir()
    with (root / "split_csv/1cls.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("object", "split", "label", "image", "mask"), *rows])


def config(cache, folder, name, detector):
    return tiny(
        cache,
        folder,
        **{"dataset__name": name, "detector__name": detector, "features__tap": "features"},
        **{"features__backbone": "mobilenetv2_100", "features__weights": "random"},
        **{"features__height": 64, "features__width": 64, "places__updates": 20},
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    import numpy as np

    root = tmp_path_factory.mktemp("layouts")
    write_parts(root / "image_folder", np.random.default_rng(0))
    write_visa(root / "visa", np.random.default_rng(1))
    write_category(root / "mvtec/cloth", level=90, seed=2)
    return root


@pytest.mark.parametrize(
    ("name", "detector", "good", "bad", "masked"),
    [
        ("image_folder", "patchcore", 3, {"spot": 3, "line": 3}, 3),
        ("visa", "padim", 4, {"anomaly": 4}, 4),
        ("mvtec", "student_teacher", 5, {"spot": 3, "line": 3}, 6),
    ],
)
def test_a_layout_from_folder_to_page(folders, tmp_path, name, detector, good, bad, masked):
    made, workdir = config(folders / "cache", folders / name, name, detector), tmp_path / "run"
    metrics = stages.run(made, workdir, quiet=True)
    assert metrics["unit"] == "image" and metrics["leakage"]["verdict"] == "clean"
    assert {row["defect"]: row["images"] for row in metrics["image"]["defects"]} == bad
    with (workdir / "scores.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert sum(row["label"] == "0" for row in rows) == good
    assert len(rows) == good + sum(bad.values())
    assert metrics["pixels"]["regions"] == masked
    spotted = "anomaly" if name == "visa" else "spot"  # 90 levels in noise of 6
    [found] = [row for row in metrics["pixels"]["defects"] if row["defect"] == spotted]
    assert found["auroc"] > 0.8
    assert (workdir / "report.html").stat().st_size > 10_000
    known = {video.id: video.scores[0] for video in artifacts.read_scores(workdir).test}
    folder = (
        folders
        / name
        / {"image_folder": "bad", "visa": "candle/Data/Images/Anomaly"}.get(name, "cloth/test")
    )
    scored = predict.detect(workdir, [str(folder)], out=tmp_path / "out", quiet=True)
    assert len(scored) == len([*folder.rglob("*.png")])
    prefix = {"image_folder": "bad/", "visa": "candle/Anomaly/", "mvtec": "test/cloth/"}[name]
    for one in scored:
        [score] = [v for key, v in known.items() if key.endswith(f"{prefix}{one.id}")]
        assert one.scores[0] == pytest.approx(score, rel=1e-4)
