"""Every detector that can be taken elsewhere scores there as here; of the others it is said why."""

import types

import cv2
import numpy as np
import pytest

from tests.detectors.test_detectors import LENGTH, NEEDS, World, config, fitted, video
from vadjax import detectors
from vadjax.errors import UserError
from vadjax.exporting.detectors import EXPORTED, NOT, STREAMED, check
from vadjax.exporting.folder import export
from vadjax.exporting.formats import FORMATS
from vadjax.exporting.run import load_script

OF_PLACES = ("knn_places", "padim", "patchcore", "student_teacher")
# Pixels as rows where no stages are read: a network is converted by the detectors of places alone.
PIXELS = {"features__backbone": "pixels_rgb", "features__weights": ""}
PIXELS |= {"features__height": 8, "features__width": 8}
WAYS = {
    **{name: (name, {}) for name in (*EXPORTED, "frame_difference", "flow_box")},
    "hidden_states_mahalanobis": ("hidden_states", {"hidden__distance": "mahalanobis"}),
    "hidden_states_apart": ("hidden_states", {"window__dilation": 2}),
    "bag_model_parts": ("bag_model", {"bag__scored": "segments"}),
    "stateful_gru": ("stateful", {"model__name": "gru", "model__units": (4, 3)}),
    "knn_of_maps": ("knn", {"features__tap": "map"}),
    "padim_projected": ("padim", {"places__embedding": "orthogonal", "places__dims": 12}),
    "patchcore_unweighted": ("patchcore", {"places__neighbours": 1}),
}
PACKAGES = {"onnx": ("jax2onnx", "onnxruntime"), "tflite": ("litert_converter", "ai_edge_litert")}


def test_of_every_detector_it_is_said_whether_it_can():
    assert sorted((*EXPORTED, *STREAMED, *NOT)) == sorted(detectors.DETECTORS)


@pytest.mark.parametrize("name", NOT)
def test_it_is_said_why_a_detector_cannot(name):
    with pytest.raises(UserError, match=f"detector '{name}' cannot be exported: .*Those that can"):
        check(types.SimpleNamespace(name=name))


def small(name, changes):
    """The config of a detector that is fitted in a second."""
    size = {"features__height": 64, "features__width": 64}  # maps of more than one place
    more = size if name in OF_PLACES else PIXELS
    more = {**more, **NEEDS.get(name, {}), "places__updates": 20, **changes}
    return config(detector__name=name, **more)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Fitted detectors by way, with a clip as a folder of images and its scores."""
    known = {}

    def make(way):
        if way not in known:
            name, changes = WAYS[way]
            folder = tmp_path_factory.mktemp(way)
            world = World(folder, small(name, changes))
            detector, state = fitted(world, name)
            one = video("test/5", 5)
            for number, frame in enumerate(one.frames):
                cv2.imwrite(str(folder / f"{number:03d}.png"), frame[..., ::-1])
            trained = types.SimpleNamespace(
                run=world.run, states=[state], threshold=None, check_pictures=lambda: None
            )
            known[way] = trained, folder, detector.score(state, world.clip(one)).scores
        return known[way]

    return make


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("way", WAYS)
def test_a_detector_scores_the_same_elsewhere(made, tmp_path, way, form):
    for package in PACKAGES.get(form, ()):
        pytest.importorskip(package, reason=f"{package} is not installed")
    trained, video_folder, wanted = made(way)
    about = export(trained, form=form, out=tmp_path)
    script, _ = load_script(tmp_path)
    got = script.score(video_folder, script.load(about), about)
    assert np.ptp(wanted) > 1e-3 * np.abs(wanted).max()
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())
    assert about["way"]["kind"] in (tmp_path / "detector.json").read_text()


def test_a_mahalanobis_distance_with_more_frames_than_features(tmp_path):
    """48 frames of 4 features, whose covariance is inverted whole; elsewhere frames are fewer."""
    from vadjax.exporting.distances import mahalanobis_of
    from vadjax.scoring.distances import fit_mahalanobis, mahalanobis

    rng = np.random.default_rng(0)
    for num, width in ((48, 4), (12, 40)):
        fit = rng.normal(size=(num, width)).astype(np.float32) * rng.uniform(0.1, 5, width)
        test = 3 * rng.normal(size=(9, width)).astype(np.float32)
        fitted_on = fit_mahalanobis(fit.astype(np.float32))
        assert ("centred" in fitted_on) == (num < width)
        got = np.asarray(mahalanobis_of(fitted_on)(test))
        np.testing.assert_allclose(got, mahalanobis(fitted_on, test), rtol=1e-5)


def test_windows_are_as_long_as_trained(made):
    trained, *_ = made("hidden_states_apart")
    assert trained.run.config.window.length == LENGTH
