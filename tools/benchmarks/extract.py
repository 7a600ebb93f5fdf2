"""Frames on disk -> pooled features, decoding included: tf_efficientnet_lite0 on Ped2's clips.

Both sides read and resize the same files with the same code in two threads; network and weights
are the same. torch runs timm's in eval mode, channels_last, under inference_mode. Both sides use
the best of several batch sizes, which they determine at the start. Set VADJAX_PED2 to the folder of
the jpg layout (training/frames/01/000.jpg).
"""

import concurrent.futures
import os
import pathlib
import tempfile
import time
from collections.abc import Callable, Sequence

import numpy as np

UNIT = "frames"
SIZE, CLIPS, NAME = (224, 336), 3, "tf_efficientnet_lite0"
BATCHES = (4, 16, 32)


def _videos(clips: int):
    from vadjax import data
    from vadjax.config import default_config

    config = default_config()
    config.dataset.name, config.dataset.data_dir = "ucsd_ped2", os.environ["VADJAX_PED2"]
    cache = pathlib.Path(tempfile.gettempdir()) / "vadjax-bench-index"
    return data.load(config.dataset, cache_dir=cache).train[:clips]


def _backbone():
    from vadjax import backbones

    return backbones.create(NAME, size=SIZE, fit="stretch")


def _best(run: Callable[[int], float], batches: Sequence[int]) -> Callable[[], float]:
    """Choose the batch with the highest rate, after a warm-up run of each."""
    rates = {}
    for batch in batches:
        run(batch)
        rates[batch] = run(batch)
    batch = max(rates, key=rates.get)

    def sample() -> float:
        return run(batch)

    sample.note = f"batch {batch}"
    return sample


def extract_vadjax(clips: int = CLIPS, batches: Sequence[int] = BATCHES) -> Callable[[], float]:
    from vadjax.runtime import devices

    devices.setup()
    from tools.benchmarks.cost import count
    from vadjax.features.extract import extract
    from vadjax.features.extractor import Extractor, features_spec
    from vadjax.storage.features import FeatureStore

    videos, backbone = _videos(clips), _backbone()
    extractors = {}

    def run(batch: int) -> float:
        extractor = extractors.setdefault(
            batch, Extractor(backbone, taps=("features",), batch_size=batch)
        )
        with tempfile.TemporaryDirectory() as folder:
            store = FeatureStore(pathlib.Path(folder), features_spec(backbone, tap="features"))
            done = extract(videos, extractor=extractor, stores={"features": store}, num_threads=2)
        return done["frames_per_s"]

    sample = _best(run, batches)
    image = np.zeros((1, *SIZE, 3), np.uint8)
    sample.cost = lambda: count(backbone.apply, backbone.prepared(), image)
    return sample


def trace(clips: int = CLIPS) -> str:
    """Extract with motion measures; say how busy each stage was.

    Args:
        clips: of Ped2's training clips.

    Returns:
        A table in Markdown.
    """
    from vadjax.runtime import devices

    devices.setup()
    from vadjax.features.extract import extract
    from vadjax.features.extractor import Extractor, features_spec
    from vadjax.features.motion import motion_spec
    from vadjax.features.stages import Busy
    from vadjax.storage.features import FeatureStore

    videos, backbone = _videos(clips), _backbone()
    extractor = Extractor(backbone, taps=("features",), batch_size=16)
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        extractor(np.zeros((extractor.batch_size, *SIZE, 1), np.uint8))  # compiles
        spec, motion = features_spec(backbone, tap="features"), motion_spec()
        stores = {"features": FeatureStore(root, spec)}
        busy, cpu = Busy(), time.process_time()
        done = extract(
            videos,
            extractor=extractor,
            stores=stores,
            motion_store=FeatureStore(root, motion),
            num_threads=os.cpu_count() or 1,
            busy=busy,
        )
        shares, cpu = busy.shares(), time.process_time() - cpu
    rows = [f"| {stage} | {share:.0%} |" for stage, share in sorted(shares.items())]
    rate, used = done["frames_per_s"], cpu / done["seconds"]
    head = f"{done['frames']} frames, {rate:.1f} frames/s, {used:.2f} cores used, load "
    head += f"{os.getloadavg()[0]:.1f}. Work of all threads of a stage by the time of the whole:"
    return "\n".join([head, "", "| stage | busy |", "|---|---|", *rows])


def extract_torch(clips: int = CLIPS, batches: Sequence[int] = BATCHES) -> Callable[[], float]:
    import torch

    from tools import torchvision_stand_in

    torchvision_stand_in.install()
    import timm

    videos, backbone = _videos(clips), _backbone()
    net = timm.create_model(NAME, num_classes=0).eval().to(memory_format=torch.channels_last)
    preprocess = backbone.preprocess
    mean = torch.tensor(preprocess.mean).view(1, -1, 1, 1)
    std = torch.tensor(preprocess.std).view(1, -1, 1, 1)

    def read(video, index: int) -> np.ndarray:
        return preprocess(video.frames[index])

    def run(batch: int) -> float:
        jobs = [(v, i) for v in videos for i in range(len(v.frames))]
        start = time.perf_counter()
        out = []
        with concurrent.futures.ThreadPoolExecutor(2) as pool, torch.inference_mode():
            chunks = [jobs[i : i + batch] for i in range(0, len(jobs), batch)]
            ahead = [[pool.submit(read, *job) for job in chunk] for chunk in chunks]
            for futures in ahead:
                frames = np.stack([f.result() for f in futures])
                frames = frames.reshape(*frames.shape[:3], -1)
                if frames.shape[-1] == 1:
                    frames = np.repeat(frames, 3, axis=-1)
                x = torch.from_numpy(frames).permute(0, 3, 1, 2).float().div_(255)
                x = x.sub_(mean).div_(std).contiguous(memory_format=torch.channels_last)
                out.append(net(x).numpy())
        np.concatenate(out)
        return len(jobs) / (time.perf_counter() - start)

    return _best(run, batches)


CASES = {"extract": {"vadjax": extract_vadjax, "torch": extract_torch}}
EXTRA_CASES = {
    "extract, quick": {
        "vadjax": lambda: extract_vadjax(1, (16,)),
        "torch": lambda: extract_torch(1, (16,)),
    }
}
