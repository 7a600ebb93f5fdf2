import pytest

from tests.data import layouts
from vadjax.data.paths import files
from vadjax.errors import UserError


@pytest.mark.parametrize(
    "name", [".DS_Store", "._001.tif", "._UCSDped2.m", "UCSDped2.m~", "Thumbs.db", ".git"]
)
def test_strays(name):
    assert files.is_stray(name)
    assert not files.is_stray("001.tif")


def test_entries_leave_out_strays_and_ground_truth(tmp_path):
    for name in ("Test2", "Test10", "Test10_gt"):
        (tmp_path / name).mkdir()
    layouts.strew(tmp_path)
    assert [p.name for p in files.entries(tmp_path)] == ["Test2", "Test10"]


def test_an_image_folder_of_two_kinds_is_refused(tmp_path):
    layouts.write_images(tmp_path, 3)
    (tmp_path / "notes.txt").write_text("not a frame")
    assert len(files.images(tmp_path)) == 3
    layouts.write_images(tmp_path, 1, suffix=".png", first=9)
    with pytest.raises(UserError, match=r"mixes kinds of image \(1 \.png, 3 \.tif\)"):
        files.images(tmp_path)


def test_listing_sees_changes_but_no_strays(tmp_path):
    paths = layouts.write_images(tmp_path / "a" / "b", 2)
    before = list(files.listing([tmp_path, paths[0]]))
    assert [name for name, *_ in before] == ["0:a/b/001.tif", "0:a/b/002.tif", "1:001.tif"]
    layouts.strew(tmp_path)
    assert list(files.listing([tmp_path, paths[0]])) == before
    paths[1].write_bytes(b"repaired")
    assert list(files.listing([tmp_path, paths[0]])) != before


def test_folders_that_are_not_there(tmp_path):
    (tmp_path / "ped2").mkdir()
    with pytest.raises(UserError, match=r"data_dir is not set; give --config.data_dir=FOLDER"):
        files.existing_folder("", key="data_dir")
    with pytest.raises(UserError, match=r"does not exist. Did you mean .*/ped2\?"):
        files.existing_folder(tmp_path / "pedd2" / "Test", key="data_dir")
    with pytest.raises(UserError, match=r"does not exist\. .* holds ped2/"):
        files.existing_folder(tmp_path / "quux", key="data_dir")
    (tmp_path / "ped2" / ".DS_Store").touch()
    with pytest.raises(UserError, match="is empty"):
        files.existing_folder(tmp_path / "ped2", key="data_dir")
    (tmp_path / "a.zip").touch()
    with pytest.raises(UserError, match="is a file; wanted the folder"):
        files.existing_folder(tmp_path / "a.zip", key="data_dir")
