"""Backbones against timm with random weights and statistics, and against its preprocessing."""

import dataclasses
import functools
import importlib
import os

import jax
import numpy as np
import pytest
from safetensors.numpy import save_file

from tools import references
from tools.make_goldens_backbones import random_images, random_state
from vadjax import backbones
from vadjax.backbones import torch_pickle
from vadjax.backbones.preprocess import Preprocess

torch = pytest.importorskip("torch", reason="torch is not installed: no parity")
timm = pytest.importorskip("timm", reason="timm is not installed: no parity")

# `make parity` takes one network of each family at its own size, `make parity-full` all.
FULL = bool(os.environ.get("VADJAX_PARITY_FULL"))
CASES = [
    pytest.param(family, name, size, id=f"{name}-{size[0]}x{size[1]}")
    for family in references.families().values()
    for name in (family.NAMES if FULL else family.NAMES[:1])
    for size in (family.SIZES if FULL else family.SIZES[:1])
]
TIMM = [
    name
    for family in references.families().values()
    for name in family.NAMES
    if timm.is_model(name)
]


@pytest.mark.parametrize(("family", "name", "size"), CASES)
def test_every_tap_equals_the_reference(family, name, size, tmp_path, record_property):
    state = random_state(family.shapes(name), seed=3)
    save_file(state, tmp_path / "random.safetensors")
    images = random_images(size, seed=4)
    theirs = family.outputs(name, state, images)
    backbone = backbones.create(name, weights=str(tmp_path / "random.safetensors"))
    apply = jax.jit(backbone.apply, static_argnames="taps")
    out = apply(backbone.variables, images, taps=backbone.taps)
    ours = {**out.pop("taps"), **out}
    ours.pop("probabilities", None)  # tests/backbones/test_goldens.py
    assert set(ours) == set(theirs)
    errors = {
        key: np.abs(value - theirs[key]).max() / np.abs(theirs[key]).max()
        for key, value in ours.items()
    }
    worst = max(errors, key=errors.get)
    cells = name, f"{size[0]} x {size[1]}", worst, f"{errors[worst]:.1e}"
    record_property("sizes", " | ".join(cells))
    assert errors[worst] < 1e-4, f"{worst}: relative error {errors[worst]:.1e}"


def own_size(name: str) -> tuple[int, int]:
    """The size of a checkpoint's images."""
    family = importlib.import_module(f"vadjax.backbones.{backbones.family_of(name)}")
    return family.ARCHITECTURES[name].preprocess.size


LARGER = [name for name in references.efficientnet.NAMES if own_size(name) != (224, 224)]


@pytest.mark.skipif(not FULL, reason="minutes; parity-full has it")
@pytest.mark.parametrize("name", LARGER)
def test_own_sizes_equal_the_reference_in_float64(name, tmp_path, record_property):
    family, size = references.efficientnet, own_size(name)
    state = random_state(family.shapes(name), seed=3)
    save_file(state, tmp_path / "random.safetensors")
    images = random_images(size, seed=4)[:1]
    exact = family.outputs(name, state, images, double=True)
    theirs = family.outputs(name, state, images)
    backbone = backbones.create(name, weights=str(tmp_path / "random.safetensors"))
    assert backbone.preprocess.size == size
    apply = jax.jit(backbone.apply, static_argnames="taps")
    out = apply(backbone.variables, images, taps=backbone.taps)
    ours = {**out.pop("taps"), **out}
    ours.pop("probabilities", None)  # tests/backbones/test_goldens.py
    assert set(ours) == set(exact)

    def error(values, key):
        return np.abs(np.float64(values[key]) - exact[key]).max() / np.abs(exact[key]).max()

    worst = max(ours, key=lambda key: error(ours, key))
    found = error(ours, worst), max(error(theirs, key) for key in ours)
    cells = name, f"{size[0]} x {size[1]}", worst, *(f"{value:.1e}" for value in found)
    record_property("own", " | ".join(cells))
    assert max(found) < 1e-4, f"{worst}: vadjax {found[0]:.1e}, timm {found[1]:.1e}"


@pytest.mark.parametrize("name", TIMM)
def test_preprocessing_is_the_checkpoints(name):
    family = importlib.import_module(f"vadjax.backbones.{backbones.family_of(name)}")
    ours = family.ARCHITECTURES[name].preprocess
    tag = family.ARCHITECTURES[name].checkpoint.rpartition(".")[2]
    theirs = timm.get_pretrained_cfg(f"{name}.{tag}").to_dict()
    for key in ("interpolation", "mean", "std", "crop_pct"):
        assert getattr(ours, key) == theirs[key]
    assert ours.size == theirs["input_size"][1:]


@pytest.mark.skipif(not FULL, reason="test_forms.py has two stages of it; parity-full has all")
@pytest.mark.parametrize("name", [family.NAMES[0] for family in references.families().values()])
def test_bfloat16_is_near(name, tmp_path, record_property):
    family = next(family for family in references.families().values() if family.NAMES[0] == name)
    save_file(random_state(family.shapes(name), seed=3), tmp_path / "random.safetensors")
    size = family.SIZES[-1]
    images = random_images(size, seed=4)
    create = functools.partial(backbones.create, name, weights=str(tmp_path / "random.safetensors"))
    wanted, ours = (
        np.asarray(jax.jit(b.apply)(b.variables, images)["features"])
        for b in (create(size=size), create(size=size, dtype="bfloat16"))
    )
    error = np.linalg.norm(ours - wanted) / np.linalg.norm(wanted)
    record_property("bfloat16", f"{name} | {error:.1e}")
    assert error < 0.06


def transforms() -> list[Preprocess]:
    """The different ones of all checkpoints, and one of a size that is not square."""
    families = {backbones.family_of(name) for name in backbones.list_backbones()}
    modules = [importlib.import_module(f"vadjax.backbones.{family}") for family in families]
    different = {
        dataclasses.replace(architecture.preprocess, fit="crop")
        for module in modules
        for architecture in module.ARCHITECTURES.values()
        if architecture.layouts and architecture.preprocess.mean  # else it is no checkpoint's
    }
    odd = Preprocess(size=(160, 224), interpolation="bilinear", fit="crop", crop_pct=0.9)
    return sorted({*different, odd}, key=repr)


@pytest.mark.parametrize("ours", transforms(), ids=lambda p: f"{p.size}-{p.interpolation}")
def test_crop_equals_timms_transform(real_data, ours):
    from PIL import Image

    config = dataclasses.asdict(ours)
    theirs = timm.data.create_transform(
        input_size=(3, *ours.size),
        **{k: config[k] for k in ("interpolation", "mean", "std", "crop_pct")},
    )
    photos = sorted((real_data / "data" / "photos").rglob("*.jpg"))
    assert photos
    for photo in photos:
        image = Image.open(photo).convert("RGB")
        wanted = theirs(image).permute(1, 2, 0).numpy() * ours.std + ours.mean
        assert np.abs(ours(np.asarray(image)) - 255 * wanted).max() <= 1, photo.name


@pytest.mark.parametrize("legacy", [True, False])
def test_checkpoints_that_torch_writes_are_read(tmp_path, legacy):
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3))
    state = module.state_dict()
    state["transposed"] = torch.randn(4, 5).T
    state["view"] = torch.arange(10.0)[3:7]
    state["half"] = torch.randn(3).half()
    state["brain"] = torch.randn(3).bfloat16()
    state["parameter"] = torch.nn.Parameter(torch.randn(2))
    path = tmp_path / "net.pth"
    torch.save(state, path, _use_new_zipfile_serialization=not legacy)
    out = torch_pickle.read(path)
    assert list(out) == list(state)
    for key, value in state.items():
        wanted = value.detach().float().numpy()
        np.testing.assert_array_equal(np.float32(out[key]), wanted)


def test_whole_pickled_modules_are_refused(tmp_path):
    path = tmp_path / "net.pth"
    torch.save(torch.nn.Linear(2, 2), path)
    with pytest.raises(ValueError, match=r"names torch\.nn\.modules\.linear\.Linear"):
        torch_pickle.read(path)
