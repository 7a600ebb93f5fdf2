"""UMN, one_class: one of its three cameras by cues (speed, look, course, standing still).

python -m vadjax.main --config=configs/umn_scene.py --config.dataset.data_dir=/data/umn

The detector learns one fixed camera: indoors (6 clips) here; --config.dataset.scene=lawn (2 clips)
or plaza (3) for the others. See configs/umn_lstm.py for the folder, split and labels.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name, config.dataset.scene = "umn", "indoor"
    config.detector.name = "scene"
    config.evaluate.threshold = "alarms"  # false ones: one an hour of held-out clips
    return with_argument(config, arg)
