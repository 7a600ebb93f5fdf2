"""Scene bias of clips that are drawn darker: found, on the page too; of equal ones: not."""

import dataclasses
import json

import numpy as np

from tests.pipeline.test_robustness import tiny
from vadjax import data
from vadjax.data.frames.altered import ALTERATIONS, AlteredFrames
from vadjax.pipeline import stages
from vadjax.pipeline.scene_bias import scene_bias


def darker(video):
    frames = AlteredFrames(video.frames, ALTERATIONS["darker"].alter, 0.8)
    return dataclasses.replace(video, frames=frames, masks=None)


def test_darker_test_clips_are_told_apart(tmp_path):
    config = tiny(tmp_path)
    config.dataset.num_train = config.dataset.num_test = 8
    dataset = data.load(config.dataset, cache_dir=tmp_path)
    # All of one drawing: what they show does not differ between the groups.
    clips = [dataclasses.replace(v, labels=None) for v in dataset.train]
    even, _ = scene_bias(clips[:4], clips[4:])
    found, reasons = scene_bias(clips[:4], [darker(video) for video in clips[4:]])
    assert found["test_from_training"]["cues"]["brightness"] == 1
    assert found["test_from_training"]["p_value"] < 0.2  # of 70 permutations
    assert even["test_from_training"]["cues"]["brightness"] < 1
    assert found["abnormal_from_normal"] is None
    assert "0 and 4 clips" in reasons["scene_bias.abnormal_from_normal"]


def test_a_run_has_it_in_its_metrics_and_on_its_page(tmp_path):
    config = tiny(tmp_path / "cache")
    config.dataset.num_train = config.dataset.num_test = 6
    stages.run(config, tmp_path / "run", quiet=True)
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    part = metrics["scene_bias"]["abnormal_from_normal"]
    assert part["cues"]["width"] == 0.5 and part["cues"][part["best"]] == part["auc"]
    assert part["clips"][0] == sum(1 for row in metrics["videos"] if row["abnormal"])
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Scene bias" in page and f'data-value="{part["chance95"]}"' in page
    assert np.isfinite(part["p_value"])
