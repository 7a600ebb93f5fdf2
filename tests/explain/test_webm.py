"""A film can be read again, and each of its images is shown when it was seen."""

import cv2
import numpy as np
import pytest

from vadjax.explain.webm import DEFAULT_FPS, write_webm

IMAGES = [np.full((48, 64, 3), 30 * n, np.uint8) for n in range(1, 7)]
UNEVEN = np.array([0.0, 0.033, 0.067, 0.5, 0.7, 2.2, 2.4])  # seconds


def read(path) -> tuple[list[np.ndarray], list[float]]:
    """Read a film by OpenCV: images and seconds."""
    capture, images, times = cv2.VideoCapture(str(path)), [], []
    while (pair := capture.read())[0]:
        images.append(pair[1][..., ::-1])
        times.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    return images, times


@pytest.mark.parametrize("edges", [np.arange(7) / 10, np.arange(7) / 29.97, UNEVEN, None])
@pytest.mark.parametrize("name", ["a.webm", "2024-11-01T12:30:05.webm.part"])
def test_a_film_plays_at_its_times(tmp_path, edges, name):
    assert write_webm(tmp_path / name, IMAGES, edges=edges) == 6
    images, times = read(tmp_path / name)
    wanted = np.arange(7) / DEFAULT_FPS if edges is None else edges
    np.testing.assert_allclose(times, wanted[:6], atol=1e-3)
    assert np.abs(np.array(images, int) - IMAGES).max() < 12


def test_an_even_film_says_its_rate(tmp_path):
    write_webm(tmp_path / "a.webm", IMAGES, edges=np.arange(7) / 29.97)
    capture = cv2.VideoCapture(str(tmp_path / "a.webm"))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(29.97, rel=1e-3)


def test_frames_of_one_time_are_all_kept(tmp_path):
    write_webm(tmp_path / "a.webm", IMAGES, edges=np.zeros(7))
    assert len(read(tmp_path / "a.webm")[0]) == 6


def test_what_cannot_be_written_is_told(tmp_path):
    with pytest.raises(OSError, match="no film could be written"):
        write_webm(tmp_path / "a.webm", [], edges=None)
    with pytest.raises(OSError, match=r"no film could be written.*No such file"):
        write_webm(tmp_path / "none" / "a.webm", IMAGES, edges=None)
