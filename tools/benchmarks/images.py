"""PaDiM and PatchCore on the same maps: vadjax and anomalib, fitted on and scored over images/s.

60 drawn images of 224 x 224 to learn from and 60 to score, through EfficientNet-Lite0 beforehand;
its stages 2, 3 and 5 for PaDiM (100 of 176 channels), 3 and 5 for PatchCore (a coreset of 1 %).
anomalib gets batches of 32, its default. Only what follows the backbone is timed, up to scores and
maps in NumPy: "fit" and "score" apart, and "both" for images learnt from and scored.
"""

import time
from collections.abc import Callable

import numpy as np

UNIT = "images"
NUM, SIDE, BATCH = 60, 224, 32
STAGES = {"padim": ("stage2", "stage3", "stage5"), "patchcore": ("stage3", "stage5")}
DIMS, SHARE = 100, 0.01
ROUNDS = 5

Stages = dict[str, np.ndarray]  # tap:NAME -> [n, h, w, c]


def drawn(seed: int) -> np.ndarray:
    """Draw images of a grain of two sizes: uint8 [n, s, s, 3]."""
    import cv2

    rng, found = np.random.default_rng(seed), []
    for _ in range(NUM):
        coarse = cv2.resize(rng.normal(size=(14, 14, 3)), (SIDE, SIDE))
        fine = cv2.resize(rng.normal(size=(112, 112, 3)), (SIDE, SIDE))
        found.append((120 + 40 * coarse + 20 * fine).clip(0, 255).astype(np.uint8))
    return np.stack(found)


def rows_of(kind: str, seed: int) -> Stages:
    """Return the maps of drawn images, float16 as they are stored."""
    from vadjax import backbones
    from vadjax.features.extractor import Extractor

    taps = STAGES[kind]
    backbone = backbones.create("tf_efficientnet_lite0", weights="random", size=(SIDE, SIDE))
    network = Extractor(backbone, taps=taps, batch_size=10)
    images = drawn(seed).reshape(-1, 10, SIDE, SIDE, 3)
    parts = [network(batch) for batch in images]
    return {f"tap:{tap}": np.concatenate([np.asarray(part[tap]) for part in parts]) for tap in taps}


def clip_of(rows: Stages):
    """Return maps as a clip of the detectors."""
    from vadjax.data.clip import Clip
    from vadjax.data.splits.units import Segment, Units
    from vadjax.data.video import Video

    num = len(next(iter(rows.values())))
    segment = Segment("images", 0, num)
    video = Video(id="images", split="", frames=range(num), fps=1.0)
    return Clip("images", Units((segment,)), (video,), lambda name, _: rows[name])


def ours(kind: str) -> Callable[[], dict[str, float]]:
    """Return vadjax's sample."""
    from vadjax import config as configs
    from vadjax import detectors
    from vadjax.detectors.contract import Progress
    from vadjax.runtime import devices
    from vadjax.runtime.console import Console

    devices.setup()
    config = configs.default_config()
    config.places.dims, config.places.coreset = DIMS, SHARE
    detector, progress = detectors.create(kind, config), Progress(Console(quiet=True))
    train, test = (clip_of(rows_of(kind, seed)) for seed in (0, 1))
    return _sampled(
        lambda: detector.fit([train], (), seed=0, progress=progress),
        lambda state: detector.score(state, test),
    )


def theirs(kind: str) -> Callable[[], dict[str, float]]:
    """Return anomalib's sample."""
    import torch

    train, test = (rows_of(kind, seed) for seed in (0, 1))
    torch.set_grad_enabled(False)
    model = AnomalibPadim(DIMS) if kind == "padim" else AnomalibPatchCore()
    fit = (lambda: model.fit(train)) if kind == "padim" else (lambda: model.fit(train, SHARE))
    return _sampled(fit, lambda _: model.score(test))


def _sampled(fit: Callable, score: Callable) -> Callable[[], dict[str, float]]:
    def sample() -> dict[str, float]:
        start = time.perf_counter()
        state = fit()
        middle = time.perf_counter()
        score(state)
        end = time.perf_counter()
        return {
            "fit": NUM / (middle - start),
            "score": NUM / (end - middle),
            "both": 2 * NUM / (end - start),
        }

    return sample


class AnomalibPadim:
    """anomalib's PaDiM on maps that were made before.

    Args:
        dims: of a place.
    """

    def __init__(self, dims: int):
        from tools import anomalib_parts

        padim, _ = anomalib_parts.models()
        self.model = padim(backbone="given", layers=[], n_features=dims)

    def fit(self, rows: Stages, chosen: np.ndarray | None = None) -> None:
        """Fit it.

        Args:
            rows: maps.
            chosen: int [d], channels; None draws them.
        """
        import torch

        model, width = self.model, sum(each.shape[-1] for each in rows.values())
        drawn = torch.randperm(width)[: model.n_features]
        model.idx = drawn if chosen is None else torch.as_tensor(chosen, dtype=torch.int64)
        model.layers = list(rows)
        model.memory_bank = [model.generate_embedding(batch) for batch in _batches(rows)]
        model.fit()

    def score(self, rows: Stages, size: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
        """Return scores [n] and maps [n, size, size]."""
        maps = [
            self.model.anomaly_map_generator(
                embedding=self.model.generate_embedding(batch),
                mean=self.model.gaussian.mean,
                inv_covariance=self.model.gaussian.inv_covariance,
                image_size=(size, size),
            )[:, 0].numpy()
            for batch in _batches(rows)
        ]
        return np.concatenate(maps).max((1, 2)), np.concatenate(maps)


class AnomalibPatchCore:
    """anomalib's PatchCore on maps that were made before."""

    def __init__(self):
        from tools import anomalib_parts

        _, patchcore = anomalib_parts.models()
        self.model = patchcore(layers=[], backbone="given", pre_trained=False)

    def places(self, batch: Stages):
        """Return the features of places [n, c], and the grid."""
        model = self.model
        model.layers = list(batch)
        pooled = {name: model.feature_pooler(each) for name, each in batch.items()}
        found = model.generate_embedding(pooled)
        return model.reshape_embedding(found), found.shape[-2:]

    def fit(self, rows: Stages, share: float) -> None:
        """Choose its coreset."""
        self.model.embedding_store = [self.places(batch)[0] for batch in _batches(rows)]
        self.model.subsample_embedding(share)

    def score(self, rows: Stages, size: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
        """Return scores [n] and the distances of places [n, h, w]; maps in pixels are made too."""
        model, scores, maps = self.model, [], []
        for batch in _batches(rows):
            places, grid = self.places(batch)
            away, nearest = model.nearest_neighbors(embedding=places, n_neighbors=1)
            away, nearest = (each.reshape(-1, grid[0] * grid[1]) for each in (away, nearest))
            scores.append(model.compute_anomaly_score(away, nearest, places).numpy())
            away = away.reshape(-1, 1, *grid)
            model.anomaly_map_generator(away, (size, size)).numpy()
            maps.append(away[:, 0].numpy())
        return np.concatenate(scores), np.concatenate(maps)


def _batches(rows: Stages):
    """Yield stages as torch's [b, c, h, w], float32."""
    import torch

    num = len(next(iter(rows.values())))
    for start in range(0, num, BATCH):
        yield {
            name: torch.from_numpy(each[start : start + BATCH].astype(np.float32)).permute(
                0, 3, 1, 2
            )
            for name, each in rows.items()
        }


CASES = {
    kind: {"vadjax": lambda kind=kind: ours(kind), "anomalib": lambda kind=kind: theirs(kind)}
    for kind in STAGES
}
