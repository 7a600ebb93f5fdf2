"""Your own videos, one_class: a fixed camera by cues (speed, look, course, standing still).

python -m vadjax.main --config=configs/folder_scene.py --config.dataset.data_dir=/data/my_camera

The folder holds train/ (normal only) and test/, each with videos or folders of images; or only
normal videos, the last fifth of which becomes the test side. Labels, if any: labels.csv with
video,start,stop in frames (0-based, half-open) or video,start_s,stop_s.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "folder"
    config.detector.name = "scene"
    config.evaluate.threshold = "alarms"  # false ones: one an hour of held-out clips
    return with_argument(config, arg)
