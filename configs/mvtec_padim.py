r"""Images in MVTec AD's layout, one_class: PaDiM, a Gaussian of the features of each place.

python -m vadjax.main --config=configs/mvtec_padim.py --config.dataset.data_dir=/data/mvtec \
    --config.dataset.scene=bottle

For things that lie alike in every image: each place has a Gaussian of its own.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "mvtec"
    config.detector.name = "padim"  # stages 2, 3 and 5 of EfficientNet-Lite0
    config.window.length = 1  # an image is a clip of one frame
    return with_argument(config, arg)
