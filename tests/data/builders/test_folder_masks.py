"""Masks beside one's own videos, in the forms in which people have them."""

import cv2
import numpy as np
import pytest

from tests.data import layouts
from tests.data.builders.named import load, whats
from vadjax.errors import UserError

H, W = layouts.HEIGHT, layouts.WIDTH  # 24 x 36


@pytest.fixture
def root(tmp_path):
    """A training clip, a test clip of six images and a test video of five frames."""
    root = tmp_path / "camera"
    layouts.write_images(root / "train/a", 4, suffix=".png")
    layouts.write_images(root / "test/gate", 6, suffix=".png", first=1)
    layouts.write_video(root / "test/door.avi", 5)
    return root


def square(value=255, *, height=H, width=W, dtype=np.uint8):
    """The left upper quarter is abnormal."""
    mask = np.zeros((height, width), dtype)
    mask[: height // 2, : width // 2] = value
    return mask


def write(path, mask):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), mask)


def opened(root, tmp_path, **more):
    dataset = load("folder", root, tmp_path / "cache", **more)
    return dataset, {video.id: video for video in dataset.test}


@pytest.mark.parametrize("value", [255, 1, 200])
@pytest.mark.parametrize("end", [".png", "_mask.png", ".bmp"])
def test_masks_by_the_names_of_frames(tmp_path, root, value, end):
    write(root / f"masks/test/gate/003{end}", square(value))
    write(root / f"masks/test/gate/004{end}", square(0))
    dataset, videos = opened(root, tmp_path)
    gate = videos["test/gate"]
    assert dataset.label_version == "masks" and dataset.metadata["masks"] == "1 of 2 test clips"
    assert gate.labels.tolist() == [0, 0, 1, 0, 0, 0]
    np.testing.assert_array_equal(gate.masks[2], square(1))
    assert gate.masks[0].shape == (H, W) and not gate.masks[0].any()
    assert not videos["test/door"].labels.any() and videos["test/door"].masks is None


def test_soft_edges_and_other_sizes(tmp_path, root):
    large = cv2.GaussianBlur(square(255, height=4 * H, width=4 * W), (0, 0), 3)
    assert len(np.unique(large)) > 20
    write(root / "masks/gate/001.png", large)
    write(root / "masks/gate/002.png", square(255, height=H // 2, width=W // 2))
    _, videos = opened(root, tmp_path)
    for number in range(2):
        mask = videos["test/gate"].masks[number]
        assert mask.shape == (H, W) and set(np.unique(mask)) == {0, 1}
        np.testing.assert_array_equal(mask, square(1))


def test_numbered_objects_are_all_abnormal(tmp_path, root):
    mask = square(1)
    mask[-3:, -3:] = 7
    write(root / "masks/gate/001.png", mask)
    _, videos = opened(root, tmp_path)
    np.testing.assert_array_equal(videos["test/gate"].masks[0], mask > 0)


@pytest.mark.parametrize("dtype", [np.uint8, bool, np.float32])
def test_an_array_of_masks(tmp_path, root, dtype):
    masks = np.zeros((5, H, W), dtype)
    masks[1] = square(1, dtype=dtype)
    (root / "masks").mkdir()
    np.save(root / "masks/door.npy", masks)
    _, videos = opened(root, tmp_path)
    assert videos["test/door"].labels.tolist() == [0, 1, 0, 0, 0]
    np.testing.assert_array_equal(videos["test/door"].masks[1], square(1))
    np.save(root / "masks/door.npy", masks[:4])
    with pytest.raises(UserError, match=r"door\.npy holds 4 masks for a clip of 5 frames"):
        opened(root, tmp_path)


def test_masks_of_a_video(tmp_path, root):
    """By their numbers from 0, or in order where there are as many as frames."""
    write(root / "masks/door/2.png", square())
    assert opened(root, tmp_path)[1]["test/door"].labels.tolist() == [0, 0, 1, 0, 0]
    for number in range(2, 7):
        write(root / f"masks/door/{number}.png", square(255 * (number == 6)))
    assert opened(root, tmp_path)[1]["test/door"].labels.tolist() == [0, 0, 0, 0, 1]
    for number in range(2, 5):
        (root / f"masks/door/{number}.png").unlink()
    with pytest.raises(
        UserError, match=r"door: 5\.png, 6\.png are no masks of one of the 5 frames"
    ):
        opened(root, tmp_path)


def test_labels_of_frames_go_before(tmp_path, root):
    write(root / "masks/gate/003.png", square())
    (root / "labels.csv").write_text("video,start,stop\ngate,2,4\n")
    dataset, videos = opened(root, tmp_path)
    assert dataset.label_version == "labels.csv"
    assert videos["test/gate"].labels.tolist() == [0, 0, 1, 1, 0, 0]
    assert "labels.csv and masks/ disagree on frames of test/gate (1)" in whats(dataset)
    assert videos["test/gate"].masks[2].any() and not videos["test/gate"].masks[3].any()


def test_masks_elsewhere_and_faults(tmp_path, root):
    write(tmp_path / "elsewhere/gate/003.png", square())
    dataset, videos = opened(root, tmp_path, masks_dir=str(tmp_path / "elsewhere"))
    assert videos["test/gate"].labels.tolist() == [0, 0, 1, 0, 0, 0]
    assert not dataset.deviations
    write(tmp_path / "elsewhere/gate/009.png", square())
    with pytest.raises(UserError, match=r"gate: 009\.png is no mask of one of the 6 frames"):
        opened(root, tmp_path, masks_dir=str(tmp_path / "elsewhere"))
    write(root / "masks/other/001.png", square())
    with pytest.raises(UserError, match=r"masks holds no masks of a clip: wanted .*test/door"):
        opened(root, tmp_path, masks_dir=str(root / "masks"))
    dataset, _ = opened(root, tmp_path)
    assert dataset.label_version == "unlabelled"
    assert whats(dataset) == ["left out: folders beside train/ and test/ (1), such as masks/"]
    write(root / "masks/gate/001.png", square())
    write(root / "masks/test/gate/001.png", square())
    with pytest.raises(UserError, match="test/gate has masks in"):
        opened(root, tmp_path)
