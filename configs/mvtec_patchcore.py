r"""Images in MVTec AD's layout, one_class: PatchCore, each place against a coreset of good places.

python -m vadjax.main --config=configs/mvtec_patchcore.py --config.dataset.data_dir=/data/mvtec \
    --config.dataset.scene=bottle

:detector=padim and :detector=student_teacher are its neighbours (docs/detectors.md). The folder
holds categories, or is one; with several, each should have a run of its own.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "mvtec"
    config.detector.name = "patchcore"  # stages 3 and 5 of EfficientNet-Lite0
    config.window.length = 1  # an image is a clip of one frame
    return with_argument(config, arg)
