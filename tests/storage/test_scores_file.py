"""scores.npz: maps are written and read a stretch at a time."""

import numpy as np
import pytest

from vadjax.data.arrays import row_view
from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError
from vadjax.storage import artifacts

MAPS = np.random.default_rng(0).normal(size=(40, 3, 4)).astype(np.float32)


class Long:
    """Maps of which no more than ten may be read at once."""

    def __init__(self, maps):
        self.maps, self.shape, self.dtype = maps, maps.shape, maps.dtype

    def __len__(self):
        return len(self.maps)

    def __getitem__(self, at):
        rows = self.maps[at]
        assert len(rows) <= 10
        return rows


def written(tmp_path, maps):
    scores = np.arange(len(maps), dtype=np.float32)
    video = ScoredVideo("test/01", scores, maps=maps, parts={"maps": -scores})
    plain = ScoredVideo("test/02", scores[:2])
    artifacts.write_scores(tmp_path, [video, plain], [plain])
    return artifacts.read_scores(tmp_path)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_maps_are_never_read_whole(dtype, tmp_path, monkeypatch):
    monkeypatch.setattr(row_view.blocks, "__kwdefaults__", {"nbytes": 10 * 12 * 2})
    maps = MAPS.astype(dtype)
    first, second = written(tmp_path, Long(maps)).test
    assert isinstance(first.maps, np.memmap) and first.maps.dtype == dtype
    np.testing.assert_array_equal(first.maps, maps)
    np.testing.assert_array_equal(first.parts["maps"], -first.scores)
    assert second.maps is None and second.id == "test/02"
    with np.load(tmp_path / "scores.npz") as file:  # NumPy reads it too
        np.testing.assert_array_equal(file["0/maps"], maps)


def test_a_video_without_frames_has_maps_without_frames(tmp_path):
    assert written(tmp_path, MAPS[:0]).test[0].maps.shape == (0, 3, 4)


def test_maps_that_are_damaged_are_told(tmp_path):
    written(tmp_path, MAPS)
    path = tmp_path / "scores.npz"
    whole = bytearray(path.read_bytes())
    at = whole.index(MAPS[20].tobytes())
    whole[at] ^= 1
    path.write_bytes(whole)
    with pytest.raises(UserError, match=r"scores.npz is damaged .*; run --stage=score again"):
        artifacts.read_scores(tmp_path)


def test_maps_below_zero_keep_their_order_in_half_precision(tmp_path):
    artifacts.write_maps(tmp_path, {"test/01": MAPS - 1e5}, {"what": "made up"})
    [maps] = artifacts.read_maps(tmp_path).values()
    unit = artifacts.read_json(tmp_path, "explain/maps.json")["unit"]
    assert unit == pytest.approx(np.abs(MAPS - 1e5).max())
    np.testing.assert_allclose(maps, (MAPS - 1e5) / unit, rtol=1e-3)
