"""`vadjax inspect --download-help` and `--verify`."""

import gzip
import hashlib

import numpy as np
import pytest

from tests.data import layouts
from vadjax import data
from vadjax.commands import inspect
from vadjax.data.builders import ucsd
from vadjax.data.builders.checksums import LENGTH, verify
from vadjax.data.builders.expected import Side
from vadjax.errors import UserError


@pytest.mark.parametrize("name", [n for n in data.DATASETS if data.builder(n).needs_data_dir])
def test_every_data_set_of_others_says_where_it_comes_from(name, capsys):
    if name in ("folder", "image_folder", "features"):  # one's own
        with pytest.raises(UserError, match="is not downloaded"):
            inspect.main(["--download-help", name])
        return
    inspect.main(["--download-help", name])
    told = capsys.readouterr().out
    for key in ("address:  http", "files:", "size:", "licence:", "checksum:", "folder to make:"):
        assert key in told, key
    assert f"check with: vadjax inspect {name} --data_dir=DIR" in told
    assert data.builder(name).download.address in data.builder(name).download.sentence()


@pytest.fixture
def ped2(tmp_path, monkeypatch):
    base = layouts.ucsd_official(
        tmp_path, "UCSDped2", train={1: 3}, test={1: 2}, intervals=[[(1, 2)]], masks=[1]
    )
    sides = {"train": Side(1, 3, (3,)), "test": Side(1, 2, (2,), {"official": (2,)})}
    monkeypatch.setattr(ucsd.UcsdPed2, "expected", sides)
    sums = {}
    for split in ("train", "test"):
        files = sorted((base / split.title()).glob(f"{split.title()}001/*.tif"))
        kept = [hashlib.sha256(path.read_bytes()).digest()[:LENGTH] for path in files]
        sums[f"UCSDped2_{split}"] = np.frombuffer(b"".join(kept), ">u8").astype("<u8")
    np.savez(tmp_path / "sums.npz", **sums)
    monkeypatch.setattr(ucsd, "_CHECKSUMS", tmp_path / "sums.npz")
    return base


def test_frames_are_compared(ped2, capsys):
    command = ["ucsd_ped2", f"--data_dir={ped2}", "--verify"]
    inspect.main(command)
    assert capsys.readouterr().out == "5 of 5 files are those of the official download\n"
    with (ped2 / "Train/Train001/002.tif").open("ab") as file:
        file.write(b"\0")
    (ped2 / "Test/Test001/001.tif").unlink()
    with pytest.raises(UserError, match="not all those of the official download"):
        inspect.main(command)
    assert capsys.readouterr().out.splitlines() == [
        "3 of 5 files are those of the official download",
        "1 have other contents: Train/Train001/002.tif",
        "1 are missing: Test/Test001/001.tif",
    ]


def test_what_cannot_be_verified(tmp_path, ped2):
    root = layouts.frames_layout(tmp_path / "ped2", train={1: 3}, test={1: 2})
    with pytest.raises(UserError, match=r"encoded again \(frames layout\); only the tif frames"):
        inspect.main(["ucsd_ped2", f"--data_dir={root}", "--verify"])
    layouts.write_video(tmp_path / "mine/a.avi", 3)
    layouts.write_video(tmp_path / "mine/b.avi", 3)
    with pytest.raises(UserError, match="no checksums of Videos of a folder are known"):
        inspect.main(["folder", f"--data_dir={tmp_path / 'mine'}", "--verify"])
    assert verify(tmp_path, {}).lines() == ["0 of 0 files are those of the official download"]


def test_the_checksums_are_those_of_the_official_list(real_data):
    """Of all 18,560 frames; the list was taken out of the Git-LFS pointers of a copy."""
    path = real_data / "data/UCSD_Anomaly_Dataset.v1p2/official_tif_sha256_size.txt.gz"
    with gzip.open(path, "rt") as file:
        rows = [line.split() for line in file]
    listed = {name.split("/", 1)[1]: bytes.fromhex(digest)[:LENGTH] for digest, _, name in rows}
    ours = {}
    for cls in (ucsd.UcsdPed1, ucsd.UcsdPed2):
        builder = object.__new__(cls)
        builder.layout, builder.base = "official", None
        ours |= {f"{cls.archive_folder}/{n}": value for n, value in builder.checksums()[1].items()}
    assert len(ours) == 18560 and ours == listed
