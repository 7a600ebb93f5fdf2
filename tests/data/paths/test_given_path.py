"""A path that is no folder of videos is answered with what it is."""

import pathlib

import cv2
import numpy as np
import pytest

from vadjax import data
from vadjax.config import default_config
from vadjax.data.paths.given_path import given_path
from vadjax.errors import UserError


def check(name, folder):
    config = default_config()
    config.dataset.name, config.dataset.data_dir = name, str(folder)
    data.check(config.dataset, cache_dir="/nowhere")


@pytest.mark.parametrize("name", ["ucsd_ped2", "avenue", "umn", "folder"])
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("rtsp://me:secret@camera/1", r"rtsp://\*\*\*@camera/1 is the address of a stream"),
        ("a.zip", "a.zip is a packed archive: unpack it"),
        ("b.tar.gz", "packed archive"),
        ("nothing", "dataset.data_dir=.*nothing does not exist"),
    ],
)
def test_what_is_no_folder(tmp_path, monkeypatch, name, path, text):
    monkeypatch.chdir(tmp_path)
    for packed in ("a.zip", "b.tar.gz"):
        pathlib.Path(packed).write_bytes(b"PK")
    with pytest.raises(UserError, match=text) as caught:
        check(name, path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["ucsd_ped2", "avenue", "folder"])
def test_a_folder_that_holds_an_archive_alone(tmp_path, name):
    (tmp_path / "Avenue_Dataset.zip").write_bytes(b"PK")
    with pytest.raises(UserError, match=r"Unpack Avenue_Dataset.zip there first"):
        check(name, tmp_path)


def test_the_home_folder_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "videos").mkdir()
    assert given_path("~/videos", what="VIDEO") == tmp_path / "videos"


@pytest.mark.parametrize(
    ("asked", "size", "text"),
    [
        ("ucsd_ped2", (158, 238), "looks like UCSD Ped1: its frames are 238x158.*=ucsd_ped1"),
        ("ucsd_ped1", (240, 360), "looks like UCSD Ped2: its frames are 360x240.*=ucsd_ped2"),
        ("ucsd_ped2", (240, 360), None),
    ],
)
@pytest.mark.parametrize("layout", ["Train/Train001", "training/frames/01"])
def test_the_other_one_of_the_two_sets_is_recognised(tmp_path, asked, size, text, layout):
    (tmp_path / layout).mkdir(parents=True)
    cv2.imwrite(str(tmp_path / layout / "001.tif"), np.zeros(size, np.uint8))
    if text is None:
        return check(asked, tmp_path)
    with pytest.raises(UserError, match=text):
        check(asked, tmp_path)


def test_a_folder_of_labels_alone_is_recognised_by_its_name(tmp_path):
    (tmp_path / "UCSDped1/Test").mkdir(parents=True)
    with pytest.raises(UserError, match="looks like UCSD Ped1, by its names"):
        check("ucsd_ped2", tmp_path / "UCSDped1")
