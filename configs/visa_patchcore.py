r"""VisA, one_class: PatchCore, against a coreset of good places, one object at a time.

python -m vadjax.main --config=configs/visa_patchcore.py --config.dataset.data_dir=/data/VisA

candle here; --config.dataset.scene=pcb1 and so on for the other objects. :detector=padim and
:detector=student_teacher are its neighbours.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name, config.dataset.scene = "visa", "candle"
    config.detector.name = "patchcore"  # stages 3 and 5 of EfficientNet-Lite0
    config.window.length = 1  # an image is a clip of one frame
    return with_argument(config, arg)
