"""Drawn X-rays, good and with a finding, on the path of single images (docs/published_forms.md)."""

import json

import cv2
import numpy as np

from vadjax import config as configs
from vadjax.config import shipped, user_code
from vadjax.pipeline import stages


def xray(rng, *, finding=False):
    """Draw two lungs in a bright body, 12 bits in 16, of any size; return it and its mask."""
    h, w = (int(n) for n in rng.integers(150, 220, 2))
    y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    image = 2600.0 + 500 * y + rng.normal(0, 60, (h, w))
    for side in (-1, 1):
        place = side * rng.uniform(0.42, 0.5)
        lung = ((x - place) / rng.uniform(0.28, 0.34)) ** 2 + (y / rng.uniform(0.6, 0.75)) ** 2 < 1
        image[lung] -= 1800
    mask = np.zeros((h, w), bool)
    if finding:
        at = rng.choice([-1, 1]) * 0.45, rng.uniform(-0.3, 0.3)
        mask = (x - at[0]) ** 2 + (y - at[1]) ** 2 < 0.2**2
        image[mask] += 1900
    return cv2.GaussianBlur(image, (0, 0), 1.5).clip(0, 4095).astype(np.uint16), mask


def test_xrays_with_a_finding_stand_out_and_a_copied_image_is_found(tmp_path):
    rng, root = np.random.default_rng(0), tmp_path / "xrays"
    for folder, count in (("train", 24), ("test/good", 10), ("test/bad/effusion", 10)):
        (root / folder).mkdir(parents=True)
        (root / "masks" / "effusion").mkdir(parents=True, exist_ok=True)
        for number in range(count):
            image, mask = xray(rng, finding="bad" in folder)
            assert cv2.imwrite(str(root / folder / f"chest_{number:04d}.png"), image * 8)
            if mask.any():
                path = root / "masks" / "effusion" / f"chest_{number:04d}.png"
                assert cv2.imwrite(str(path), mask.astype(np.uint8) * 255)
    copied = root / "test" / "good" / "chest_9999.png"  # of a patient who is in train/ too
    copied.write_bytes((root / "train" / "chest_0003.png").read_bytes())
    config = user_code.load(shipped.find("image_folder_knn"), "image_folder_knn").get_config()
    config.dataset.data_dir, config.features.cache_dir = str(root), str(tmp_path / "cache")
    config.features.height = config.features.width = 96
    config.evaluate.num_bootstrap = 20
    stages.run(configs.validate(config), tmp_path / "run", quiet=True)
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["frame"]["auc_micro"] > 0.95
    assert metrics["accounting"]["frames"] == 21 and metrics["accounting"]["abnormal"] == 10
    assert [(row["kind"], row["frames"]) for row in metrics["kinds"]] == [("effusion", 10)]
    assert metrics["leakage"]["verdict"] == "leaky"
    assert metrics["leakage"]["duplicate"] == 1 / 21
    assert "chest_9999" in " ".join(metrics["warnings"])
