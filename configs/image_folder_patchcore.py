r"""A folder of good and bad images, one_class: PatchCore, against a coreset of good places.

python -m vadjax.main --config=configs/image_folder_patchcore.py \
    --config.dataset.data_dir=my_parts

The folder holds good/ and bad/, or train/ with good images, test/good/ and test/bad/; masks/ beside
them is optional. :detector=padim and :detector=student_teacher are its neighbours.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "image_folder"
    config.detector.name = "patchcore"  # stages 3 and 5 of EfficientNet-Lite0
    config.window.length = 1  # an image is a clip of one frame
    return with_argument(config, arg)
