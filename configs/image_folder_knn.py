"""A folder of good and bad images, one_class: each place against the nearest places of good images.

python -m vadjax.main --config=configs/image_folder_knn.py --config.dataset.data_dir=my_parts

The folder holds good/ and bad/, or train/ with good images, test/good/ and test/bad/; masks/ beside
them is optional.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "image_folder"
    config.detector.name = "knn_places"
    config.features.tap = "stage5"  # 112 channels at a 16th of the size: maps
    config.window.length = 1  # an image is a clip of one frame
    return with_argument(config, arg)
