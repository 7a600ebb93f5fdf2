"""Cues chosen on normal clips alone, on a small drawn set."""

import dataclasses
import json

import pytest

from tests import drawn
from tests.pseudo.walkers import BACK, walk
from vadjax import config as configs
from vadjax.data.video import Dataset
from vadjax.errors import UserError
from vadjax.pipeline import known, pseudo_set
from vadjax.pipeline import tune as module
from vadjax.pseudo.kinds import KINDS
from vadjax.report import tuned as tuned_lines


class Untouched(drawn.Drawn):
    """Frames that nobody may read."""

    def __iter__(self):
        raise AssertionError("a test clip was read")

    def _read(self, index):
        raise AssertionError("a test clip was read")


def dataset(clips):
    train = [drawn.video(f"train/{n}", frames) for n, frames in enumerate(clips)]
    unread = dataclasses.replace(drawn.video("test/0", walk()), frames=Untouched(walk()))
    return Dataset("folder", "none", None, tuple(train), (unread,))


def tuned(monkeypatch, tmp_path, clips, **changes):
    config = configs.default_config()
    config.detector.name, config.scene.tap, config.dataset.name = "scene", "stage2", "synthetic"
    f = config.features
    f.backbone, f.weights, f.cache_dir = "mobilenetv2_100", "random", str(tmp_path / "cache")
    config.update_from_flattened_dict(changes)
    monkeypatch.setattr(pseudo_set, "CLIPS", (2, 2))
    monkeypatch.setattr(known.data, "load", lambda *args, **more: dataset(clips))
    return module.tune(configs.validate(config), tmp_path / "tune", quiet=True)


@pytest.mark.slow
def test_the_figures_of_every_set_and_one_that_is_recommended(monkeypatch, tmp_path):
    clips = [walk(1.8 + 0.1 * n, y=36 + n, seed=n) for n in range(5)]
    result = tuned(monkeypatch, tmp_path, clips)
    assert json.loads((tmp_path / "tune/tune.json").read_text()) == result
    assert len(result["sets"]) == 15 and result["normal_frames"] == 5 * 39
    assert set(result["clips"]) == {k + end for k in KINDS for end in ("", "_first")}
    means = [row["mean"] for row in result["sets"]]
    assert means == sorted(means, reverse=True) and means[0] > 0.6
    assert result["sets"][0]["cues"] == result["best"] and not result["kinds_left_out"]
    speed, still = (
        next(row["auc"] for row in result["sets"] if row["cues"] == [cue])
        for cue in ("speed", "still")
    )
    assert (
        speed["fast"] > 0.9 > speed["stopped"] and still["stopped_first"] > speed["stopped_first"]
    )
    assert tuned_lines.words(result)[-1].startswith("recommended: ")


@pytest.mark.slow
def test_one_clip_is_cut_into_parts(monkeypatch, tmp_path):
    long = [frame for n in range(4) for frame in walk(1.9 + 0.1 * n, y=36 + n)]
    result = tuned(monkeypatch, tmp_path, [long])
    assert 4 * 30 < result["normal_frames"] < 4 * 40  # some lie between fit and tail


def test_cues_that_are_off_are_compared_only_where_they_are_named():
    config = configs.default_config()
    assert module._all_cues(config) == ("speed", "look", "course", "still")
    config.scene.cues, config.scene.objects = ("size", "scanner"), "nanodet.safetensors"
    wanted = ("speed", "look", "course", "still", "size", "scanner", "objects")
    assert module._all_cues(config) == wanted


def test_another_detector_is_refused(tmp_path):
    config = configs.validate(configs.default_config())
    with pytest.raises(UserError, match=r"config has .*: name another config, such as folder_sc"):
        module.tune(config, tmp_path)


def test_where_nobody_can_be_followed(monkeypatch, tmp_path):
    with pytest.raises(UserError, match=r"no body could be followed"):
        tuned(monkeypatch, tmp_path, [[BACK.copy()] * 20] * 4)
