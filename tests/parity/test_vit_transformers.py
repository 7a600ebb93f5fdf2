"""Checkpoint folders of transformers against its PyTorch models, and its image processors."""

import jax
import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from tools.make_goldens_backbones import random_images
from tools.make_goldens_vit import configs, describe, normalised, outputs, write_folder
from vadjax import backbones
from vadjax.backbones.vit_network import resize_matrix

torch = pytest.importorskip("torch", reason="torch is not installed: no parity")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")


@pytest.mark.parametrize("size", [(32, 32), (16, 72)])
@pytest.mark.parametrize("names", ["file", "module"])
@pytest.mark.parametrize("model", configs())
def test_a_folder_computes_as_its_model(model, names, size, tmp_path, record_property):
    write_folder(tmp_path, describe(model), seed=2)
    if names == "module":  # transformers 5 has names in memory that its files do not have
        network = getattr(transformers, model).from_pretrained(tmp_path)
        state = {key: value.numpy() for key, value in network.state_dict().items()}
        in_file = load_file(tmp_path / "model.safetensors")
        save_file(state, tmp_path / "model.safetensors")
        assert model.startswith("CLIP") or set(state) != set(in_file)
    backbone = backbones.create("transformers", weights=str(tmp_path), size=size)
    images = random_images(size, seed=4)
    out = jax.jit(backbone.apply, static_argnames="taps")(
        backbone.variables, images, taps=backbone.taps
    )
    ours = {**out.pop("taps"), **out}
    theirs = outputs(model, tmp_path, normalised(images, backbone.preprocess))
    ours.pop("probabilities", None)  # tests/backbones/test_goldens.py
    assert set(ours) == set(theirs)
    errors = {
        key: np.abs(value - theirs[key]).max() / np.abs(theirs[key]).max()
        for key, value in ours.items()
    }
    worst = max(errors, key=errors.get)
    record_property("worst", f"{worst} {errors[worst]:.1e}")
    assert errors[worst] < 1e-4, f"{worst}: relative error {errors[worst]:.1e}"


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize(("size", "new"), [(37, 16), (37, 40), (14, 9), (7, 7), (5, 1), (1, 4)])
def test_positions_are_resampled_as_by_torch(size, new, antialias):
    values = np.random.default_rng(0).standard_normal((size, 3)).astype(np.float32)
    rows = torch.from_numpy(values.T.copy())[:, None, :, None].expand(-1, -1, -1, 4)
    wanted = torch.nn.functional.interpolate(
        rows, size=(new, 4), mode="bicubic", align_corners=False, antialias=antialias
    )
    ours = resize_matrix(size, new, antialias=antialias) @ values
    np.testing.assert_allclose(ours, wanted[:, 0, :, 0].numpy().T, atol=2e-5)


CROP = {"do_center_crop": True, "crop_size": {"height": 56, "width": 56}}
PROCESSORS = {
    "ViTImageProcessorPil": ({"size": {"height": 72, "width": 80}, "resample": 2}, "stretch"),
    "BitImageProcessorPil": ({"size": {"shortest_edge": 66}, "resample": 3, **CROP}, "crop"),
    "CLIPImageProcessorPil": ({"size": {"shortest_edge": 56}, "resample": 3, **CROP}, "crop"),
}


@pytest.mark.parametrize("name", PROCESSORS)
def test_preprocessing_equals_the_image_processor(name, tmp_path):
    options, fit = PROCESSORS[name]
    statistics = {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.25, 0.3]}
    processor = getattr(transformers, name)(**options, **statistics)
    processor.save_pretrained(tmp_path)
    write_folder(tmp_path, describe("ViTModel"), seed=2)
    preprocess = backbones.create("transformers", weights=str(tmp_path), fit=fit).preprocess
    frame = random_images((120, 160), seed=0)[0]
    ours = normalised(preprocess(frame), preprocess)
    theirs = processor(Image.fromarray(frame), return_tensors="np")["pixel_values"][0]
    theirs = theirs.transpose(1, 2, 0)
    assert ours.shape == theirs.shape
    assert (np.abs(ours - theirs) * statistics["image_std"]).max() <= 1.01 / 255
