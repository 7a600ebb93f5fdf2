"""Data sets of single images through every stage: no time, no motion, and metrics of images."""

import csv
import json
import pathlib
import re
import runpy

import cv2
import numpy as np
import pytest

from vadjax import config as configs
from vadjax.errors import UserError
from vadjax.pipeline import predict, stages
from vadjax.storage import artifacts

ROOT = pathlib.Path(__file__).parents[2]
SIZE = (48, 64)
OF_TIME = r"\b(frames?|clips?|videos?|timelines?|hours?|motion|flow|fps|films?)\b"


def draw(path, rng, *, level, defect="", shape=SIZE):
    """Write a noisy grey image; return the mask of its defect."""
    image = rng.normal(level, 6, shape)
    mask = np.zeros(shape, np.uint8)
    y, x = rng.integers(6, shape[0] - 14), rng.integers(6, shape[1] - 20)
    if defect == "spot":
        mask[y : y + 9, x : x + 9] = 1
        image[mask > 0] += 90
    elif defect == "line":
        mask[y : y + 3, x : x + 14] = 1
        image[mask > 0] -= 50
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.uint8(image.clip(0, 255)))
    return mask


def write_category(folder, *, level, seed, train=10, good=5, bad=3):
    """Write a category in MVTec's layout; one test image is larger than the others."""
    rng = np.random.default_rng(seed)
    for n in range(train):
        draw(folder / f"train/good/{n:03d}.png", rng, level=level)
    for n in range(good):
        shape = (60, 64) if n == 0 else SIZE
        draw(folder / f"test/good/{n:03d}.png", rng, level=level, shape=shape)
    for kind in ("spot", "line"):
        for n in range(bad):
            mask = draw(folder / f"test/{kind}/{n:03d}.png", rng, level=level, defect=kind)
            path = folder / f"ground_truth/{kind}/{n:03d}_mask.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(path), 255 * mask)


@pytest.fixture(scope="module")
def mvtec(tmp_path_factory):
    root = tmp_path_factory.mktemp("mvtec")
    write_category(root / "cloth", level=90, seed=0)
    write_category(root / "wire", level=150, seed=1)
    return root


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def tiny(cache, folder, **changes):
    config = configs.default_config()
    config.dataset.name, config.dataset.data_dir = "mvtec", str(folder)
    config.features.cache_dir, config.features.backbone = str(cache), "pixels"
    config.features.tap, config.features.height, config.features.width = "map", 24, 32
    config.detector.name, config.window.length = "knn_places", 1
    config.evaluate.num_bootstrap, config.evaluate.cross_fit = 50, 2
    config.explain.num_pictures = 2
    config.update_from_flattened_dict({k.replace("__", "."): v for k, v in changes.items()})
    return configs.validate(config)


def finish(config, workdir, capsys=None):
    metrics = stages.run(config, workdir, quiet=capsys is None)
    return metrics, capsys.readouterr().out if capsys else ""


@pytest.fixture(scope="module")
def finished(cache, mvtec, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("both")
    return workdir, stages.run(tiny(cache, mvtec), workdir, quiet=True)


def test_two_categories_end_to_end(finished):
    _, metrics = finished
    assert metrics["unit"] == "image" and metrics["region"] is None
    image, pixels = metrics["image"], metrics["pixels"]
    for part, keys in ((image, ("auroc", "ap", "f1_max")), (pixels, ("auroc", "aupro"))):
        assert [row["category"] for row in part["categories"]] == ["cloth", "wire"]
        for key in keys:
            each = [row[key] for row in part["categories"]]
            assert part[key] == pytest.approx(np.mean(each))
            low, high = part["intervals"][key]
            assert low <= part[key] <= high
    assert {(r["category"], r["defect"]) for r in image["defects"]} == {
        (category, defect) for category in ("cloth", "wire") for defect in ("spot", "line")
    }
    # A spot of 90 levels in noise of 6 is found, and where it is.
    spots = [row for row in (*image["defects"], *pixels["defects"]) if row["defect"] == "spot"]
    assert all(row["auroc"] > 0.9 for row in spots) and len(spots) == 4
    assert pixels["regions"] == 12 and pixels["images"] == 22
    assert pixels["aupro"] > pixels["control"]["aupro"] + 0.2


def test_nothing_is_said_of_time_or_motion(finished, cache):
    workdir, metrics = finished
    assert set(metrics["baselines"]) == {"random", "knn", "mahalanobis", "majority_accuracy"}
    for path in ("events", "false_alarms_per_hour"):
        assert metrics["threshold"][path] is None
    assert "alarms" not in {row["rule"] for row in metrics["thresholds"]}
    assert all(row["alarms"] is None and row["auc"] is None for row in metrics["videos"])
    assert all(
        metrics["explain"][key]["motion"] is None for key in ("pointing", "energy", "map_auc")
    )
    assert not list((cache / "features/mvtec").glob("*motion*"))
    assert not list(workdir.glob("explain/*.webm")) and not (workdir / "alarms.csv").exists()
    assert not (workdir / "figures/timelines.png").exists()
    page = (workdir / "report.html").read_text("utf-8")
    shown, _, _ = page.partition("<body>")[2].partition("<details><summary>Configuration")
    text = re.sub(r"<script.*?</script>|<[^>]*>", " ", shown, flags=re.S)
    assert not [text[m.start() - 60 : m.end() + 40] for m in re.finditer(OF_TIME, text)]
    assert 'id="timelines"' not in page and "cloth: spot" in page and "Good images" in page


def test_scores_csv_has_a_row_an_image(finished):
    workdir, metrics = finished
    with (workdir / "scores.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 22
    assert {(row["category"], row["defect"]) for row in rows} == {
        (c, d) for c in ("cloth", "wire") for d in ("good", "spot", "line")
    }
    scored = {video.id: video for video in artifacts.read_scores(workdir).test}
    limit = metrics["threshold"]["value"]
    for row in rows:
        assert np.float32(row["score"]) == scored[row["image"]].scores[0]
        assert int(row["label"]) == (row["defect"] != "good")
        assert int(row["called"]) == (float(row["score"]) >= limit)


def test_gallery_shows_each_defect_and_the_highest_good_images(finished):
    workdir, _ = finished
    gallery = json.loads((workdir / "explain/gallery.json").read_text("utf-8"))
    assert gallery["panels"] == ["image", "mask", "map"]
    names = [(group["category"], group["defect"], group["count"]) for group in gallery["groups"]]
    assert names == [
        (category, defect, count)
        for category in ("cloth", "wire")
        for defect, count in (("", 5), ("line", 3), ("spot", 3))
    ]
    scored = {video.id: float(video.scores[0]) for video in artifacts.read_scores(workdir).test}
    good = sorted((scored[n] for n in scored if n.startswith("test/cloth/good")), reverse=True)
    assert [row["score"] for row in gallery["pictures"]["group0"]] == good[:2]
    spots = sorted((scored[n] for n in scored if n.startswith("test/cloth/spot")), reverse=True)
    assert [row["score"] for row in gallery["pictures"]["group2"]] == [spots[0], spots[-1]]
    [first, _] = gallery["pictures"]["group2"]
    picture = cv2.imread(str(workdir / first["file"]))
    assert picture.shape == (168, 3 * 224 + 2 * 4, 3)  # 48 x 64, three times, at 224 wide
    mask = cv2.imread(str(mask_of(first["video"], workdir)), cv2.IMREAD_GRAYSCALE)
    shown = cv2.resize(picture[:, 228:452, 0], (64, 48), interpolation=cv2.INTER_AREA)
    assert np.mean((shown > 127) == (mask > 127)) > 0.98


def mask_of(name, workdir):
    root = json.loads((workdir / "config.json").read_text("utf-8"))
    root = root.get("config", root)["dataset"]["data_dir"]
    _, category, defect, number = name.split("/")
    return f"{root}/{category}/ground_truth/{defect}/{number}_mask.png"


def test_one_category_is_a_run_of_its_own(cache, mvtec, tmp_path, capsys):
    metrics, out = finish(tiny(cache, mvtec, dataset__scene="wire"), tmp_path / "wire", capsys)
    assert metrics["coverage"] == "category wire: 11 of 22 test images"
    assert metrics["image"]["auroc"] == metrics["frame"]["auc_micro"]
    assert "Image AUROC" in out and "AUPRO" in out and "oracle: threshold chosen on test" in out
    assert not re.findall(OF_TIME, out.split("[1/6]")[1]), out


def test_a_detector_without_maps_has_no_pixel_metrics(cache, mvtec, tmp_path):
    metrics, _ = finish(tiny(cache, mvtec, detector__name="knn"), tmp_path / "knn")
    assert metrics["pixels"] is None
    assert metrics["reasons"]["pixels"] == "detector knn gives no maps"
    assert metrics["image"]["auroc"] is not None
    assert "detector knn gives no maps" in (tmp_path / "knn/report.html").read_text("utf-8")


def test_a_model_of_single_images_gives_maps(cache, mvtec, tmp_path):
    changes = {"detector__name": "window_model", "model__name": "conv_autoencoder"}
    changes |= {"objective__name": "reconstruct", "train__epochs": 1, "model__channels": (4, 4)}
    metrics, _ = finish(tiny(cache, mvtec, **changes), tmp_path / "auto")
    assert metrics["explain"]["method"] == "error"
    assert metrics["explain"]["deletion"] is None
    assert metrics["pixels"]["images"] == 22


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"detector__name": "scene"}, "detector 'scene' compares the frames of a video, and"),
        ({"detector__name": "flow_box"}, "detector 'flow_box' compares the frames of a video"),
        ({"detector__name": "frame_difference"}, "'frame_difference' compares the frames"),
        (
            {"detector__name": "window_model", "features__tap": "features"},
            "model 'lstm' reads a sequence of frames, and the data set 'mvtec' holds single images",
        ),
        (
            {
                "detector__name": "window_model",
                "model__name": "dense",
                "features__tap": "features",
            },
            "objective 'predict' needs several frames",
        ),
        ({"window__length": 16}, "window.length is 16, and .* set window.length=1"),
        ({"evaluate__threshold": "alarms"}, "counts alarms an hour, and the data set"),
        ({"dataset__protocol": "random_window"}, "'random_window' is about windows or bags"),
        ({"features__backbone": "flow"}, "features.backbone=flow reads motion"),
        ({"score__rules": "at least 5 frames"}, "score.rules speaks of time"),
    ],
)
def test_what_needs_video_is_refused(cache, mvtec, changes, said):
    with pytest.raises(UserError, match=said):
        tiny(cache, mvtec, **changes)


def test_the_magnetic_tiles_end_to_end(tmp_path, real_data):
    """The shipped config on the real sample, with real features: defects are found and placed."""
    import vadjax

    config = vadjax.load_config(
        "mvtec_knn",
        dataset__data_dir=str(real_data / "data/magnetic_tile_mvtec_layout"),
        features__cache_dir=str(tmp_path / "cache"),
        evaluate__num_bootstrap=50,
    )
    metrics = stages.run(config, tmp_path / "run", quiet=True)
    image, pixels = metrics["image"], metrics["pixels"]
    assert metrics["detector"]["random_weights"] is False
    assert {row["defect"]: row["images"] for row in image["defects"]} == dict.fromkeys(
        ("blowhole", "break", "crack", "fray", "uneven"), 8
    )
    assert pixels["images"] == 60 and pixels["regions"] == 46
    # docs/results.md has .756, .795 and .682; chance is .5, .5 and .15.
    assert image["auroc"] > 0.7 and pixels["auroc"] > 0.75 and pixels["aupro"] > 0.6
    assert pixels["bounds"]["aupro"] < 0.001
    assert len(list((tmp_path / "run/explain").glob("*.jpg"))) == 6 * 6


def test_one_command_for_all_categories(cache, mvtec, tmp_path):
    """A run for each category, found in the folder, and their mean in the comparison."""
    from vadjax.comparison.compare import compare
    from vadjax.sweeps import plan

    file = ROOT / "configs/sweeps/image_categories.py"
    module = runpy.run_path(str(file))
    argument = f"mvtec={mvtec}"
    base = module["get_config"](argument)
    base.features.backbone, base.features.tap = "pixels", "map"
    base.features.cache_dir, base.features.height, base.features.width = str(cache), 24, 32
    base.evaluate.num_bootstrap, base.evaluate.cross_fit = 20, 2
    specs = plan.read_sweep(module["sweep"], base, argument)
    assert [spec.config.dataset.scene for spec in specs] == ["cloth", "wire"]
    found = [stages.run(spec.config, tmp_path / spec.name, quiet=True) for spec in specs]
    comparison = compare([str(tmp_path / spec.name) for spec in specs])
    [note] = [note for note in comparison.notes if "2 categories" in note]
    _, first, second, mean = note.split("\n")
    assert first.strip().startswith("cloth: Image AUROC")
    assert f"AUPRO {found[1]['pixels']['aupro']:.3f}" in second
    for part, key, name in (("image", "ap", "Image AP"), ("pixels", "aupro", "AUPRO")):
        expected = np.mean([each[part][key] for each in found])
        assert f"{name} {expected:.3f}" in mean
    with pytest.raises(UserError, match="wants a data set of images and its folder"):
        module["get_config"]("bottle")


def test_new_images_are_scored_one_by_one(finished, mvtec, tmp_path, capsys):
    """Each image of a folder is one, whatever folders they lie in; scores are those of the run."""
    workdir, metrics = finished
    folder, out = mvtec / "cloth/test", tmp_path / "out"
    scored = predict.detect(workdir, [str(folder)], out=out)
    said = capsys.readouterr().out
    assert len(scored) == 11 and "vadjax: 11 images, with the detector of" in said
    known = {video.id: video.scores[0] for video in artifacts.read_scores(workdir).test}
    for one in scored:
        assert one.scores[0] == pytest.approx(known[f"test/cloth/{one.id}"], rel=1e-5)
    with (out / "scores.csv").open(encoding="utf-8") as file:
        rows = {row["image"]: row for row in csv.DictReader(file)}
    limit = metrics["threshold"]["value"]
    called = sum(one.scores[0] >= limit for one in scored)
    assert sum(int(row["called"]) for row in rows.values()) == called
    assert rows["spot/000"]["label"] == rows["spot/000"]["defect"] == ""
    assert f"{called} of 11 images called defective; the highest score" in said
    page = (out / "report.html").read_text("utf-8")
    shown, _, _ = page.partition("<body>")[2].partition("<details><summary>Configuration")
    text = re.sub(r"<script.*?</script>|<[^>]*>", " ", shown, flags=re.S)
    assert not [text[m.start() - 60 : m.end() + 40] for m in re.finditer(OF_TIME, text)]
    assert not re.findall(OF_TIME, said.replace(str(out), "")), said
    assert "of 11 images called defective" in text and page.count("<img src") == 11
    one = predict.detect(workdir, [str(folder / "spot/000.png")], out=tmp_path / "one", quiet=True)
    assert [v.id for v in one] == ["000"]
    with pytest.raises(UserError, match="holds no images; give an image, or a folder of them"):
        predict.detect(workdir, [str(out / "scores.csv")], out=tmp_path / "none", quiet=True)
