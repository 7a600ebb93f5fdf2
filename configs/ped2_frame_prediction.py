"""UCSD Ped2, one_class: future frame prediction with a discriminator (Liu et al., CVPR 2018).

python -m vadjax.main --config=configs/ped2_frame_prediction.py --config.dataset.data_dir=/data/ped2

Four grey frames predict the fifth. Frames of 64x96 and a quarter of the paper's widths, so that two
cores train it in minutes; the paper's own size is

    --config=configs/ped2_frame_prediction.py:paper

with frames of 256x256 in three channels and batches of 4, which wants a GPU. The paper's loss of
optical flow, of a trained FlowNet, is off; `objective.flow=2` puts that of a flow without weights
in its place. What to expect: docs/models.md.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucsd_ped2"
    config.features.backbone, config.features.tap = "pixels", "map"
    config.features.standardize = "range"
    config.features.height, config.features.width = 64, 96
    config.window.length = 5
    config.model.name = "frame_prediction"
    config.model.channels = (16, 32, 64, 128)
    config.objective.name = "adversarial"
    config.objective.reduce = "psnr"
    config.train.batch_size, config.train.epochs = 4, 8
    config.train.learning_rate = 2e-4
    config.score.batch_size = 16
    paper, _, rest = arg.partition(",")
    if paper == "paper":
        config.features.backbone = "pixels_rgb"
        config.features.height = config.features.width = 256
        config.model.channels = (64, 128, 256, 512)
        config.train.epochs, config.train.learning_rate = 125, 1e-4  # 80,000 steps
        arg = rest
    return with_argument(config, arg)
