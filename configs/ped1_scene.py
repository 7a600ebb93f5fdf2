"""UCSD Ped1, one_class: a fixed camera by cues (speed, look, course, standing still).

python -m vadjax.main --config=configs/ped1_scene.py --config.dataset.data_dir=/data/ped1

The folder is the official UCSDped1 (or its parent), or the jpg layout with training/frames/NN and
testing/frames/NN; masks of the latter: --config.dataset.masks_dir=.
People walk towards and away from the camera, which is what the scale by rows is for. Not measured:
ten of its clips were at hand, without the training clips.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucsd_ped1"
    config.detector.name = "scene"
    config.evaluate.threshold = "alarms"  # false ones: one an hour of held-out clips
    return with_argument(config, arg)
