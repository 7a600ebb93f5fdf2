import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data import layouts
from vadjax.data.labels import frame_labels
from vadjax.errors import UserError

# Clips as a source writes them: counted from 1, both ends included.
ranges = st.lists(
    st.tuples(st.integers(1, 40), st.integers(1, 40)).map(lambda p: (min(p), max(p))), max_size=3
)
TWO_RANGES = [[(5, 9), (14, 20)], [(1, 1)], [], [(3, 20)]]


def read(intervals, num_frames=40):
    return [frame_labels.labels_from_intervals(c, num_frames, where="test") for c in intervals]


@settings(max_examples=30, deadline=None)
@given(clips=st.lists(ranges, min_size=1, max_size=5))
def test_m_and_gt_agree_with_labels_frame_by_frame(tmp_path_factory, clips):
    folder = tmp_path_factory.mktemp("labels")
    layouts.write_m(folder / "a.m", clips)
    layouts.write_gt(folder / "a.mat", clips)
    wanted = [layouts.label(clip, 40) for clip in clips]
    np.testing.assert_array_equal(read(frame_labels.read_ucsd_m(folder / "a.m")), wanted)
    np.testing.assert_array_equal(
        read(frame_labels.read_gt_cells(folder / "a.mat", len(clips))), wanted
    )


def test_m_with_two_ranges_keeps_the_order_of_clips(tmp_path):
    text = "TestVideoFile = {};\r\n% note\r\nT{end+1}.gt_frame=[5:90, 140 : 200];\r\n"
    (tmp_path / "a.m").write_text(text + "T{end+1}.gt_frame = [ 7 ]\nT{end+1}.gt_frame = [];")
    assert frame_labels.read_ucsd_m(tmp_path / "a.m") == [((4, 90), (139, 200)), ((6, 7),), ()]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\0\5\26\7\0\2\0\0Mac OS X        gt_frame = [1:2]", "not UCSD's label file"),
        (b"", "not UCSD's label file"),
        (b"T{end+1}.gt_frame = [1:x];", r"not of the form gt_frame = \[a:b\]"),
        (b"T{end+1}.gt_frame = 1:9;", r"line 'T\{end\+1\}.gt_frame = 1:9;'"),
    ],
)
def test_wrong_m_is_refused(tmp_path, content, message):
    (tmp_path / "a.m").write_bytes(content)
    with pytest.raises(UserError, match=message):
        frame_labels.read_ucsd_m(tmp_path / "a.m")


def cell(*entries):
    array = np.empty(len(entries), object)
    for i, entry in enumerate(entries):
        array[i] = entry
    return array


TWO, ONE = np.array([[5, 14], [9, 20]]), np.array([[3], [8]])


@pytest.mark.parametrize(
    ("gt", "wanted"),
    [
        (cell(TWO, ONE).reshape(1, 2), [((4, 9), (13, 20)), ((2, 8),)]),
        (cell(TWO, ONE).reshape(2, 1), [((4, 9), (13, 20)), ((2, 8),)]),
        (cell(TWO, np.array([3, 8])), [((4, 9), (13, 20)), ((2, 8),)]),  # one range, squeezed
        (cell(TWO, np.zeros((0, 0))), [((4, 9), (13, 20)), ()]),  # a normal clip
        (np.array([[3, 8], [5, 9]]), [((2, 8),), ((4, 9),)]),  # all of one range, squeezed
        (np.array([[3, 8], [5, 9], [1, 2]]), [((2, 8),), ((4, 9),), ((0, 2),)]),
        (np.array([[3, 5, 1], [8, 9, 2]]), [((2, 8),), ((4, 9),), ((0, 2),)]),  # side by side
        (np.stack([TWO, TWO + 1]), [((4, 9), (13, 20)), ((5, 10), (14, 21))]),
        (TWO, [((4, 9), (13, 20))]),  # one clip of two ranges
        (ONE, [((2, 8),)]),
    ],
    ids=lambda x: "" if isinstance(x, list) else str(np.shape(x)),
)
def test_gt_in_every_squeezed_shape(tmp_path, gt, wanted):
    scipy.io.savemat(tmp_path / "a.mat", {"gt": gt})
    assert frame_labels.read_gt_cells(tmp_path / "a.mat", len(wanted)) == wanted


def test_gt_errors_say_what_was_found(tmp_path):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"gt": np.zeros((3, 5))})
    with pytest.raises(UserError, match=r"gt has shape \(3, 5\); wanted the intervals of 12 clips"):
        frame_labels.read_gt_cells(path, 12)
    scipy.io.savemat(path, {"gt": cell(np.ones((3, 2)), TWO)})
    with pytest.raises(UserError, match=r"entry 1 of gt has shape \(3, 2\); wanted 2 x n"):
        frame_labels.read_gt_cells(path, 2)
    scipy.io.savemat(path, {"x01": np.zeros(4)})
    with pytest.raises(UserError, match="wanted the variable 'gt'; found x01"):
        frame_labels.read_gt_cells(path, 2)
    path.write_bytes(b"not a mat file at all")
    with pytest.raises(UserError, match="cannot be read as a MATLAB file"):
        frame_labels.load_mat(path)
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(400))
    with pytest.raises(UserError, match="3 file; save it again"):
        frame_labels.load_mat(path)


@pytest.mark.parametrize(("first", "last"), [(0, 3), (4, 3), (38, 41)])
def test_intervals_outside_the_clip_are_refused(first, last):
    with pytest.raises(UserError, match=r"a.m, test/01: .* do not fit a clip of 40 frames"):
        frame_labels.labels_from_intervals(((first - 1, last),), 40, where="a.m, test/01")


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint8, bool, np.float32])
def test_vectors_of_rank_one_and_two(tmp_path, dtype):
    wanted = np.array([0, 1, 1, 0, 1], np.uint8)
    for array in (wanted, wanted[None], wanted[:, None], wanted[:1]):
        np.save(tmp_path / "a.npy", array.astype(dtype))
        found = frame_labels.read_vector(tmp_path / "a.npy")
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, array.ravel())


def test_wrong_vectors_are_refused(tmp_path):
    path = tmp_path / "a.npy"
    for array in (np.zeros((2, 5)), np.array([0, 2])):
        np.save(path, array)
        with pytest.raises(UserError, match=r"wanted one 0 or 1 a frame, \[n\] or \[1, n\]"):
            frame_labels.read_vector(path)
    np.save(path, np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(UserError, match="cannot be read as a plain"):
        frame_labels.read_vector(path)
    path.write_bytes(b"")
    with pytest.raises(UserError, match="cannot be read as a plain"):
        frame_labels.read_vector(path)


def test_git_lfs_pointers_are_told_apart(tmp_path):
    path = tmp_path / "labels"
    path.write_bytes(layouts.LFS_POINTER)
    for read_file in (frame_labels.read_vector, frame_labels.load_mat, frame_labels.read_ucsd_m):
        with pytest.raises(UserError, match="is a Git-LFS pointer"):
            read_file(path)


def test_labels_from_masks():
    masks = np.zeros((4, 3, 5), np.uint8)
    masks[1, 2, 4] = 1
    masks[3] = 255
    np.testing.assert_array_equal(frame_labels.labels_from_masks(masks), [0, 1, 0, 1])
