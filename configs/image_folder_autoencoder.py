"""A folder of good and bad images, one_class: an autoencoder, threshold on pixels' squared error.

python -m vadjax.main --config=configs/image_folder_autoencoder.py \\
    --config.dataset.data_dir=my_parts

The dense sigmoid autoencoder of Elavarasi et al. (equations 10 to 12) over grey pixels; an image is
called abnormal where the squared error of any of its pixels reaches the mean of the held-out good
images' largest errors plus three standard deviations. `:model.name=conv_autoencoder` is the
convolutional one. Folders: as in configs/image_folder_knn.py. What to expect: docs/models.md.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "image_folder"
    config.features.backbone, config.features.tap = "pixels", "map"
    config.features.height = config.features.width = 64
    config.features.standardize = "range"  # pixels in -1 .. 1
    config.window.length = 1  # an image is a clip of one frame
    config.model.name, config.model.units = "sigmoid_autoencoder", (256,)
    config.model.channels = (16, 32, 64)  # of conv_autoencoder
    config.objective.name, config.objective.reduce = "reconstruct", "max"
    config.train.batch_size, config.train.epochs = 32, 50
    config.evaluate.threshold = "mean_std"
    return with_argument(config, arg)
