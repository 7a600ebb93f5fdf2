"""A single training whose device runs out of memory goes on with smaller batches."""

import jax
import numpy as np
import pytest

from tests.training import tiny
from vadjax.errors import UserError
from vadjax.training import fit as module
from vadjax.training.fit import fit


def train(workdir, **settings):
    return fit(tiny.Tiny(), tiny.Predict(), tiny.data(), tiny.config(**settings), workdir=workdir)


@pytest.fixture
def device(monkeypatch):
    """A device that holds batches of `room` windows; `tried` are the sizes asked of it."""

    class Device:
        room, tried, epochs = 4, [], 0

    class Short(module.Population):
        def __init__(self, model, objective, settings, **more):
            super().__init__(model, objective, settings, **more)
            self._size = settings.batch_size
            Device.tried.append(self._size)

        def epoch(self):
            Device.epochs += 1
            if self._size > Device.room:
                raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")
            return super().epoch()

    Device.tried = []
    monkeypatch.setattr(module, "Population", Short)
    return Device


def test_the_batch_is_halved_until_it_fits_and_the_log_says_so(tmp_path, device, caplog):
    found = train(tmp_path / "short", batch_size=16, epochs=2)
    assert device.tried == [16, 8, 4]
    assert "continuing with batches of 4 in place of 16" in caplog.text
    assert found.notes == (
        "out of memory: from epoch 1 on batches have 4 windows, not the 16 of train.batch_size",
    )
    alone = train(tmp_path / "alone", batch_size=4, epochs=2)
    jax.tree.map(np.testing.assert_array_equal, found.variables, alone.variables)
    assert found.history[-1]["step"] == alone.history[-1]["step"] and not alone.notes


def test_a_resumed_training_keeps_to_the_smaller_batch(tmp_path, device):
    train(tmp_path, batch_size=8, epochs=1)
    device.tried.clear()
    found = train(tmp_path, batch_size=8, epochs=2)
    assert device.tried == [4] and len(found.notes) == 1


def test_memory_that_is_lost_later_goes_on_from_the_checkpoint(tmp_path, device):
    device.room = 8
    train(tmp_path, batch_size=8, epochs=1)
    device.room = 4
    found = train(tmp_path, batch_size=8, epochs=3)
    assert "from epoch 2 on batches have 4 windows" in found.notes[0]
    steps = [row["step"] for row in found.history]
    assert steps[2] - steps[1] > steps[0], "more batches an epoch"


def test_what_does_not_fit_alone_is_refused(tmp_path, device):
    device.room = 0
    with pytest.raises(UserError, match=r"too little memory for batches of 1 windows .RESOURCE"):
        train(tmp_path, batch_size=4, epochs=1)
    assert device.tried == [4, 2, 1]


def test_another_fault_of_the_device_is_raised(tmp_path, device, monkeypatch):
    def broken(self):
        raise jax.errors.JaxRuntimeError("INTERNAL: something else")

    monkeypatch.setattr(module.Population, "epoch", broken)
    with pytest.raises(jax.errors.JaxRuntimeError, match="something else"):
        train(tmp_path, batch_size=4, epochs=1)
