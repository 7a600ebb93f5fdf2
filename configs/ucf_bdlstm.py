"""UCF-Crime, 14 classes: a bidirectional LSTM over class probabilities of ResNet-50.

python -m vadjax.main --config=configs/ucf_bdlstm.py --config.dataset.data_dir=/data/ucf

The system of Ullah et al. (Multimedia Tools and Applications 2021) as its authors describe it, with
the published split: 15 frames a chunk, 1,000 probabilities a frame, 20 % of the training videos
validate, cross-entropy at 0.001. docs/recognition.md says in what their code does otherwise.
--config.window.length=30 --config.window.stride=30 are chunks of 30 frames;
--config.objective.classes="" tells abnormal from normal alone;
--config.features.backbone=vgg19 or inception_v3 are its other features.
"""

from vadjax.config import default_config, with_argument
from vadjax.data.builders.ucf_crime import CLASSES


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucf_crime"
    config.dataset.protocol = "weak"  # a video has one class; of which of its frames nobody says
    config.features.backbone, config.features.tap = "resnet50", "probabilities"
    config.features.height = config.features.width = 224
    config.window.length = config.window.stride = 15
    config.model.units, config.model.bidirectional = (512, 512), True
    config.model.embed, config.model.dropout = 512, 0.5
    config.objective.name, config.objective.activation = "recognize", "softmax"
    config.objective.classes = ",".join(CLASSES)
    config.objective.class_weight = "none"  # plain cross-entropy, as described
    config.train.batch_size, config.train.epochs = 256, 20
    return with_argument(config, arg)
