"""The folder of a small run scores videos without vadjax, as vadjax does."""

import csv
import io
import json
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

from tests.sweeps import tiny
from vadjax import config as configs
from vadjax.errors import UserError
from vadjax.exporting.folder import export
from vadjax.pipeline import stages
from vadjax.pipeline.trained import TrainedDetector

FORMS = ("onnx", "stablehlo", "tflite")
NEEDS = {"onnx": ("jax2onnx", "onnxruntime"), "tflite": ("litert_converter", "ai_edge_litert")}


def trained(folder, cache, **changes):
    """A detector on the mean colour of 8 x 8 places."""
    small = {"features__backbone": "pixels_rgb", "features__weights": ""}
    small |= {"features__height": 8, "features__width": 8, "model__name": "lstm"}
    small |= {"objective__name": "predict", "dataset__protocol": "one_class"}
    small |= {"evaluate__threshold": "by_clip", "explain__maps": False}
    config = tiny.config(cache, **(small | changes))
    stages.run(configs.validate(config), folder, quiet=True)
    return TrainedDetector(folder)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def lstm(cache, tmp_path_factory):
    return trained(tmp_path_factory.mktemp("run"), cache)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A folder of grey and coloured images of another size than the network's."""
    folder = tmp_path_factory.mktemp("video")
    rng = np.random.default_rng(0)
    background = cv2.resize(rng.integers(0, 255, (6, 8, 3), np.uint8), (97, 71))
    for number in range(17):
        frame = background.copy()
        x = 5 * number
        frame[20:40, x : x + 12] = rng.integers(0, 255, 3)
        cv2.imwrite(str(folder / f"{number:03d}.png"), frame)
    return folder


def scored_elsewhere(folder, video, *, absent=("vadjax",)):
    """Run score.py in a process that cannot import vadjax; return its scores."""
    code = (
        f"import sys, runpy; sys.modules.update(dict.fromkeys({absent!r})); "
        f"sys.path.insert(0, {str(folder)!r}); sys.argv = ['score.py', {str(video)!r}]; "
        f"runpy.run_path({str(folder / 'score.py')!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True
    )
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    return np.array([float(row["score"]) for row in rows]), [row["abnormal"] for row in rows]


@pytest.mark.parametrize("form", FORMS)
def test_it_scores_the_same_without_vadjax(lstm, video, tmp_path, form):
    for name in NEEDS.get(form, ()):
        pytest.importorskip(name, reason=f"{name} is not installed")
    about = export(lstm, form=form, out=tmp_path)
    wanted = lstm.score(video)
    got, called = scored_elsewhere(tmp_path, video)
    assert np.ptp(wanted.scores) > 0.01
    np.testing.assert_allclose(got, wanted.scores, rtol=1e-4, atol=1e-4)
    assert called == [str(int(x >= lstm.threshold)) for x in got]
    assert about == json.loads((tmp_path / "detector.json").read_text())
    for file in about["files"].values():
        assert file in (tmp_path / "README.md").read_text() and (tmp_path / file).is_file()
    [images] = about["programs"]["backbone"]["inputs"]
    assert images["shape"] == [1 if form == "tflite" else "batch", 8, 8, 3]


WAYS = {
    "reconstruct": {"objective__name": "reconstruct", "score__aggregate": "mean"},
    "largest": {"objective__name": "reconstruct", "score__aggregate": "max"},
    "dilated": {"window__dilation": 2},
    "repeated": {"model__name": "dense"},
    "filled": {"score__first_frames": "fill"},
    "pad": {"features__fit": "pad"},
    "crop": {"features__fit": "crop"},
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_from_windows_to_frames(cache, video, tmp_path, way):
    detector = trained(tmp_path / "run", cache, train__epochs=1, **WAYS[way])
    export(detector, form="stablehlo", out=tmp_path / "out")
    wanted = detector.score(video).scores
    got, _ = scored_elsewhere(tmp_path / "out", video)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


def test_what_cannot_be_exported(lstm, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="format 'coreml' unknown"):
        export(lstm, form="coreml", out=tmp_path)
    monkeypatch.setattr(lstm.run.detector, "name", "random", raising=False)
    with pytest.raises(UserError, match="detector 'random' cannot be exported"):
        export(lstm, form="onnx", out=tmp_path)


def test_the_command(lstm, video, tmp_path):
    command = [sys.executable, "-m", "vadjax", "export", f"--workdir={lstm.workdir}"]
    command += ["--format=stablehlo", f"--out={tmp_path}", f"--check={video}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "17 frames, scores differ by at most" in done.stdout
    shutil.rmtree(tmp_path)
