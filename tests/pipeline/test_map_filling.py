"""Maps that are written a batch at a time, on disk or in memory, and read back mapped."""

import numpy as np
import pytest

from vadjax.data.arrays.new_array import in_memory, on_disk
from vadjax.errors import UserError
from vadjax.pipeline.map_filling import Filling, scale, scaled
from vadjax.storage import artifacts

MAPS = np.random.default_rng(0).random((23, 3, 4), np.float32)


@pytest.mark.parametrize("first", [0, 5])
def test_batches_fill_the_frames_of_a_segment(first, tmp_path):
    segment = MAPS[first:20]
    with on_disk(tmp_path / "explain") as new:
        for make in (in_memory, new):
            filling = Filling(make)
            for start in range(0, 24, 8):
                batch = MAPS[np.arange(start, start + 8).clip(max=22)]
                filling.add(batch, start - first, len(segment))
            assert filling.batches == 3
            np.testing.assert_array_equal(filling.whole(), segment)
        assert [path.name[:6] for path in (tmp_path / "explain").iterdir()] == [".maps-"]
    assert not list((tmp_path / "explain").iterdir())


def test_what_a_killed_run_left_goes(tmp_path):
    (tmp_path / ".maps-old").mkdir()
    with on_disk(tmp_path):
        assert not (tmp_path / ".maps-old").exists()


def test_maps_are_scaled_a_stretch_at_a_time_as_at_once(monkeypatch):
    monkeypatch.setattr("vadjax.pipeline.map_filling.BLOCK_BYTES", 5 * 48)
    scores = np.random.default_rng(1).random(23).astype(np.float32)
    found = MAPS.copy()
    scale(found, scores)
    np.testing.assert_array_equal(found, scaled(MAPS, scores))


def test_written_maps_are_those_of_numpy_and_come_back_mapped(tmp_path, monkeypatch):
    monkeypatch.setattr("vadjax.data.arrays.row_view.BLOCK_BYTES", 100)
    maps = {"test/a": 7 * MAPS, "test/b[3:9]": np.zeros((6, 3, 4), np.float32)}
    artifacts.write_maps(tmp_path, maps, {"what": "made up"})
    halves = {name: (m / (7 * MAPS).max()).astype(np.float16) for name, m in maps.items()}
    with np.load(tmp_path / "explain" / "maps.npz") as file:
        assert file.files == list(maps)
        for name in maps:
            np.testing.assert_array_equal(file[name], halves[name])
    found = artifacts.read_maps(tmp_path)
    facts = artifacts.read_json(tmp_path, "explain/maps.json")
    assert (facts["grid"], facts["empty"]) == ([3, 4], 6)
    assert facts["unit"] == pytest.approx((7 * MAPS).max())
    for name in maps:
        assert isinstance(found[name], np.memmap)
        np.testing.assert_array_equal(found[name], halves[name])


def test_damaged_maps_are_told(tmp_path):
    artifacts.write_maps(tmp_path, {"test/a": MAPS}, {"what": "made up"})
    path = tmp_path / "explain" / "maps.npz"
    whole = bytearray(path.read_bytes())
    whole[400] ^= 1  # a bit of a map
    path.write_bytes(whole)
    with pytest.raises(UserError, match=r"maps.npz is damaged .*; run --stage=explain again"):
        artifacts.read_maps(tmp_path)
