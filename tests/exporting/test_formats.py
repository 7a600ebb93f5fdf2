"""Every model as ONNX and as StableHLO gives what it gives in JAX; a file says what it holds."""

import types

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from tests.models import build
from vadjax import backbones
from vadjax.detectors.window_state import state_of
from vadjax.errors import UserError
from vadjax.exporting import formats
from vadjax.exporting.programs import BATCH, Array, Program
from vadjax.exporting.windows import scoring_programs
from vadjax.features.standardize import Standardizer
from vadjax.scoring.first_frames import choose_first_frames

LENGTH = 4
# At the smallest size the code is a single place, which litert-converter 0.5.0 cannot convert.
LARGER = {"stacked_autoencoder": (39, 43, 1)}


def programs(name, bidirectional, task):
    """The programs of a model with random parameters, and windows for them."""
    objective = build.objective(task)
    shape = LARGER.get(name)
    model = build.model(name, task=objective, bidirectional=bidirectional, feature_shape=shape)
    windows = 1 + 2 * build.windows(model, batch=3, steps=LENGTH)
    channels = model.feature_shape[-1]
    rng = np.random.default_rng(1)
    standardizer = Standardizer(
        rng.normal(size=channels).astype(np.float32),
        rng.uniform(1, 2, channels).astype(np.float32),
    )
    state = state_of(build.variables(model, windows), standardizer)
    cut = {"length": LENGTH, "dilation": 1, "aggregate": "last", "mode": "short"}
    detector = types.SimpleNamespace(
        model=lambda shape: model,
        objective=objective,
        config=ConfigDict({"window": {"length": LENGTH}}),
        first_frames=lambda model: choose_first_frames(model, objective, **cut),
    )
    return scoring_programs(detector, state, 0, row_shape=model.feature_shape), windows


def run_onnx(path, x):
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    onnxruntime.set_default_logger_severity(3)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def run_stablehlo(path, x):
    exported = jax.export.deserialize(path.read_bytes())
    assert exported.platforms == ("cpu", "cuda", "tpu")
    return np.asarray(exported.call(x)[0])


# What jax2onnx 0.17.1 cannot convert; a version that can makes this test fail.
UNKNOWN = ("place_simple_rnn", "place_lstm", "place_gru", "place_lstm_gru")
# What litert-converter 0.5.0 cannot.
NO_TFLITE = ("unet_segmenter",)


def run_tflite(path, x):
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=path.read_bytes()).get_signature_runner("serving_default")
    return runner(windows=x)["scores"]


RUN = {"onnx": run_onnx, "stablehlo": run_stablehlo, "tflite": run_tflite}
NEEDS = {"onnx": "jax2onnx", "tflite": "litert_converter"}


@pytest.mark.parametrize("form", formats.FORMATS)
@pytest.mark.parametrize("case", build.ONCE, ids=lambda case: case[0])
def test_a_model_gives_the_same(tmp_path, case, form):
    if form in NEEDS:
        pytest.importorskip(NEEDS[form], reason=f"{NEEDS[form]} is not installed")
    found, windows = programs(*case)
    suffix, write = formats.FORMATS[form]
    if form == "tflite" and case[0] in NO_TFLITE:
        with pytest.raises(UserError, match="litert-converter cannot convert detector0"):
            write(found[0], tmp_path / "x.tflite")
        return
    if form == "onnx" and (case[0] in UNKNOWN or case[1]):  # case[1]: it reads backwards too
        with pytest.raises(UserError, match="jax2onnx cannot convert detector0"):
            write(found[0], tmp_path / "x.onnx")
        return
    for program in found:
        path = tmp_path / f"{program.name}.{suffix}"
        batch = write(program, path)
        assert batch == (1 if form == "tflite" else "batch")
        for x in (windows[:1],) if batch == 1 else (windows, windows[:1]):
            (wanted,) = map(np.asarray, program.function(x))
            assert np.isfinite(wanted).all()
            got = RUN[form](path, x)
            assert got.shape == wanted.shape == (len(x), program.outputs[0].shape[1])
            assert np.ptp(wanted) > 1e-3 or len(x) == 1
            np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())


def test_an_operation_that_onnx_does_not_have(tmp_path):
    pytest.importorskip("jax2onnx", reason="jax2onnx is not installed")
    found, _ = programs("dense", False, "predict")

    def odd(x):
        return (jax.numpy.linalg.svd(x.reshape(-1, LENGTH, x.shape[-1]))[1].sum(-1),)

    broken = types.SimpleNamespace(**{**vars(found[0]), "function": odd})
    with pytest.raises(UserError, match="jax2onnx cannot convert detector0"):
        formats.write_onnx(broken, tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()


@pytest.mark.parametrize(
    ("name", "tap", "size"),
    [
        ("resnet18", "stage1", 32),
        pytest.param("vgg16", "stage4", 32, marks=pytest.mark.slow),
        pytest.param("inception_v3", "stage3", 96, marks=pytest.mark.slow),
    ],
)
def test_a_pooling_with_an_edge_is_written(tmp_path, name, tap, size):
    """jax2onnx takes no notice of the padding of a pooling, which resnet18 has in its stem."""
    pytest.importorskip("jax2onnx")
    network = backbones.create(name, weights="random", size=(size, size))

    def rows(images):
        outputs = network.apply(network.variables, images, taps=(tap,))
        return (outputs["taps"][tap],)

    shape = jax.eval_shape(rows, jax.ShapeDtypeStruct((1, size, size, 3), "uint8"))[0].shape
    images, wanted = (
        Array("images", (BATCH, size, size, 3), "uint8"),
        Array("rows", (BATCH, *shape[1:])),
    )
    formats.write_onnx(Program(tap, rows, (images,), (wanted,)), tmp_path / "rows.onnx")  # compares
