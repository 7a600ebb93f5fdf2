r"""Images in MVTec AD's layout, one_class: each place against the nearest places of good images.

python -m vadjax.main --config=configs/mvtec_knn.py --config.dataset.data_dir=/data/mvtec \
    --config.dataset.scene=bottle

The folder holds categories, or is one; with several, each should have a run of its own:
--config.dataset.scene=CATEGORY.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "mvtec"
    config.detector.name = "knn_places"
    config.features.tap = "stage5"  # 112 channels at a 16th of the size: maps
    config.window.length = 1  # an image is a clip of one frame
    return with_argument(config, arg)
