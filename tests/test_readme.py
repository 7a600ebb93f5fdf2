"""The Python of the first page runs as it stands, on a few synthetic clips with small settings."""

import pathlib
import re

import cv2
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import vadjax
from vadjax import config as configs
from vadjax import data
from vadjax.errors import UserError

README = pathlib.Path(__file__).parents[1] / "README.md"
SMALL = {  # what makes it quick; everything else is what a reader gets
    "features__backbone": "pixels",
    "explain__videos": False,
    "explain__maps": False,
}


def write_clips(folder: pathlib.Path, clips) -> None:
    """Write each clip as a folder of images."""
    for number, frames in enumerate(clips):
        target = folder / f"clip{number}"
        target.mkdir(parents=True)
        for index in range(len(frames)):
            cv2.imwrite(str(target / f"{index:03d}.png"), frames[index][..., ::-1])


def write_video(path: pathlib.Path, frames) -> None:
    """Write frames as mp4, 10 frames a second."""
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (width, height))
    for index in range(len(frames)):
        writer.write(frames[index][..., ::-1])
    writer.release()


def test_the_python_of_the_first_page_runs(tmp_path, monkeypatch):
    config = configs.default_config()
    config.dataset.update(num_train=4, num_test=1, num_frames=60, height=64, width=96)
    drawn = data.load(config.dataset, cache_dir=tmp_path / "cache")
    write_clips(tmp_path / "my_videos", [video.frames for video in drawn.train])
    write_video(tmp_path / "new.mp4", drawn.test[0].frames)
    monkeypatch.chdir(tmp_path)
    fit, small = vadjax.fit, {**SMALL, "features__cache_dir": str(tmp_path / "cache")}
    monkeypatch.setattr(
        vadjax, "fit", lambda source: fit(source, quiet=True, **small), raising=False
    )
    [block] = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    names: dict = {}
    exec(block, names)
    assert len(names["video"].scores) == len(drawn.test[0].frames)
    detector = names["detector"]
    assert names["video"].threshold == detector.threshold
    loaded = vadjax.Detector.load(detector.workdir)
    again = loaded.score(tmp_path / "new.mp4")
    assert (again.scores == names["video"].scores).all()
    stream, streamed = loaded.stream(), []
    for frame, time in data.open_source(str(tmp_path / "new.mp4")):
        streamed += [one.score for one in stream.update(frame, time)]
    known = [score is not None for score in streamed]
    assert known == again.predicted.tolist()
    np.testing.assert_allclose(
        [score for score in streamed if score is not None], again.scores[known], atol=1e-6
    )


def test_evaluate_is_scikit_learns_area():
    rng = np.random.default_rng(0)
    labels = [rng.integers(0, 2, 40) for _ in range(9)]
    scores = [2 * rng.random(40) + own for own in labels]
    found = vadjax.evaluate(scores, labels)
    want = roc_auc_score(np.concatenate(labels), np.concatenate(scores))
    assert found["auc_micro"] == pytest.approx(want, abs=1e-6)
    low, high = found["auc_micro_ci95"]
    assert low < want < high
    with pytest.raises(UserError, match="scores of 9 videos, but labels of 8"):
        vadjax.evaluate(scores, labels[:8])


def test_load_config_takes_names_files_folders_and_configs(tmp_path):
    config = vadjax.load_config("ped2_lstm:backbone=repvgg_a0", dataset__data_dir="/data/ped2")
    assert config.features.backbone == "repvgg_a0" and config.dataset.data_dir == "/data/ped2"
    assert vadjax.load_config(config, seed=3).seed == 3 and config.seed == 0
    assert vadjax.load_config(tmp_path).dataset.data_dir == str(tmp_path)
    with pytest.raises(UserError, match="Did you mean 'ped2_lstm'"):
        vadjax.load_config("ped2_lsmt")
    with pytest.raises(UserError, match=r"train\.epoch"):
        vadjax.load_config("synthetic_lstm", train__epoch=3)
