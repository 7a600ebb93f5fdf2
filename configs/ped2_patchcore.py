"""UCSD Ped2, one_class: PatchCore, each place of a frame against a coreset of normal places.

python -m vadjax.main --config=configs/ped2_patchcore.py --config.dataset.data_dir=/data/ped2

It sees how things look and not how they move. :detector=padim and :detector=student_teacher are its
neighbours. What to expect: docs/results.md.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucsd_ped2"
    config.features.height, config.features.width = 224, 336  # the frame's own 2:3
    config.detector.name = "patchcore"  # stages 3 and 5 of EfficientNet-Lite0
    config.places.coreset = 0.01  # of 3 million places there are candidates enough
    return with_argument(config, arg)
