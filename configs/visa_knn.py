"""VisA, one_class: each place against the nearest places of good images, one object at a time.

python -m vadjax.main --config=configs/visa_knn.py --config.dataset.data_dir=/data/VisA

candle here; --config.dataset.scene=pcb1 and so on for the other objects.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name, config.dataset.scene = "visa", "candle"
    config.detector.name = "knn_places"
    config.features.tap = "stage5"  # 112 channels at a 16th of the size: maps
    config.window.length = 1  # an image is a clip of one frame
    return with_argument(config, arg)
