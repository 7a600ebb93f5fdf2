"""The tree of defaults: every key of a config, and what it is where nothing else is asked.

A config file in `configs/` is a module with `get_config(arg="") -> ConfigDict` that starts from
`default_config()` and lists only what differs.
"""

from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder


def default_config() -> ConfigDict:
    """Return the defaults: the synthetic set, an ImageNet backbone, an LSTM that predicts."""
    config = ConfigDict()
    config.seed = 0
    config.dataset = ConfigDict(
        dict(
            name="synthetic",
            data_dir="",  # folder of the data set; unused by `synthetic`
            masks_dir="",  # UCSD's official folder, when data_dir holds the jpg layout
            skip_broken=False,  # leave out videos that cannot be read, said and counted
            fps=0.0,  # frames a second of folders of images, which do not say; 0: not known
            split="",  # a published split by its name; "" is the data set's own
            scene="",  # clips of this camera alone, of a data set of several
            unseen_scene="",  # tested is this camera, trained on are all the others
            label_version="",  # "" is the data set's default; see docs/protocols.md
            feature_name="",  # features: NAME of normal_features_NAME.npy; "" is the only one there
            crops="mean",  # features [t, crops, d]: the mean of a row's crops; "all" keeps them
            protocol="one_class",
            holdout=0.2,  # share of the normal training clips that is never trained on
            num_folds=0,  # by_video: 0 is the data set's own (4 for Ped2, else 5)
            augment="none",  # copies of training clips: "flip,brightness,contrast,noise,blur"
            seed=0,  # synthetic: seed of the drawing
            num_train=0,  # synthetic: clips, frames a clip, and frame size; 0 is the default
            num_test=0,
            num_frames=0,
            height=0,
            width=0,
        )
    )
    config.features = ConfigDict(
        dict(
            backbone="tf_efficientnet_lite0",
            weights="",  # "" searches package and cache; a .safetensors or .pth file; "random"
            tap="features",  # pooled; "probabilities" or "logits" of the classifier's classes; or
            # a stage's map, stored as float16: "map" is the last
            last_stage="",  # "stage3": the network ends there, and features are the mean of its map
            preprocess="checkpoint",  # "rahmani_compat": 224 bilinear, ImageNet statistics
            fit="stretch",  # the whole frame; "crop" is ImageNet's centre crop
            crops=1,  # 10: centre, corners, and these mirrored; dataset.crops says what is kept
            height=0,  # pixels; 0 is what `aspect` says
            width=0,
            aspect="frames",  # the short side is the checkpoint's; "checkpoint": its own size
            dtype="float32",
            standardize="channel",  # "place": maps of a fixed camera, each cell by itself;
            # "range": pixels 0 .. 255 to -1 .. 1, as the papers of video models have them
            cache_dir="~/.cache/vadjax",
            mirror="",  # s3://bucket/features: rows are fetched from there and copied to there
            batch_size=16,
        )
    )
    # Sections window, model, objective and train belong to window_model, trained by gradient.
    config.detector = ConfigDict(dict(name="window_model"))
    config.scene = ConfigDict(  # detector scene
        dict(
            cues=("speed", "look", "course", "still"),
            density="exemplars",  # of cues in density_of; or "mulde", a network (docs/scene.md)
            density_of=("look",),  # cues that the density is of: speed, look, course, still
            tail="exponential",  # of surprises; "pareto", or by its check: "checked"
            objects="",  # weights of an object detector (docs/objects.md): the cue of that name
            tap="",  # stage of features.backbone whose mean embeds a body; "": stage5, or the last
        )
    )
    config.places = ConfigDict(  # detectors padim, patchcore and student_teacher
        dict(
            taps="",  # "stage2,stage3" of the backbone, from fine to coarse; "": docs/detectors.md
            dims=100,  # padim: of a place; 0 keeps all channels
            embedding="random",  # padim: channels at random; "orthogonal": a projection of all
            coreset=0.1,  # patchcore: share of the normal places that is kept
            neighbours=9,  # patchcore: by which the score of an image is weighted; 1 is off
            updates=500,  # student_teacher: of its training
        )
    )
    config.hidden = ConfigDict(  # detector hidden_states: of states from normal ones
        dict(distance="euclidean")  # from their mean; or "mahalanobis"
    )
    config.window = ConfigDict(
        dict(
            length=16,
            stride=1,
            dilation=1,
            label="last",
            short_clips="skip",  # in training; "pad": their first frame is repeated, not learnt
        )
    )
    config.bag = ConfigDict(  # bag_model: a snippet is window.length rows
        dict(
            segments=32,  # instances of a bag
            instances="segments",  # trained on: means of so many equal parts; or "snippets" of them
            scored="snippets",  # of which each gets a score; "segments": equal parts of the video
        )
    )
    config.model = ConfigDict(
        dict(
            name="lstm",
            units=(128,),
            bidirectional=False,
            dropout=0.0,
            head="linear",
            embed=0,  # recurrent models: width of a ReLU layer on every row; 0 is none
            reuse=False,  # recurrent models: the last layer is the first one again
            lag=6,  # place models: rows between the past that is read and the row it predicts
            mean=9,  # place models: rows over which the errors of a place are averaged
            calibrate="place",  # place models: surprises in deviations of their place, or "none"
            mixture=1,  # place models: Gaussians that a place's motion may come from
            sharing="all",  # place models: places that share weights; "row": those of a row
            boxes=(3,),  # place models: cells that the boxes of motion are wide, odd
            memory=200,  # memory_autoencoder, memae, mnad: items
            at_test="frozen",  # mnad: error alone; "combined", "updated": docs/models.md
            channels=(64, 32),  # conv_autoencoder: widths on the way down; other map models: all
            dtype="float32",
        )
    )
    config.objective = ConfigDict(
        dict(
            name="predict",
            activation="sigmoid",  # classify
            num_classes=2,  # classify under softmax; class 0 is normal
            classes="",  # under softmax, by name: "Abuse,Arson"; num_classes follows
            class_weight="balanced",  # classify: "none", or a number a class such as "1,3"
            scored_rows=1,  # density: rows of a window that are scored; more look ahead
            top_places=1,  # density: so many of the most surprising places are averaged
            reduce="mean",  # feature maps: error over locations, mean or max; "psnr": mean in dB
            intensity=1.0,  # adversarial: weight of the squared error,
            gradient=1.0,  # of the error of image gradients,
            adversarial=0.05,  # and of the discriminator; 0 trains without one
            flow=0.0,  # adversarial: of the error of motion, by Horn and Schunck, not FlowNet
            coherence=0.0,  # weight of the change from row to row: temporal coherence loss
            coherence_of="hidden",  # states, or "output"
            target_gradient=False,  # let gradients flow through the target too
        )
    )
    config.train = ConfigDict(
        dict(
            epochs=20,
            batch_size=64,
            batches="windows",  # "runs": of neighbours, faster for recurrent models; see runs.py;
            # "pairs": bag_model, as many abnormal as normal videos
            optimizer="adam",  # adamw, adagrad, sgd, momentum
            learning_rate=1e-3,
            weight_decay=0.0,
            schedule="constant",
            plateau_patience=2,  # plateau: epochs without a better loss on held-out clips, after
            plateau_factor=0.1,  # which the learning rate falls by this factor
            warmup_epochs=0,
            adapt="none",  # "temporal": a window's own rate, higher where it moves more at its end
            clip_norm=1.0,  # 0 is off
            mix=0.0,  # segment: share of windows into which another is mixed; see mixing.py
            patience=5,  # epochs without a better loss on held-out clips; 0 is off
            finetune_epochs=0,  # a second training, on the normal windows that score highest,
            finetune_share=0.1,  # so many of them, with the learning rate times
            finetune_rate=0.1,
            parallel="shard_map",
            num_devices=0,  # 0: one on CPU, all elsewhere
            memory_mb=0,  # of training data on a device; more is gathered in chunks; 0: automatic
            checkpoint_every=5,  # epochs
        )
    )
    config.score = ConfigDict(
        dict(
            aggregate="last",
            first_frames="short",  # of a video, by shorter windows; "fill": the nearest score
            rules="",  # "ignore y < 0.4; at least 5 frames": see detectors/rules.py
            batch_size=256,
        )
    )
    config.evaluate = ConfigDict(
        dict(
            threshold="by_clip",
            threshold_value=placeholder(float),  # fixed
            false_alarm_rate=0.01,  # of normal frames; by_clip, pot and conformal
            alarms_per_hour=1.0,  # of held-out normal clips; alarms
            cross_fit=5,  # trainings more for the threshold where few clips are held out; 0 is off
            quantile=0.99,
            num_std=3.0,  # mean_std
            num_bootstrap=2000,
            knn=5,
            oracle=False,  # thresholds that are best on the test labels: upper bounds
            sets=False,  # accuracy and motion of every training, validation and test video
            legacy=False,  # figures by other conventions, for comparison with published tables
        )
    )
    config.explain = ConfigDict(
        dict(
            maps=True,  # anomaly maps of the test frames
            method="auto",  # "error" where the model's error is a map, else "gradcam++"
            tap="",  # stage whose activations are explained; "" is the last that is a map
            batch_size=32,  # frames or windows at once
            store_mb=256,  # activations of test frames are kept where they take no more
            num_judged=300,  # abnormal frames with masks by which maps are evaluated
            deletion_images=600,  # through the network at most; 3456 for windows of 16
            num_pictures=6,  # of the most abnormal frames, and of each kind of mistake; 0 is none
            videos=True,  # an annotated film of each test video
        )
    )
    config.report = ConfigDict(dict(title="", thumbnails=12))
    return config.lock()


def flatten(tree: Mapping, prefix: str = "") -> dict[str, Any]:
    """Return a tree as one flat dict with dotted keys.

    >>> flatten({"seed": 0, "train": {"epochs": 20}})
    {'seed': 0, 'train.epochs': 20}

    Args:
        tree: nested mappings with string keys.
        prefix: of the keys, with its dot.

    Returns:
        Dotted key -> value.
    """
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat
