"""Street Scene, one_class: a fixed camera by cues (speed, look, course, standing still).

python -m vadjax.main --config=configs/street_scene_scene.py --config.dataset.data_dir=/data/street

The folder holds Train/ and Test/ of the authors' archives, with Test/Test001/Test001_gt.txt.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "street_scene"
    config.detector.name = "scene"
    config.evaluate.threshold = "alarms"  # false ones: one an hour of held-out clips
    return with_argument(config, arg)
