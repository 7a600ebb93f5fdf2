"""Single feature files: every form that circulates is read, and everything else is refused."""

import numpy as np
import pytest

from vadjax.data.frames.feature_file import open_features
from vadjax.data.frames.feature_rows import FeatureRows
from vadjax.data.frames.timeline import Timeline, every, segments
from vadjax.errors import UserError

ROWS = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)


def saved(path, array, **options):
    np.save(path, array, **options)
    return path


@pytest.mark.parametrize("dtype", ["f4", "f2", "f8", ">f4", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_precision_and_order(tmp_path, dtype, order):
    given = np.asarray(ROWS, dtype, order=order)
    rows = open_features(saved(tmp_path / "a.npy", given))
    np.testing.assert_array_equal(rows, given.astype(rows.dtype))
    assert rows.dtype == ("f2" if dtype == "f2" else "f4") and rows.dtype.isnative
    mapped = dtype in ("f2", "f4")
    assert isinstance(rows, np.memmap) == mapped and not (mapped and rows.flags.writeable)


def test_crops_maps_and_tables(tmp_path):
    crops = np.stack([ROWS, ROWS + 1], 1)
    np.testing.assert_array_equal(open_features(saved(tmp_path / "c.npy", crops)), crops)
    maps = ROWS[:, :, None, None] + np.array([[0.0, 2.0], [4.0, 6.0]], np.float32)
    means = open_features(saved(tmp_path / "m.npy", maps))  # the notebooks average axes 2 and 3
    np.testing.assert_allclose(means, ROWS + 3, rtol=1e-6)
    table = tmp_path / "Abuse001_x264_C.txt"  # as fprintf('%f ') of the published script writes it
    table.write_text("".join("".join(f"{v:f} " for v in row) + "\r\n" for row in ROWS))
    np.testing.assert_allclose(open_features(table), ROWS, atol=5e-7)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones(9, np.float32), r"has the shape \[9\]; wanted rows"),
        (np.ones((0, 4), np.float32), "has the shape"),
        (np.ones((3, 4), np.int64), "holds int64, no features"),
        (np.ones((3, 4), bool), "holds bool, no features"),
        (np.ones((3, 40, 4), np.float32), "at most 16 crops"),
        (np.ones((2, 2, 2, 2, 2), np.float32), "has the shape"),
        (np.array([ROWS, None], object), "without pickle"),
    ],
)
def test_what_is_no_table_of_features_is_refused(tmp_path, array, message):
    path = saved(tmp_path / "bad.npy", array, allow_pickle=True)
    with pytest.raises(UserError, match=message):
        open_features(path)


def test_cut_files_and_tables_of_words_are_refused(tmp_path):
    whole = saved(tmp_path / "a.npy", ROWS).read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:-4])
    with pytest.raises(UserError, match=r"cut\.npy.* bytes"):
        open_features(tmp_path / "cut.npy")
    (tmp_path / "words.txt").write_text("1 2\n3 four\n")
    with pytest.raises(UserError, match="no table of numbers"):
        open_features(tmp_path / "words.txt")


def test_rows_in_the_place_of_frames():
    rows = FeatureRows(7, lambda: ROWS, files=["a.npy"])
    assert len(rows) == 7 and not rows.pictures and rows.shape == (0, 0) and rows.channels == 0
    with pytest.raises(UserError, match="no picture of frame 3"):
        rows[3]
    with pytest.raises(UserError, match="holds 7 rows and had 8"):
        FeatureRows(8, lambda: ROWS, files=["a.npy"]).rows  # noqa: B018


def test_rows_of_several_frames():
    labels = np.zeros(40, np.uint8)
    labels[[15, 39]] = 1
    timeline = every(3, 40, 16, labels)
    assert timeline.counts.tolist() == [16, 16, 8] and timeline.row_labels.tolist() == [1, 0, 1]
    assert timeline.frames(1, 3) == slice(16, 40)
    spread = timeline.spread(np.array([5, 7]), 1)
    assert spread.tolist() == [5] * 16 + [7] * 8
    assert Timeline(np.array([0, 0, 4]), 4, np.ones(4, np.uint8)).row_labels.tolist() == [0, 1, 0]


def test_segments_begin_as_in_the_published_script():
    """MATLAB: round(linspace(1, n, 33)), halves away from zero, for n = 3 clips and 4 segments."""
    assert segments(4, 3, 48).tolist() == [0, 16, 16, 32]  # round([1 1.5 2 2.5 3]) - 1
    assert segments(32, 6750, 107_997)[:3].tolist() == [0, 211 * 16, 422 * 16]
