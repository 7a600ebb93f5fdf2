"""ShanghaiTech Campus, one_class: one of its cameras by cues (speed, look, course, standing still).

python -m vadjax.main --config=configs/shanghaitech_scene.py --config.dataset.data_dir=/data/sh

The detector learns one fixed camera: camera 01 here (83 training and 34 test clips);
--config.dataset.scene=02 for another one, of 01 to 12 (13 has no test clip). All of them, a run
each: configs/sweeps/shanghaitech_scenes.py. Figures carry the camera and are none of the whole
data set.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name, config.dataset.scene = "shanghaitech", "01"
    config.detector.name = "scene"
    config.evaluate.threshold = "alarms"  # false ones: one an hour of held-out clips
    return with_argument(config, arg)
