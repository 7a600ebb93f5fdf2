"""What a run extracts: motion for the baselines, where a label lets them have a figure."""

import types

import numpy as np
import pytest

from vadjax import config as configs
from vadjax.pipeline.run import Run
from vadjax.runtime.console import Console


@pytest.mark.parametrize(
    ("labelled", "sets", "moving"),
    [(False, False, False), (True, False, True), (False, True, True)],
)
def test_motion_is_measured_where_something_is_made_of_it(labelled, sets, moving, tmp_path):
    config = configs.default_config()
    config.dataset.name, config.detector.name = "folder", "scene"
    config.evaluate.sets = sets
    run = Run(config, tmp_path, Console(quiet=True))
    labels = np.zeros(3, np.uint8) if labelled else None
    videos = [types.SimpleNamespace(labels=None), types.SimpleNamespace(labels=labels)]
    run.__dict__["dataset"] = types.SimpleNamespace(train=videos[:1], test=videos[1:])
    assert run.inputs == ("cells", "windows", *(["motion"] if moving else []))
