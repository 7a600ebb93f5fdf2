"""The choice of the micro-batch: the fastest one, measured once, and never in the way."""

import json

import pytest

from vadjax import backbones
from vadjax.features import calibrate
from vadjax.features.calibrate import choose_micro_batch


@pytest.fixture(scope="module")
def backbone():
    return backbones.create("mobilenetv2_050", weights="random", size=32)


@pytest.fixture
def measured(monkeypatch):
    """Calls of the measurement, which here finds 2 the fastest."""
    calls = []

    def fastest(backbone, taps, batch_size, candidates):
        calls.append(candidates)
        return 2

    monkeypatch.setattr(calibrate, "_fastest", fastest)
    return calls


def choose(backbone, folder, *, batch_size=16, num_frames=5000, taps=("features",)):
    return choose_micro_batch(
        backbone,
        taps=taps,
        batch_size=batch_size,
        cache_dir=folder,
        num_frames=num_frames,
    )


def test_the_choice_is_measured_once(backbone, tmp_path, measured):
    assert [choose(backbone, tmp_path) for _ in range(2)] == [2, 2]
    assert measured == [[1, 2, 4]]
    (kept,) = json.loads((tmp_path / "micro_batch.json").read_text()).items()
    assert kept[0].startswith("mobilenetv2_050 32x32 float32 features") and kept[1] == 2


def test_several_taps_are_measured_as_one_program(backbone, tmp_path, measured):
    for taps in (("features",), ("stage2", "features"), ("features", "stage2")):
        assert choose(backbone, tmp_path, taps=taps) == 2
    assert len(measured) == 2  # the order does not matter


def test_few_frames_are_not_worth_measuring(backbone, tmp_path, measured):
    assert choose(backbone, tmp_path, num_frames=99) == 1 and not measured
    choose(backbone, tmp_path)
    assert choose(backbone, tmp_path, num_frames=99) == 2  # known already


def test_small_batches_and_networks_without_weights_take_one(backbone, tmp_path, measured):
    assert choose(backbone, tmp_path, batch_size=1) == 1
    assert choose(backbones.create("flow"), tmp_path) == 1
    assert not measured


def test_a_damaged_or_unwritable_cache_costs_time_only(backbone, tmp_path, measured):
    (tmp_path / "micro_batch.json").write_text("{")
    assert choose(backbone, tmp_path) == 2
    (tmp_path / "file").touch()
    assert choose(backbone, tmp_path / "file") == 2


def test_the_measurement_runs(backbone):
    assert calibrate._fastest(backbone, ("features", "stage2"), 4, [1, 2]) in (1, 2)
