"""The annotated film: what it shows, and that it can be read again at its rate."""

import cv2
import numpy as np
import pytest

from vadjax.explain import film

SCORES = np.array([0.1, 0.2, 0.9, 1.5, 0.3, 0.2], np.float32)
LABELS = np.array([0, 0, 1, 1, 0, 0], np.uint8)


def made(shape=(60, 80), **changes) -> list[np.ndarray]:
    frames = np.full((len(SCORES), *shape), 100, np.uint8)
    settings = {"labels": LABELS, "threshold": 0.8, "fps": 10.0, "scale": (0.0, 2.0), **changes}
    return list(film.annotate(frames, SCORES, **settings))


def has(image: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((image == colour).all(2).any())


def words(image: np.ndarray) -> np.ndarray:
    height = film.WORDS + film.GAUGE + film.CURVE
    return image[-height : -height + film.WORDS]


@pytest.mark.parametrize(
    ("shape", "size"),
    [((60, 80), (320, 240)), ((240, 360), (360, 240)), ((1080, 1920, 3), (480, 270))],
)
def test_sizes_are_even_and_bounded(shape, size):
    image = made(shape)[0]
    assert image.shape == (size[1] + film.WORDS + film.GAUGE + film.CURVE, size[0], 3)
    assert not any(n % 2 for n in image.shape[:2])


def test_alarm_and_truth_are_said_in_words():
    images = made()
    assert [has(words(image), film.ACCENT) for image in images] == (SCORES >= 0.8).tolist()
    plain = made(labels=np.zeros(6, np.uint8))
    told = [not np.array_equal(words(a), words(b)) for a, b in zip(images, plain, strict=True)]
    assert told == (LABELS == 1).tolist()


def test_the_bar_is_as_long_as_the_score():
    for image, score in zip(made(threshold=None), SCORES, strict=True):
        bar = image[-(film.GAUGE // 2) - film.CURVE]
        assert (bar == film.SOFT).all(1).sum() == round(320 * score / 2)


def test_the_truth_is_hatched_and_the_cursor_moves():
    first, last = (image[-film.CURVE :] for image in (made()[0], made()[-1]))
    assert has(first[:, 320 * 2 // 6 + 2 : 320 * 4 // 6 - 2], film.HATCH)
    assert not has(first[:, 60:90], film.HATCH)
    ink = [(part == film.INK).all(2).sum(0) for part in (first, last)]
    assert [int(np.argmax(columns)) // 53 for columns in ink] == [0, 5]


def test_maps_and_masks_are_drawn_where_they_are():
    heat, mask = np.zeros((6, 60, 80), np.float32), np.zeros((6, 60, 80), np.uint8)
    heat[2, 10:30, 10:30] = 1
    mask[3, 30:50, 40:70] = 1
    changed = [bool((image[:240] != 100).any()) for image in made(heats=heat, masks=mask)]
    assert changed == [False, False, True, True, False, False]


def test_scores_of_one_value_and_a_video_of_one_frame():
    one = film.annotate(np.zeros((1, 60, 80), np.uint8), np.ones(1), scale=(1.0, 1.0))
    assert len(list(one)) == 1


@pytest.mark.parametrize("fps", [10.0, 29.97, None])
def test_a_film_reads_back_at_its_rate(tmp_path, fps, capfd):
    images = made()
    assert film.write_webm(tmp_path / "a.webm", images, fps=fps) == 6
    capture = cv2.VideoCapture(str(tmp_path / "a.webm"))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(fps or film.DEFAULT_FPS, rel=1e-3)
    read, times = [], []
    while (got := capture.read())[0]:
        read.append(got[1][..., ::-1])
        times.append(capture.get(cv2.CAP_PROP_POS_MSEC))
    np.testing.assert_allclose(times, np.arange(6) * 1000 / (fps or 10), atol=1)
    assert np.abs(read[3].astype(int) - images[3]).mean() < 6
    assert capfd.readouterr().err == ""  # OpenCV's remark is kept back


def test_what_cannot_be_written_is_told(tmp_path):
    with pytest.raises(OSError, match="no film could be written"):
        film.write_webm(tmp_path / "a.webm", [], fps=1)
    with pytest.raises(OSError, match="cannot write a film"):
        film.write_webm(tmp_path / "none" / "a.webm", made(), fps=1)
