"""PyTorch's pickles, made by hand opcode by opcode: whole, broken and hostile."""

import pickle
import struct
import time
import zipfile

import numpy as np
import pytest

from vadjax.backbones import torch_pickle
from vadjax.errors import UserError

MAGIC = 0x1950A86A20F9469CFC6C


def plain(value) -> bytes:
    """Opcodes that push a plain value."""
    return pickle.dumps(value, 2)[2:-1]


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


def tensor(key, dtype, count, *, size, stride, offset=0, legacy=True) -> bytes:
    """Opcodes that push a tensor as torch.save writes it."""
    storage = (
        b"("
        + plain("storage")
        + name("torch", dtype)
        + plain(key)
        + plain("cpu")
        + plain(count)
        + (b"N" if legacy else b"")
        + b"tQ"
    )
    hooks = name("collections", "OrderedDict") + b")R"
    arguments = storage + plain(offset) + plain(size) + plain(stride) + b"\x89" + hooks
    return name("torch._utils", "_rebuild_tensor_v2") + b"(" + arguments + b"tR"


def state_dict(**tensors) -> bytes:
    """Opcodes of an OrderedDict with torch's `_metadata` on it."""
    items = b"".join(plain(key) + value for key, value in tensors.items())
    metadata = b"}" + plain("_metadata") + name("collections", "OrderedDict") + b")Rsb"
    return name("collections", "OrderedDict") + b")R(" + items + b"u" + metadata


def write_legacy(path, body: bytes, storages: dict) -> None:
    info = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
    with path.open("wb") as file:
        for value in (MAGIC, 1001, info):
            pickle.dump(value, file, protocol=2)
        file.write(b"\x80\x02" + body + b".")
        pickle.dump(list(storages), file, protocol=2)
        for array in storages.values():
            file.write(struct.pack("<q", array.size) + array.tobytes())


def write_zip(path, body: bytes, storages: dict, compression=zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("net/data.pkl", b"\x80\x02" + body + b".")
        archive.writestr("net/byteorder", "little")
        for key, array in storages.items():
            archive.writestr(f"net/data/{key}", array.tobytes())


FLOATS = np.arange(12, dtype=np.float32)
HALVES = np.linspace(0, 1, 4, dtype=np.float16)


def good_body(legacy):
    return state_dict(
        rows=tensor("7", "FloatStorage", 12, size=(3, 2), stride=(2, 1), offset=4, legacy=legacy),
        columns=tensor("7", "FloatStorage", 12, size=(4, 3), stride=(1, 4), legacy=legacy),
        half=tensor("8", "HalfStorage", 4, size=(4,), stride=(1,), legacy=legacy),
        scalar=tensor("8", "HalfStorage", 4, size=(), stride=(), offset=3, legacy=legacy),
        empty=tensor("8", "HalfStorage", 4, size=(0, 3), stride=(3, 1), legacy=legacy),
    )


@pytest.fixture(params=["legacy", "zip"])
def write(request):
    return {"legacy": write_legacy, "zip": write_zip}[request.param]


def test_tensors_are_read(tmp_path, write):
    path = tmp_path / "net.pth"
    write(path, good_body(write is write_legacy), {"7": FLOATS, "8": HALVES})
    out = torch_pickle.read(path)
    assert list(out) == ["rows", "columns", "half", "scalar", "empty"]
    np.testing.assert_array_equal(out["rows"], FLOATS[4:10].reshape(3, 2))
    np.testing.assert_array_equal(out["columns"], FLOATS.reshape(3, 4).T)
    np.testing.assert_array_equal(out["half"], HALVES)
    assert out["scalar"] == HALVES[3] and out["empty"].shape == (0, 3)


def test_a_state_dict_inside_a_checkpoint_is_found(tmp_path, write):
    path = tmp_path / "net.pth"
    one = tensor("7", "FloatStorage", 12, size=(12,), stride=(1,), legacy=write is write_legacy)
    body = b"}(" + plain("epoch") + plain(3) + plain("state_dict") + state_dict(w=one) + b"u"
    write(path, body, {"7": FLOATS})
    np.testing.assert_array_equal(torch_pickle.read(path)["w"], FLOATS)


def test_every_truncation_is_reported(tmp_path, write):
    path = tmp_path / "net.pth"
    write(path, good_body(write is write_legacy), {"7": FLOATS, "8": HALVES})
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        archive = write is not write_legacy and length >= 4
        message = "damaged or truncated: a zip" if archive else r"net\.pth"
        with pytest.raises(UserError, match=message):
            torch_pickle.read(path)


@pytest.mark.parametrize(
    ("module", "attribute", "arguments"),
    [
        ("os", "system", ("touch {}",)),
        ("posix", "system", ("touch {}",)),
        ("builtins", "eval", ("open('{}', 'w')",)),
        ("builtins", "getattr", ("", "join")),
        ("torch._utils", "_rebuild_tensor_v2.__globals__", ()),
        ("torch.serialization", "load", ("{}",)),
        ("numpy", "load", ("{}",)),
    ],
)
def test_nothing_but_tensors_is_called(tmp_path, write, module, attribute, arguments):
    path, trace = tmp_path / "net.pth", tmp_path / "executed"
    arguments = tuple(argument.format(trace) for argument in arguments)
    call = name(module, attribute) + plain(arguments) + b"R"
    write(path, state_dict(w=call), {})
    with pytest.raises(UserError, match="refused, nothing of it was executed") as error:
        torch_pickle.read(path)
    assert f"{module}.{attribute}" in str(error.value) and not trace.exists()


HOSTILE = {
    "sets an attribute of a name": (
        name("torch._utils", "_rebuild_tensor_v2") + plain((None, {"__defaults__": (1,)})) + b"b"
    ),
    "fills the dict of a name": name("torch", "FloatStorage") + plain({"dtype": 1}) + b"b",
    "changes a storage type": name("torch", "FloatStorage") + plain((None, {"dtype": 1})) + b"b",
    "calls a storage type": name("torch", "FloatStorage") + b")R",
    "makes an object of a name": name("collections", "OrderedDict") + b")\x81",
    "overruns its storage": tensor("7", "FloatStorage", 12, size=(3,), stride=(9,)),
    "starts behind its storage": tensor("7", "FloatStorage", 12, size=(1,), stride=(1,), offset=12),
    "starts before its storage": tensor("7", "FloatStorage", 12, size=(1,), stride=(1,), offset=-1),
    "runs backwards": tensor("7", "FloatStorage", 12, size=(3,), stride=(-1,), offset=3),
    "expands to a giant": tensor("7", "FloatStorage", 12, size=(10**9,), stride=(0,)),
    "has a shape that is no shape": tensor("7", "FloatStorage", 12, size=("a",), stride=(1,)),
    "lies about its storage": tensor("7", "FloatStorage", 10**6, size=(1,), stride=(1,)),
    "has a storage that is none": plain("storage") + b"Q",
    "contains itself": b"}q\x00" + plain("w") + b"h\x00s",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_pickles_are_refused(tmp_path, what):
    path = tmp_path / "net.pth"
    storages = {"7": FLOATS} if b"FloatStorage" in HOSTILE[what] else {}
    write_legacy(path, state_dict(w=HOSTILE[what]), storages)
    with pytest.raises(UserError, match=r"net\.pth"):
        torch_pickle.read(path)
    write_legacy(path, good_body(True), {"7": FLOATS, "8": HALVES})  # the reader is unharmed
    assert len(torch_pickle.read(path)) == 5


def test_compressed_storages_are_refused(tmp_path):
    path = tmp_path / "net.pth"
    write_zip(path, good_body(False), {"7": FLOATS, "8": HALVES}, zipfile.ZIP_DEFLATED)
    with pytest.raises(UserError, match="compressed storage"):
        torch_pickle.read(path)


@pytest.mark.parametrize(
    ("body", "found"), [(plain([1, 2]), "list"), (plain({"a": 1}), "a"), (plain({}), "nothing")]
)
def test_a_file_without_tensors_is_named(tmp_path, write, body, found):
    path = tmp_path / "net.pth"
    write(path, body, {})
    with pytest.raises(UserError, match=f"no state dict.*found instead: {found}"):
        torch_pickle.read(path)


def test_other_files_are_named(tmp_path):
    path = tmp_path / "net.pth"
    path.write_bytes(pickle.dumps({"weights": 1}))
    with pytest.raises(UserError, match="wrong magic number"):
        torch_pickle.read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme", "hello")
    with pytest.raises(UserError, match=r"without PyTorch's data\.pkl"):
        torch_pickle.read(path)


LAUGHS = 60  # as tuples in tuples, 2**60 tensors


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"}r" + struct.pack("<I", 1 << 31), "holds no state dict"),  # a place in the memo
        (b"]q\0" + b"h\0h\0\x86q\0" * LAUGHS, "found instead: list"),
        (b"}N" + b"q\0" + b"h\0h\0\x86q\0" * LAUGHS + b"Ns", "other keys than text"),
        (b"\x8d" + struct.pack("<Q", 1 << 40), "truncated"),
        (b"\x8b" + struct.pack("<i", 1 << 30), "truncated"),
        (b"cposix\n" + b"x" * 10_000, "names posix.xxx"),
        (b"(" * 100_000, "corrupt, truncated"),
        (b"]q\0h\0a", "corrupt, truncated"),  # a list in itself
    ],
)
def test_pickles_that_would_take_memory_or_time_are_refused(tmp_path, write, body, text):
    path = tmp_path / "net.pth"
    write(path, body, {})
    began = time.process_time()
    with pytest.raises(UserError, match=text) as caught:
        torch_pickle.read(path)
    assert time.process_time() - began < 2 and len(str(caught.value)) < 600


def test_one_storage_does_not_make_endless_tensors(tmp_path, write):
    one = tensor("7", "FloatStorage", 300_000, size=(300_000,), stride=(1,))
    path = tmp_path / "net.pth"
    array = np.zeros(300_000, np.float32)
    write(path, state_dict(**{f"t{n}": one for n in range(3)}), {"7": array})
    assert len(torch_pickle.read(path)) == 3
    write(path, state_dict(**{f"t{n}": one for n in range(30)}), {"7": array})
    with pytest.raises(UserError, match="many times the size"):
        torch_pickle.read(path)
