"""Make tests/golden/transformers_<model>.npz: small models of transformers on random images.

Wants torch and transformers; the tests that read the files want transformers' configurations
alone. The weights are never stored: `write_folder` recreates them from their names and shapes.
"""

import json
import pathlib
import tempfile

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from tools.make_goldens_backbones import kept_places, random_images, random_state

PATCH = 8
SIZE = (24, 40)  # of the goldens' images; the models' own is 32 x 32
GOLDENS = (
    "ViTForImageClassification",
    "Dinov2Model",
    "Dinov2WithRegistersForImageClassification",
    "CLIPModel",
)


def configs() -> dict:
    """Return {class of transformers: a small configuration}."""
    import transformers

    sizes = {
        "hidden_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "image_size": 32,
        "patch_size": PATCH,
    }
    mlp = {"intermediate_size": 40}
    text = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 9}
    vit, dinov2, registers, vision = (
        transformers.ViTConfig,
        transformers.Dinov2Config,
        transformers.Dinov2WithRegistersConfig,
        transformers.CLIPVisionConfig,
    )
    clip = transformers.CLIPConfig(
        vision_config={**sizes, **mlp},
        text_config={**text, **mlp, "bos_token_id": 1, "eos_token_id": 2},
        projection_dim=10,
    )
    return {
        "ViTModel": vit(**sizes, **mlp),
        "ViTForImageClassification": vit(**sizes, **mlp, num_labels=7, qkv_bias=False),
        "Dinov2Model": dinov2(**sizes),
        "Dinov2ForImageClassification": dinov2(**sizes, num_labels=7),
        "Dinov2WithRegistersModel": registers(**sizes),
        "Dinov2WithRegistersForImageClassification": registers(
            **sizes, num_labels=7, num_register_tokens=2
        ),
        "CLIPVisionModel": vision(**sizes, **mlp),
        "CLIPVisionModelWithProjection": vision(
            **sizes, **mlp, projection_dim=10, hidden_act="gelu"
        ),
        "CLIPModel": clip,
    }


def describe(name: str) -> dict:
    """Return {"config": of config.json, "shapes": {key: shape} of the weights file}."""
    import transformers

    with tempfile.TemporaryDirectory() as folder:
        getattr(transformers, name)(configs()[name]).save_pretrained(folder)
        config = json.loads((pathlib.Path(folder) / "config.json").read_text())
        with safe_open(f"{folder}/model.safetensors", "np") as file:
            keys = file.keys()
            return {
                "config": config,
                "shapes": {key: file.get_slice(key).get_shape() for key in keys},
            }


def write_folder(folder: pathlib.Path, description: dict, *, seed: int) -> None:
    """Write a checkpoint folder with random weights, positions large enough to matter."""
    state = random_state(description["shapes"], seed=seed)
    state = {key: np.asarray(x * (5 if "position" in key else 1)) for key, x in state.items()}
    save_file(state, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(description["config"]))


def outputs(name: str, folder: pathlib.Path, images: np.ndarray) -> dict[str, np.ndarray]:
    """Run the model of a folder.

    Args:
        name: Its class.
        folder: Holds config.json and model.safetensors.
        images: [b, h, w, 3] float32, normalised.

    Returns:
        {stage of ours: [b, h, w, c]}, "features", and "logits" or "embedding" where it has them.
    """
    import torch
    import transformers

    model = getattr(transformers, name).from_pretrained(folder).eval()
    tower = getattr(model, "vision_model", getattr(model, model.base_model_prefix, model))
    images = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
    options = {} if name.startswith("Dinov2") else {"interpolate_pos_encoding": True}
    with torch.no_grad():
        out = tower(images, output_hidden_states=True, **options)
        last = out.last_hidden_state
        if hasattr(tower, "post_layernorm"):  # CLIP leaves the patches as they are, timm does not
            last = tower.post_layernorm(last)
        *blocks, _ = stages = ["stem", "stage1", "stage2", "map"]
        assert len(out.hidden_states) == len(blocks)
        tokens = dict(zip(stages, (*out.hidden_states, last), strict=True))
        rows, columns = (side // PATCH for side in images.shape[2:])
        result = {
            key: x[:, x.shape[1] - rows * columns :].reshape(len(x), rows, columns, -1)
            for key, x in tokens.items()
        }
        result["features"] = last[:, 0]
        if hasattr(model, "classifier"):
            result["logits"] = model(images, **options).logits
        if hasattr(model, "visual_projection"):
            result["embedding"] = model.visual_projection(out.pooler_output)
    return {key: value.numpy() for key, value in result.items()}


def normalised(images: np.ndarray, preprocess) -> np.ndarray:
    """Apply a preprocessing's mean and standard deviation to uint8 images."""
    return (np.float32(images) / 255 - np.float32(preprocess.mean)) / np.float32(preprocess.std)


def main(folder: pathlib.Path) -> None:
    """Write the golden files into a folder."""
    from tools.torchvision_stand_in import install
    from vadjax.backbones.vit import from_folder

    install()
    for name in GOLDENS:
        description = describe(name)
        with tempfile.TemporaryDirectory() as checkpoint:
            checkpoint = pathlib.Path(checkpoint)
            write_folder(checkpoint, description, seed=0)
            images = normalised(random_images(SIZE, seed=1), from_folder(checkpoint).preprocess)
            values = outputs(name, checkpoint, images)
        kept = {key: value.ravel()[kept_places(value.size, key)] for key, value in values.items()}
        header = np.frombuffer(json.dumps(description).encode(), np.uint8)
        path = folder / f"transformers_{name}.npz"
        np.savez_compressed(path, description=header, **kept)
        print(f"{path}: {path.stat().st_size / 1000:.0f} KB")
