"""CUHK Avenue, one_class: a fixed camera by cues (speed, look, course, standing still).

python -m vadjax.main --config=configs/avenue_scene.py --config.dataset.data_dir=/data/Avenue

The official videos with ground_truth_demo beside or inside, or the frames layout. Labels: pixel
masks; --config.dataset.label_version=hasan_intervals for the other set in circulation.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "avenue"
    config.detector.name = "scene"
    config.evaluate.threshold = "alarms"  # false ones: one an hour of held-out clips
    return with_argument(config, arg)
