"""UCSD Ped2, one_class: a fixed camera by cues (speed, look, course, standing still).

python -m vadjax.main --config=configs/ped2_scene.py --config.dataset.data_dir=/data/ped2

The folder is the official UCSDped2 (or its parent), or the jpg layout with training/frames/NN and
testing/frames/NN; masks of the latter: --config.dataset.masks_dir=.
What to expect: docs/results.md.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucsd_ped2"
    config.detector.name = "scene"
    config.evaluate.threshold = "alarms"  # false ones: one an hour of held-out clips
    return with_argument(config, arg)
