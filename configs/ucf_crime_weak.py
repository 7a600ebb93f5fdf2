"""Feature files of UCF-Crime or another set, weak: what Sultani et al. (CVPR 2018) train.

python -m vadjax.main --config=configs/ucf_crime_weak.py \\
    --config.dataset.data_dir=/data/ucf_crime_i3d

The folder has a file a video, such as Abuse001_x264_i3d.npy, with a row for each 16 frames, and the
lists and annotation of the data set; ShanghaiTech and XD-Violence likewise (docs/datasets.md).
config.objective.name=mil_topk is the loss of RTFM (Tian et al., ICCV 2021), mil_attention that of
Ilse et al. (ICML 2018); dataset.crops=all averages the scores of crops in place of their features.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "features"
    config.dataset.protocol = "weak"
    config.detector.name = "bag_model"
    config.model.name, config.model.units, config.model.dropout = "bag_mlp", (512, 32), 0.6
    config.objective.name = "mil_ranking"
    config.window.length = 1  # a row is a snippet of 16 frames
    config.train.batches, config.train.batch_size = "pairs", 60
    config.train.optimizer, config.train.learning_rate = "adagrad", 0.01
    config.train.weight_decay, config.train.clip_norm = 0.001, 0.0
    config.train.epochs, config.train.patience = 700, 0  # 20,000 batches, as published
    return with_argument(config, arg)
