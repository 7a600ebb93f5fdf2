"""Detectors whose code goes with them score elsewhere as here, networks and objects included."""

import json
import subprocess
import sys
import types

import av
import cv2
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file

from tests import drawn
from tests.detectors.scene.test_detector import CAMERA, PROGRESS, walk
from tests.exporting.test_export import FORMS, NEEDS, scored_elsewhere
from tests.objects.nanodet_reference import random_weights
from tests.objects.onnx_file import mean_colours
from vadjax import config as configs
from vadjax import data, objects
from vadjax.detectors.scene import rarity, rarity_fit
from vadjax.detectors.scene.detector import Scene
from vadjax.errors import UserError
from vadjax.exporting.folder import export
from vadjax.exporting.run import compare, load_script
from vadjax.exporting.streams import parts_of
from vadjax.features.scene.looks import Looks
from vadjax.pipeline import stages
from vadjax.pipeline.trained import TrainedDetector
from vadjax.runtime.console import Console
from vadjax.training.score_matching import Recipe

WEIGHTS = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
# Nothing that is not in the folder, but numpy, OpenCV, Pillow and onnxruntime.
ABSENT = ("vadjax", "jax", "jaxlib", "flax", "scipy", "sklearn", "optax", "av", "rich")


class Tiny:
    """A network of one stage: squares of mixed colours."""

    name, taps, weights_sha256 = "tiny", ("stage1",), "0"
    preprocess = types.SimpleNamespace(size=(64, 64))
    variables = {"weights": jnp.asarray(WEIGHTS)}  # noqa: RUF012

    def prepared(self):
        return self.variables

    def apply(self, variables, crops, *, taps):
        crops = crops if crops.ndim == 4 else jnp.repeat(crops[..., None], 3, axis=3)
        return {"taps": {"stage1": (crops.astype(jnp.float32) / 255 @ variables["weights"]) ** 2}}


def trained(*, density="exemplars", detector_of_objects=None, more=()):
    """Detector scene on drawn walkers, of two folds; with cues that are off by default."""
    looks = Looks(Tiny(), "stage1")
    config = configs.default_config()
    config.scene.density, config.scene.objects = density, "drawn" if detector_of_objects else ""
    config.scene.density_of = ("look", "speed", "course", *more[:1])
    config.scene.cues = (*config.scene.cues, *more)
    measured = {"looks": looks, "objects": detector_of_objects}

    def clip(name, frames):
        return drawn.clip(name, frames, CAMERA, **measured)

    frontend = drawn.frontend(CAMERA)
    frontend.__dict__.update(measured)
    detector, states = Scene(config, frontend), []
    for fold in range(2):
        train = [clip(f"train/{n}", walk(1.6 + 0.2 * n + 0.1 * fold, y=36 + n)) for n in range(4)]
        states.append(detector.fit(train, (), seed=0, progress=PROGRESS))
    run = types.SimpleNamespace(
        detector=detector,
        frontend=frontend,
        crop_backbone=looks.backbone,
        config=config,
        console=Console(quiet=True),
    )
    by_fold = [detector.score(state, clip("test/0", odd())).scores for state in states]
    wanted = np.mean(by_fold, axis=0)
    return types.SimpleNamespace(
        run=run, states=states, threshold=float(np.median(wanted)), check_pictures=lambda: None
    ), wanted


def odd():
    """Somebody walks; later somebody else runs to the left."""
    frames = walk(1.9, number=25, y=37)
    for k, frame in enumerate(frames[10:]):
        drawn.put(frame, drawn.texture(20, 10, 7), 114 - 6 * k, 70)
    return frames


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Grey images."""
    folder = tmp_path_factory.mktemp("video")
    for number, frame in enumerate(odd()):
        cv2.imwrite(str(folder / f"{number:03d}.png"), frame)
    return folder


@pytest.fixture(scope="module")
def plain():
    return trained()


@pytest.mark.parametrize("form", FORMS)
def test_scene_scores_the_same_elsewhere(plain, video, tmp_path, form):
    for name in NEEDS.get(form, ()):
        pytest.importorskip(name, reason=f"{name} is not installed")
    detector, wanted = plain
    about = export(detector, form=form, out=tmp_path)
    got, called = scored_elsewhere(tmp_path, video, absent=ABSENT if form == "onnx" else ABSENT[:1])
    assert np.ptp(wanted) > 1 and {*called} == {"0", "1"}
    np.testing.assert_allclose(got, wanted, atol=1e-4 * wanted.max(), rtol=0)
    assert about["way"]["cues"] == ["speed", "look", "course", "still"] and about["folds"] == 2
    text = (tmp_path / "README.md").read_text()
    assert "128 x 96 pixels" in text and about["files"]["looks"] in text


def write_video(path, frames, *, fps):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], "yuv420p"
        stream.bit_rate = 4_000_000
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def test_a_video_file_is_scored_at_its_own_rate(plain, tmp_path):
    """8 frames a second, 10 in training; colours, and frames as vadjax decodes them."""
    path, out = tmp_path / "clip.mp4", tmp_path / "out"
    write_video(path, [np.repeat(frame[..., None], 3, axis=2) for frame in odd()], fps=8)
    opened, (detector, _) = data.open_video(path), plain
    assert opened.fps == 8
    streams = [detector.run.detector.stream(s, fps=opened.fps) for s in detector.states]
    wanted = np.array([[s.update(f)[0].score or 0 for f in opened.frames] for s in streams]).mean(0)
    export(detector, form="stablehlo", out=out)
    got, _ = scored_elsewhere(out, path)
    assert got[0] == got[1]
    np.testing.assert_allclose(got[1:], wanted[1:], atol=1e-4 * wanted.max(), rtol=0)
    script, about = load_script(out)
    other = list(script.followed(path, script.stream_of(script.load(about), about, 10.0)))
    assert np.abs(np.array(other[1:]) - wanted[1:]).max() > 1e-2 * wanted.max()


def test_an_abnormal_frame_is_said_in_words(plain, video, tmp_path):
    detector, wanted = plain
    export(detector, form="stablehlo", out=tmp_path)
    script, about = load_script(tmp_path)
    programs, number = script.load(about), int(wanted.argmax())
    stream = script.stream_of(programs, about)
    for frame in odd()[: number + 1]:
        [found] = stream.update(frame)
    assert found.score == pytest.approx(wanted[number], rel=1e-4)
    here = detector.run.detector.stream(detector.states[0])
    for frame in odd()[: number + 1]:
        here.update(frame)
    assert stream.finding().text == here.finding().text != ""
    assert stream.changed() == ""


def test_a_density_is_scored_without_jax(video, tmp_path, monkeypatch):
    monkeypatch.setattr(rarity, "NUM_POINTS", 512)
    monkeypatch.setattr(rarity_fit, "RECIPE", Recipe(units=(16, 16), steps=100))
    more = ("size", "crowding", "direction")
    detector, wanted = trained(density="mulde", more=more)
    export(detector, form="stablehlo", out=tmp_path)
    script, about = load_script(tmp_path)
    got = script.score(video, script.load(about), about)
    cues = detector.states[0]["cues"]
    assert {name for name in cues if "rarity" in cues[name]} == {"look", "speed", "course", "size"}
    assert {*more} < {*cues}
    np.testing.assert_allclose(got, wanted, atol=1e-4 * wanted.max(), rtol=0)


@pytest.fixture(scope="module")
def nanodet(tmp_path_factory):
    """A detector of random weights that calls much a person or a bicycle, at many places."""
    arrays = random_weights()
    for number in (29, 31, 33):
        arrays[f"conv{number}.bias"][:80] = np.where(np.arange(80) < 4, -1, -9)
    path = tmp_path_factory.mktemp("weights") / "nanodet.safetensors"
    save_file(arrays, path)
    return objects.create(path, size=(64, 96), least_score=0.1, most=24)


@pytest.mark.parametrize("form", FORMS)
def test_objects_are_named_the_same_elsewhere(nanodet, video, tmp_path, form):
    for name in NEEDS.get(form, ()):
        pytest.importorskip(name, reason=f"{name} is not installed")
    detector, wanted = trained(detector_of_objects=nanodet)
    about = export(detector, form=form, out=tmp_path)
    script, _ = load_script(tmp_path)
    programs = script.load(about)
    elsewhere = script.objects_of(programs["objects"], about["way"]["objects"])
    for frame in odd()[::8]:
        here, there = nanodet.detect(frame), elsewhere.detect(frame)
        assert len(here) > 2 and here.names == there.names
        np.testing.assert_allclose(there.boxes, here.boxes, atol=1e-2)
    got = script.score(video, programs, about)
    np.testing.assert_allclose(got, wanted, atol=1e-4 * wanted.max(), rtol=0)


@pytest.mark.slow
def test_scene_scores_ped2_the_same_elsewhere(real_data, tmp_path):
    """The shipped backbone and its published weights; 60 frames of a clip."""
    for name in NEEDS["onnx"]:
        pytest.importorskip(name, reason=f"{name} is not installed")
    ped2 = real_data / "data" / "ped2"
    for side, source, clips in (("train", "training", ("01", "02")), ("test", "testing", ("04",))):
        for clip in clips:
            (tmp_path / "data" / side / clip).mkdir(parents=True)
            for path in sorted((ped2 / source / "frames" / clip).iterdir())[:60]:
                (tmp_path / "data" / side / clip / path.name).symlink_to(path)
    config = configs.default_config()
    config.dataset.name, config.dataset.data_dir = "folder", str(tmp_path / "data")
    config.detector.name, config.features.cache_dir = "scene", str(tmp_path / "cache")
    config.features.weights = str(real_data / "weights" / "tf_efficientnet_lite0.safetensors")
    config.explain.maps, config.evaluate.cross_fit = False, 0
    for stage in ("extract", "train", "score", "evaluate"):
        stages.run(configs.validate(config), tmp_path / "run", stage=stage, quiet=True)
    detector = TrainedDetector(tmp_path / "run")
    export(detector, form="onnx", out=tmp_path / "out")
    video = tmp_path / "data" / "test" / "04"
    assert compare(detector, tmp_path / "out", video, Console(quiet=True)).worst < 1e-4
    got, _ = scored_elsewhere(tmp_path / "out", video, absent=ABSENT)
    assert np.ptp(got) > 0.5


def test_a_cue_that_is_a_network_in_jax_is_refused_with_what_to_do():
    run = types.SimpleNamespace(detector=types.SimpleNamespace(name="scene"))
    one = types.SimpleNamespace(run=run, states=[{"cues": {"speed": {}, "scanner": {}}}])
    with pytest.raises(UserError, match=r"cue scanner is a network in JAX.*scene\.cues"):
        parts_of(one)


def test_an_object_detector_in_onnx_goes_along_as_it_is(video, tmp_path):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    path = tmp_path / "colours.onnx"
    path.write_bytes(mean_colours(metadata=[("names", "['thing', 'other']")]))
    settings = {"std": [200, 200, 200], "boxes": "unit", "fit": "stretch", "layout": "rows"}
    path.with_suffix(".json").write_text(json.dumps(settings))
    given = objects.create(path, least_score=0.1, most=24)
    detector, wanted = trained(detector_of_objects=given)
    detector.run.config.scene.objects = str(path)
    about = export(detector, form="stablehlo", out=tmp_path / "out")
    assert (tmp_path / "out" / "objects.onnx").read_bytes() == path.read_bytes()
    assert "objects.onnx" in (tmp_path / "out" / "README.md").read_text()
    assert about["files"].keys() == {"looks"}
    script, _ = load_script(tmp_path / "out")
    elsewhere = script.objects_of(None, about["way"]["objects"])
    frame = np.zeros((96, 128, 3), np.uint8) + np.uint8([100, 80, 200])
    here, there = given.detect(frame), elsewhere.detect(frame)
    assert here.names == there.names == ("other",)
    np.testing.assert_array_equal(there.boxes, here.boxes)
    got = script.score(video, script.load(about), about)
    np.testing.assert_allclose(got, wanted, atol=1e-4 * wanted.max(), rtol=0)


def test_a_network_of_single_crops_is_asked_for_one_at_a_time(plain, tmp_path):
    """As TensorFlow Lite has them."""
    detector, _ = plain
    about = export(detector, form="stablehlo", out=tmp_path)
    script, _ = load_script(tmp_path)
    spec, calls = about["programs"]["looks"], []
    spec["inputs"][0]["shape"][0] = 1
    program = script.load(about)["looks"]
    looks = script.looks_of(lambda crops: (calls.append(crops.shape), program(crops))[1], spec)
    crops = np.random.default_rng(0).integers(0, 256, (3, 64, 64), np.uint8)
    wanted = detector.run.frontend.looks(crops)
    np.testing.assert_allclose(looks(crops), wanted, rtol=2e-3)
    assert calls == [(1, 64, 64, 3)] * 3


def test_frames_of_another_size_end_it_with_one_line(plain, tmp_path):
    detector, _ = plain
    out, video = tmp_path / "out", tmp_path / "video"
    export(detector, form="stablehlo", out=out)
    video.mkdir()
    for number in range(3):
        cv2.imwrite(str(video / f"{number}.png"), np.zeros((50, 60), np.uint8))
    done = subprocess.run(
        [sys.executable, out / "score.py", video], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "60" in done.stderr and "50" in done.stderr


def test_a_folder_of_images_is_read_by_its_numbers(plain, tmp_path):
    detector, _ = plain
    out, video = tmp_path / "out", tmp_path / "video"
    export(detector, form="stablehlo", out=out)
    script, _ = load_script(out)
    frames_of = script.followed.__globals__["frames_of"]
    video.mkdir()
    for number in (1, 2, 10):
        cv2.imwrite(str(video / f"frame{number}.png"), np.full((4, 4), number, np.uint8))
    assert [np.asarray(image)[0, 0] for image in frames_of(video)] == [1, 2, 10]
    cv2.imwrite(str(video / "frame3.png"), np.full((4, 4), 40_000, np.uint16))
    with pytest.raises(SystemExit, match="8 bits"):
        list(frames_of(video))
