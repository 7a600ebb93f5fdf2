"""Flags, config keys and other arguments of a verb are told apart."""

import pytest

from vadjax.commands.arguments import translate
from vadjax.errors import UserError

OWN = {"workdir": False, "dry_run": True, "config": False}


@pytest.mark.parametrize(
    ("typed", "flags"),
    [
        ("--workdir=a", ["--workdir=a"]),
        ("--workdir a --dry_run", ["--workdir=a", "--dry_run"]),
        ("--nodry_run", ["--nodry_run"]),
        ("--data_dir=d", ["--config.dataset.data_dir=d"]),
        ("--data_dir d", ["--config.dataset.data_dir=d"]),
        ("--epochs=5 --seed=3", ["--config.train.epochs=5", "--config.seed=3"]),
        ("--config.train.epochs=5", ["--config.train.epochs=5"]),
        ("--train.epochs 5", ["--config.train.epochs=5"]),
        ("train.epochs=5", ["--config.train.epochs=5"]),
        ("model.units=32,32", ["--config.model.units=32,32"]),
        ("--oracle --nomaps", ["--config.evaluate.oracle", "--noconfig.explain.maps"]),
        ("scene.cues=speed,look", ["--config.scene.cues=('speed', 'look')"]),
        ("--cues=('speed',)", ["--config.scene.cues=('speed',)"]),
        ("--cues still", ["--config.scene.cues=('still',)"]),
        ("detector=knn", ["--config.detector.name=knn"]),
        ("--backbone=resnet50", ["--config.features.backbone=resnet50"]),
        (
            "backbone=coatnet_0_rw_224",
            [
                "--config.features.backbone=coatnet_0_rw_224",
                "--config.features.height=0",
                "--config.features.width=0",
            ],
        ),
    ],
)
def test_flags_and_keys(typed, flags):
    assert translate(typed.split(), own=OWN) == (flags, [])
    assert translate(["ped2_lstm", *typed.split(), "b"], own=OWN) == (flags, ["ped2_lstm", "b"])


def test_what_is_neither():
    assert translate(["a=b.mp4", "seed=1"], own=OWN, configurable=False)[1] == ["a=b.mp4", "seed=1"]
    assert translate(["x", "--", "--seed=1"], own=OWN) == ([], ["x", "--seed=1"])


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("--epoch=5", "flag '--epoch' unknown.*Did you mean '--epochs'"),
        ("--train.epoch=5", "config key 'train.epoch' unknown.*Did you mean 'train.epochs'"),
        ("--height=3", "may stand for dataset.height, features.height"),
        ("--workdir", "--workdir wants a value"),
        ("--backbone=resnet5", "Did you mean 'resnet50'"),
    ],
)
def test_faults(typed, text):
    with pytest.raises(UserError, match=text):
        translate(typed.split(), own=OWN)
