"""Arrays are read as NumPy reads them; what claims more than is there is refused at once."""

import io
import random
import zipfile

import numpy as np
import pytest

from vadjax.data.arrays import npy_file

ARRAYS = {
    "plain": np.arange(12.0).reshape(3, 4),
    "fortran": np.asfortranarray(np.arange(12, dtype=np.int16).reshape(3, 4)),
    "halves": np.ones((2, 3, 4), np.float16),
    "flags": np.array([True, False]),
    "text": np.array("a text of some length: ä"),
    "none": np.zeros((0, 5), np.float32),
    "scalar": np.array(7),
}


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("mapped", [False, True])
def test_arrays_are_those_of_numpy(tmp_path, name, mapped):
    np.save(tmp_path / "a.npy", ARRAYS[name])
    ours = npy_file.read_array(tmp_path / "a.npy", mapped=mapped)
    theirs = np.load(tmp_path / "a.npy")
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_archives_are_those_of_numpy(tmp_path, save):
    save(tmp_path / "a.npz", **ARRAYS)
    with npy_file.opened(tmp_path / "a.npz") as ours:
        assert set(ours) == set(ARRAYS)
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(ours[name], array)


@pytest.mark.parametrize(
    "array",
    [np.array([{"a": 1}], object), np.zeros(3, [("x", "f4")]), np.zeros(2, "datetime64[s]")],
)
def test_what_is_no_plain_array_is_refused(tmp_path, array):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(npy_file.Damaged, match="plain array"):
        npy_file.read_array(tmp_path / "a.npy")


def header(text):
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    "shape", ["(137438953472,)", "(99999999999999999999,)", "(4, 4611686018427387904)", "(-5,)"]
)
def test_claims_are_compared_with_the_size(tmp_path, shape):
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode()
    (tmp_path / "a.npy").write_bytes(header(text) + bytes(100))
    with pytest.raises(npy_file.Damaged):
        npy_file.read_array(tmp_path / "a.npy")


def test_nothing_beside_a_huge_axis_is_refused(tmp_path):
    text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 999999999999, 999999999), }"
    (tmp_path / "a.npy").write_bytes(header(text))
    with pytest.raises(npy_file.Damaged, match="shape"):
        npy_file.read_array(tmp_path / "a.npy")


def test_a_compressed_entry_that_unpacks_too_far_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(npy_file, "MAX_PACKED", 1 << 16)
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros(1 << 14))
    with (
        npy_file.opened(tmp_path / "a.npz") as file,
        pytest.raises(npy_file.Damaged, match="unpacks to"),
    ):
        file["x"]


@pytest.mark.parametrize("save", [np.save, np.savez, np.savez_compressed])
def test_mutated_and_cut_files_never_end_in_anything_else(tmp_path, save):
    path, buffer = tmp_path / "a", io.BytesIO()
    save(buffer, ARRAYS["plain"])
    whole, rng, refused = buffer.getvalue(), random.Random(0), 0
    for _ in range(1000):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] = rng.choice((0, 255, rng.randrange(256)))
        if rng.random() < 0.3:
            del data[rng.randrange(len(data)) :]
        path.write_bytes(data)
        try:
            if save is np.save:
                npy_file.read_array(path)
            else:
                with npy_file.opened(path) as file:
                    dict(file)
        except npy_file.Damaged:
            refused += 1
    assert refused > 300


def test_a_damaged_byte_inside_an_archive_is_seen(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(1000.0))
    data = bytearray((tmp_path / "a.npz").read_bytes())
    data[4000] ^= 1
    (tmp_path / "a.npz").write_bytes(data)
    assert zipfile.is_zipfile(tmp_path / "a.npz")
    with npy_file.opened(tmp_path / "a.npz") as file, pytest.raises(npy_file.Damaged, match="CRC"):
        file["x"]
