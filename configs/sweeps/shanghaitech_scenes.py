r"""ShanghaiTech Campus, one_class: the detector of a fixed camera on each of its cameras.

python -m vadjax.sweep --config=configs/sweeps/shanghaitech_scenes.py --workdir=runs/shanghaitech \
    --config.dataset.data_dir=/data/sh

One run a camera, 12 of the 13: camera 13 has no test clip, 09 and 11 have one each. Each run has
figures of its own; scores of different cameras are on no common scale and are not pooled.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "shanghaitech"
    config.detector.name = "scene"
    config.evaluate.threshold = "alarms"  # false ones: one an hour of held-out clips
    return with_argument(config, arg)


def sweep(add):
    for camera in range(1, 13):
        add(**{"dataset.scene": f"{camera:02d}"})
