"""Chunked training data: the bits of resident training, from memory-mapped clips."""

import logging

import jax
import numpy as np
import pytest

from tests.models import build
from tests.training import tiny
from tests.training.test_population import RATES, members_of
from vadjax.data.splits.windows import window_table
from vadjax.training.budget import budget_bytes, choose_arrays
from vadjax.training.chunks import Chunked, RowReader, cut_steps
from vadjax.training.fit import fit
from vadjax.training.inputs import TrainingData, resident_arrays, tables
from vadjax.training.population import train_members
from vadjax.training.step import Settings

LENGTHS = (25, 21, 3, 18, 14)  # the third is padded to a window, the last two are validation


class Standardizer:
    """The arithmetic of `features.standardize.Standardizer.apply`."""

    def __init__(self, shape):
        self.mean = np.linspace(-1, 1, shape[-1], dtype=np.float32)
        self.std = np.linspace(0.5, 2, shape[-1], dtype=np.float32)

    def apply(self, rows):
        rows = np.subtract(rows, self.mean, dtype=np.float32)
        return np.divide(rows, self.std, out=rows)


def mapped(folder, shape, *, dtype=np.float32, stride=1, seed=0):
    """Training data of memory-mapped clips of rows of a shape."""
    rng = np.random.default_rng(seed)
    folder.mkdir(exist_ok=True)
    clips = []
    for i, length in enumerate(LENGTHS):
        np.save(folder / f"{i}.npy", rng.normal(size=(length, *shape)).astype(dtype))
        clips.append(np.load(folder / f"{i}.npy", mmap_mode="r"))
    starts, rows = np.cumsum([0, *LENGTHS])[:-1], sum(LENGTHS)
    cut = {"length": build.STEPS, "stride": stride}
    return TrainingData(
        clips,
        window_table(LENGTHS[:3], starts=starts[:3], pad=True, **cut),
        window_table(LENGTHS[3:], starts=starts[3:], **cut),
        frame_labels=(rng.random(rows) < 0.4).astype(np.int32),
        cell_labels=rng.random((rows, *shape[:-1])).astype(np.float16) if shape[1:] else None,
        standardize=Standardizer(shape).apply,
    )


@pytest.fixture
def messages(monkeypatch):
    """What `fit` logs."""
    said = []
    log = logging.getLogger("vadjax.training.fit")
    monkeypatch.setattr(log, "info", lambda text, *values: said.append(text % values))
    return said


def chunk(monkeypatch, data, *, share):
    """Let data be chunked on a CPU, each chunk `share` of them."""
    monkeypatch.setattr(
        "vadjax.training.budget.budget_bytes", lambda train: int(3 * share * data.nbytes)
    )


def assert_equal_bits(one, other):
    """Two results of `fit` are the same but for the time they took."""
    leaves = [jax.tree.leaves(result.variables) for result in (one, other)]
    for a, b in zip(*leaves, strict=True):
        np.testing.assert_array_equal(a, b)
    timeless = [
        [{k: v for k, v in row.items() if not k.endswith("_s")} for row in result.history]
        for result in (one, other)
    ]
    assert timeless[0] == timeless[1]


CASES = {
    "lstm": ("lstm", "predict", {}),
    "bidirectional gru": ("gru", "classify", {}),
    "maps": ("unet_segmenter", "segment", {}),
    "mixed maps": ("unet_segmenter", "segment", {"mix": 0.6}),
    "runs": ("lstm", "classify", {"batches": "runs"}),
    "state": ("appearance_to_flow", "motion", {"schedule": "cosine"}),
    "places": ("place_lstm", "density", {}),
    "bidirectional places": ("place_gru", "density", {}),
}


@pytest.mark.parametrize("share", [0.1, 0.3])
@pytest.mark.parametrize("case", CASES)
def test_chunked_equals_resident(case, share, tmp_path, monkeypatch, messages):
    name, task, train = CASES[case]
    objective = build.objective(task)
    model = build.model(
        name, task=objective, dropout=0.3, bidirectional=case.startswith("bidirectional")
    )
    data = mapped(
        tmp_path / "clips", model.feature_shape, dtype=np.float16 if "maps" in case else np.float32
    )
    config = tiny.config(epochs=3, batch_size=8, **train)
    resident = fit(model, objective, data, config, workdir=tmp_path / "resident")
    chunk(monkeypatch, data, share=share)
    chunked = fit(model, objective, data, config, workdir=tmp_path / "chunked")
    assert_equal_bits(chunked, resident)
    assert resident.history[-1]["select_loss"] != resident.history[0]["select_loss"]
    assert "resident on the device (budget" in messages[0]
    scans = int(messages[1].split(": ")[-1].removesuffix(" scans an epoch"))
    assert scans > 2 if share == 0.1 else scans > 1


def test_a_chunked_training_that_was_interrupted_ends_with_the_same_bits(tmp_path, monkeypatch):
    model, objective = build.model("lstm", dropout=0.3), build.objective("predict")
    data = mapped(tmp_path / "clips", model.feature_shape)
    chunk(monkeypatch, data, share=0.2)
    config = tiny.config(epochs=4, checkpoint_every=1)
    whole = fit(model, objective, data, config, workdir=tmp_path / "whole")

    def interrupt(row):
        if row["epoch"] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(model, objective, data, config, workdir=tmp_path / "run", report=interrupt)
    assert_equal_bits(fit(model, objective, data, config, workdir=tmp_path / "run"), whole)


def train(model, objective, config, members, shared, *, slots):
    """Train members; return name -> what was left of each."""
    settings = Settings(batch_size=config.train.batch_size, optimizer=config.train.optimizer)
    more = {"members": members, "shared": shared, "train": config.train, "slots": slots}
    return {e.member.name: e for e in train_members(model, objective, settings, **more)}


@pytest.mark.parametrize("own", [False, True])
def test_a_chunked_population_equals_a_resident_one(own, tmp_path):
    model, objective = build.model("gru", task="classify"), build.objective("classify")
    data = mapped(tmp_path / "clips", model.feature_shape)
    config = tiny.config(epochs=3, patience=1, batch_size=8)
    members = members_of(data, config, objective, rates=RATES)
    if own:  # other windows and another standardisation for each; these are padded
        data = data._replace(standardize=None)
        for i, count in enumerate((38, 20, 9)):
            table = {"rows": data.train.rows, "video": data.train.video, "count": np.int32(count)}
            standard = {"mean": np.float32(0.1 * i), "std": np.float32(1 + i)}
            members[i] = members[i]._replace(own={"train": table, "standard": standard})
    resident = resident_arrays(data)
    chunked = {"features": Chunked(data, 3 * data.nbytes // 10), **tables(data)}
    for slots in (1, 2):  # members take turns in the slots
        found = train(model, objective, config, members, chunked, slots=slots)
        wanted = train(model, objective, config, members, resident, slots=slots)
        for name, ended in wanted.items():
            leaves = [jax.tree.leaves(e.variables) for e in (ended, found[name])]
            for a, b in zip(*leaves, strict=True):
                # Where members have rows of their own, the compiler rounds some sums otherwise.
                np.testing.assert_allclose(a, b, atol=0 if slots == 1 and not own else 1e-6)
            assert found[name].best_metric == pytest.approx(ended.best_metric, rel=1e-6)


@pytest.mark.parametrize(("steps", "most"), [(7, 3), (12, 5), (1, 4), (100, 7), (97, 10)])
def test_chunks_hold_every_step_once_in_at_most_two_lengths(steps, most):
    chunks = cut_steps(steps, most)
    assert [i for start, stop in chunks for i in range(start, stop)] == list(range(steps))
    lengths = {stop - start for start, stop in chunks}
    assert max(lengths) <= most and max(lengths) - min(lengths) <= 1


def test_a_reader_gathers_what_indexing_all_rows_gives(tmp_path):
    data = mapped(tmp_path / "clips", (4, 5, 7), dtype=np.float16)
    rows = np.array([0, 1, 24, 25, 45, 48, 66, 67, 80])
    reader = RowReader(data, ("frame_label", "cell_label"))
    out = {name: np.empty(shape, dtype) for name, (shape, dtype) in reader.shapes(12).items()}
    reader.read(rows, out)
    whole = data.standardize(np.concatenate(data.clips)).astype(np.float16)
    np.testing.assert_array_equal(out["features"][:9], whole[rows])
    np.testing.assert_array_equal(out["frame_label"][:9], data.frame_labels[rows])
    np.testing.assert_array_equal(out["cell_label"][:9], data.cell_labels[rows])


def test_the_budget_is_a_share_of_what_there_is():
    data = TrainingData([np.zeros((1000, 250), np.float32)] * 4, *_tables(4000))
    resident, words = choose_arrays(data, tiny.config(memory_mb=4).train)
    assert resident["features"].shape == (4000, 250)
    assert words == "training data: 4.0 MB resident on the device (budget 4.0 MB)"
    chunked, words = choose_arrays(data, tiny.config(memory_mb=3).train)
    assert chunked["features"].nbytes == 10**6  # three at a time on a CPU
    assert words == "training data: 4.0 MB, gathered in chunks (budget 3.0 MB)"
    assert budget_bytes(tiny.config().train) > 10**8


def _tables(rows):
    return (window_table([rows], length=2, stride=1),) * 2
