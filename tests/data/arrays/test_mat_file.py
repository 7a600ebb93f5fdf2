"""The reader of MATLAB files agrees with SciPy on whole files, and damaged ones are refused."""

import random
import struct
import zlib

import numpy as np
import pytest
import scipy.io

from vadjax.data.arrays import mat_file


def cell(*entries):
    array = np.empty((1, len(entries)), object)
    for number, entry in enumerate(entries):
        array[0, number] = entry
    return array


RNG = np.random.default_rng(0)
VALUES = {
    "matrix": RNG.normal(size=(3, 5)),
    "whole": np.arange(12, dtype=np.int64).reshape(3, 4),
    "cube": RNG.integers(0, 255, (2, 3, 4), np.uint8),
    "row": np.array([[1, 0, 1]], bool),
    "empty": np.zeros((0, 0)),
    "cell": cell(np.ones((2, 2)), np.zeros((0, 0)), cell(np.array([[7.0]]), np.ones((3, 1)))),
}


def same(ours, theirs):
    if theirs.dtype == object:
        assert ours.shape == theirs.shape
        for one, other in zip(ours.ravel(), theirs.ravel(), strict=True):
            same(one, other)
    else:
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("packed", [False, True])
def test_values_are_those_of_scipy(tmp_path, packed):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, VALUES, do_compression=packed)
    theirs = scipy.io.loadmat(path)
    ours = mat_file.read(path)
    assert ours.keys() == VALUES.keys()
    for name in VALUES:
        same(ours[name], theirs[name])
    only = mat_file.read(path, variable="cube")
    assert [name for name, value in only.items() if value is not None] == ["cube"]


@pytest.mark.parametrize("packed", [False, True])
def test_structs_are_read_when_asked_for(tmp_path, packed):
    path = tmp_path / "a.mat"
    fields = {"Name": "x.mp4", "Anno": np.array([[1, 2], [3, 4]], np.uint16), "In": {"deep": 7.0}}
    scipy.io.savemat(path, {"one": fields, "after": np.eye(2)}, do_compression=packed)
    assert mat_file.read(path)["one"] is None
    ours = mat_file.read(path, structs=True)
    assert list(ours["one"]) == ["Name", "Anno", "In"] and ours["one"]["Name"] is None
    np.testing.assert_array_equal(ours["one"]["Anno"], fields["Anno"])
    np.testing.assert_array_equal(ours["one"]["In"]["deep"], [[7.0]])
    np.testing.assert_array_equal(ours["after"], np.eye(2))
    content = path.read_bytes()
    for end in range(130, len(content), 7):
        path.write_bytes(content[:end])
        with pytest.raises(mat_file.Damaged):
            mat_file.read(path, structs=True)


def test_version_4_is_read(tmp_path):
    path = tmp_path / "a.mat"
    plain = {"gt": RNG.normal(size=(2, 9)), "b": np.arange(6, dtype=np.int16).reshape(3, 2)}
    scipy.io.savemat(path, plain, format="4")
    ours = mat_file.read(path)
    for name, value in plain.items():
        np.testing.assert_array_equal(ours[name], value)


def test_the_other_byte_order_is_read(tmp_path):
    element = lambda kind, data: (  # noqa: E731
        struct.pack(">II", kind, len(data)) + data + bytes(-len(data) % 8)
    )
    inside = element(6, struct.pack(">II", 6, 0)) + element(5, struct.pack(">2i", 1, 2))
    inside += element(1, b"gt") + element(9, struct.pack(">2d", 3.0, 4.5))
    head = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(">H", 0x0100) + b"MI"
    (tmp_path / "a.mat").write_bytes(head + element(14, inside))
    np.testing.assert_array_equal(mat_file.read(tmp_path / "a.mat")["gt"], [[3.0, 4.5]])


def test_text_and_structs_are_passed_over(tmp_path):
    path = tmp_path / "a.mat"
    content = {"s": {"x": 1.0}, "text": "hello", "z": np.array([[1j]]), "c": cell("a", np.ones(2))}
    scipy.io.savemat(path, {**content, "gt": np.ones((2, 3))})
    ours = mat_file.read(path)
    assert ours["s"] is None and ours["text"] is None and ours["z"] is None
    assert ours["c"][0, 0] is None
    np.testing.assert_array_equal(ours["c"][0, 1], [[1, 1]])
    np.testing.assert_array_equal(ours["gt"], np.ones((2, 3)))


@pytest.mark.parametrize("packed", [False, True])
def test_mutated_and_cut_files_never_end_in_anything_else(tmp_path, packed):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, VALUES, do_compression=packed)
    whole, rng, refused = path.read_bytes(), random.Random(0), 0
    for _ in range(600):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(124, len(data))] = rng.choice((0, 1, 255, rng.randrange(256)))
        if rng.random() < 0.3:
            del data[rng.randrange(len(data)) :]
        path.write_bytes(data)
        try:
            mat_file.read(path)
        except (mat_file.Damaged, mat_file.Newer):
            refused += 1
    assert refused > 100


def test_what_unpacks_to_more_than_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(mat_file, "MAX_BYTES", 1 << 20)
    scipy.io.savemat(tmp_path / "a.mat", {"x": np.zeros((1 << 9, 1 << 9))}, do_compression=True)
    assert (tmp_path / "a.mat").stat().st_size < 10_000
    with pytest.raises(mat_file.Damaged, match="more than 1 MB"):
        mat_file.read(tmp_path / "a.mat")


def test_a_cell_of_more_entries_than_bytes_is_refused(tmp_path):
    path = tmp_path / "a.mat"
    element = lambda kind, data: struct.pack("<II", kind, len(data)) + data  # noqa: E731
    inside = element(6, struct.pack("<II", 1, 0)) + element(5, struct.pack("<2i", 30_000, 30_000))
    inside += struct.pack("<HH", 1, 2) + b"gt\0\0"
    packed = zlib.compress(struct.pack("<II", 14, len(inside)) + inside)
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"
    path.write_bytes(head + struct.pack("<II", 15, len(packed)) + packed)
    with pytest.raises(mat_file.Damaged, match=r"shape \[30000, 30000\]"):
        mat_file.read(path)
