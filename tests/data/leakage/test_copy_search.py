"""Copies of clips, equal and altered, and what is no copy though it looks alike."""

import pathlib

import cv2
import numpy as np
import pytest

from vadjax.data.frames.content import measure_content
from vadjax.data.leakage.copy_keys import motion_keys
from vadjax.data.leakage.copy_search import Copy, find_copies

WIDTH, HEIGHT = 192, 128


def scene(seed=0):
    """Return the backdrop of a fixed camera, uint8 [h, w, 3]."""
    noise = np.random.default_rng(seed).integers(0, 256, (8, 12, 3), np.uint8)
    return cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


def clip(seed, num_frames=80, walkers=5, backdrop=None):
    """Return uint8 [t, h, w, 3]: people walk before a backdrop, with a camera's noise."""
    rng = np.random.default_rng(seed)
    backdrop = scene() if backdrop is None else backdrop
    frames = np.repeat(backdrop[None], num_frames, 0)
    start, speed = rng.uniform(0, 1, (walkers, 2)), rng.uniform(-3, 3, (walkers, 2))
    grey, begin = rng.integers(0, 256, walkers), rng.integers(-60, 60, walkers)
    for t, frame in enumerate(frames):
        for (x, y), (dx, dy), level, first in zip(start, speed, grey, begin, strict=True):
            left = int(x * WIDTH + dx * (t - first)) % WIDTH
            top = int(y * HEIGHT + 0.3 * dy * (t - first)) % HEIGHT
            frame[top : top + 30, left : left + 12] = level
    noise = rng.integers(-3, 4, frames.shape)
    return np.clip(frames + noise, 0, 255).astype(np.uint8)


def found(test, **used):
    tests = {"test": measure_content(test)}
    return find_copies(tests, {name: measure_content(c) for name, c in used.items()})


def encoded(frames, folder: pathlib.Path, codec: str, **options):
    """Encode frames to a file and decode it."""
    av = pytest.importorskip("av")
    path = folder / ("clip.mp4" if codec == "libx264" else "clip.avi")
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=10)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p" if codec == "libx264" else "yuvj420p"
        stream.options = options
        for frame in frames:
            for packet in stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    with av.open(str(path)) as file:
        return np.stack([f.to_ndarray(format="rgb24") for f in file.decode(video=0)])


def resized(frames, size):
    return np.stack([cv2.resize(f, size, interpolation=cv2.INTER_AREA) for f in frames])


def test_an_equal_clip_is_found_with_its_frames():
    frames = clip(1)
    assert found(frames, a=clip(2), b=frames) == [Copy("test", 0, 80, "b", 0, "equal", 1.0)]


def test_a_shifted_and_a_trimmed_one_too():
    frames, other = clip(1), clip(2)
    assert found(frames[3:], a=frames) == [Copy("test", 0, 77, "a", 3, "equal", 1.0)]
    assert found(frames, a=frames[5:]) == [Copy("test", 5, 80, "a", 0, "equal", 1.0)]
    inside = np.concatenate([other[:30], frames[20:32], other[30:50]])
    assert found(inside, a=frames) == [Copy("test", 30, 42, "a", 20, "equal", 1.0)]


@pytest.mark.parametrize(
    ("codec", "options"),
    [("libx264", {"crf": "23"}), ("libx264", {"crf": "33"}), ("mjpeg", {"qmin": "8", "qmax": "8"})],
)
@pytest.mark.parametrize("shift", [0, 7])
def test_a_clip_that_was_encoded_again_is_found(codec, options, shift, tmp_path):
    frames = clip(1)
    [copy] = found(encoded(frames[shift:], tmp_path, codec, **options), a=clip(2), b=frames)
    assert (copy.other, copy.other_start - copy.start, copy.kind) == ("b", shift, "altered")
    assert copy.stop - copy.start >= 70 and copy.score > 0.9


@pytest.mark.parametrize(
    "alter",
    [
        lambda f: resized(f, (96, 64)),
        lambda f: resized(f, (128, 128)),
        lambda f: np.clip(f.astype(int) + 40, 0, 255).astype(np.uint8),
        lambda f: (f * 0.6).astype(np.uint8),
        lambda f: (255 * (f / 255) ** 1.6).astype(np.uint8),
        lambda f: f.mean(-1).astype(np.uint8),
    ],
    ids=["half", "another aspect", "brighter", "darker", "gamma", "grey"],
)
def test_a_resized_or_brighter_one_is_found(alter):
    frames = clip(1)
    [copy] = found(alter(frames)[10:60], a=clip(2), b=frames, c=clip(3))
    assert (copy.other, copy.other_start - copy.start, copy.kind) == ("b", 10, "altered")
    assert copy.stop - copy.start >= 40


def test_clips_of_a_fixed_camera_are_no_copies():
    clips = {str(seed): clip(seed) for seed in range(12)}
    rows = {name: measure_content(frames) for name, frames in clips.items()}
    assert find_copies(rows, rows) == []


def test_still_frames_and_fades_are_no_copies():
    """Equal frames in two clips: a drawn still scene, a black lead-in."""
    still = np.repeat(scene()[None], 60, 0)
    assert found(still, a=still[:40]) == []
    black = np.zeros((30, HEIGHT, WIDTH, 3), np.uint8)
    lead = [np.concatenate([black, clip(seed)]) for seed in (1, 2)]
    assert found(lead[0], a=lead[1]) == []


def test_a_still_clip_with_noise_is_no_copy_of_another():
    assert found(clip(1, walkers=0), a=clip(2, walkers=0)) == []


def test_a_light_that_is_switched_on_in_both_is_no_copy():
    def lit(seed):
        frames = clip(seed, walkers=0).astype(np.float32)
        frames[40:] *= np.linspace(0.4, 1.0, WIDTH)[:, None]
        return frames.astype(np.uint8)

    assert found(lit(1), a=lit(2)) == []


def test_a_lamp_that_blinks_in_both_is_no_copy():
    """Few different pictures that are equal to the bit, as of a camera without noise."""
    dark, lit = scene(), scene()
    lit[40:60, 80:100] = 255
    blinking = np.stack([dark, lit] * 10)
    other = np.concatenate([clip(2, 40), blinking])
    assert found(np.concatenate([clip(1, 40), blinking]), a=other) == []


def test_lamps_that_change_alike_in_both_are_no_copy():
    """Most of the change is two patterns with the same course; other people walk in each clip."""
    course = np.random.default_rng(5).integers(-100, 101, (80, 2, 1, 1, 1))

    def lit(seed):
        frames = clip(seed, walkers=2, backdrop=np.full_like(scene(), 128)).astype(int)
        for lamp, left in enumerate((36, 132)):
            frames[:, 40:64, left : left + 36] += course[:, lamp] * 6 // 10
            frames[:, 48:56, left + 12 : left + 24] += course[:, lamp] * 4 // 10
        return frames.clip(0, 255).astype(np.uint8)

    assert found(lit(1), a=lit(2)) == []


def test_a_machine_that_repeats_its_movement_is_no_copy():
    """Each clip shows the same movement again and again; only the noise differs."""

    def machine(seed):
        rng = np.random.default_rng(seed)
        cycle = clip(100, 20, walkers=6).astype(int)
        frames = np.concatenate([cycle] * 5)
        return np.clip(frames + rng.integers(-3, 4, frames.shape), 0, 255).astype(np.uint8)

    assert found(machine(1), a=machine(2)) == []


def test_a_clip_is_not_compared_with_itself():
    rows = {"a": measure_content(clip(1)), "b": measure_content(clip(2))}
    assert find_copies(rows, rows) == []


@pytest.mark.parametrize("num_frames", [0, 1, 5, 16])
def test_clips_too_short_to_compare_are_no_error(num_frames):
    frames = clip(1)
    short = measure_content(frames[:num_frames])
    assert find_copies({"t": short}, {"a": measure_content(clip(2))}) == []
    assert find_copies({"t": measure_content(frames)}, {"a": short}) in (
        [],
        [Copy("t", 0, num_frames, "a", 0, "equal", 1.0)],
    )
    assert find_copies({}, {"a": short}) == find_copies({"a": short}, {}) == []


def test_equal_images_are_copies_unless_they_are_blank():
    """A data set of images has clips of one frame each."""
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 256, (2, 1, 60, 80), dtype=np.uint8)
    blank = np.full((1, 60, 80), 90, np.uint8)
    used = {"train/a": other, "train/b": one, "train/blank": blank}
    tests = {"test/x": one, "test/y": one + 1, "test/blank": blank}
    found = find_copies(
        {name: measure_content(frames) for name, frames in tests.items()},
        {name: measure_content(frames) for name, frames in used.items()},
    )
    assert found == [Copy("test/x", 0, 1, "train/b", 0, "equal", 1.0)]


def negative(frames):
    return 255 - frames


def cropped(frames, top=0.12, left=0.07, share=0.8):
    rows = slice(round(top * HEIGHT), round((top + share) * HEIGHT))
    columns = slice(round(left * WIDTH), round((left + share) * WIDTH))
    return resized(frames[:, rows, columns], (WIDTH, HEIGHT))


@pytest.mark.parametrize(
    ("kind", "alter", "speed"),
    [
        ("mirrored", lambda frames: frames[:, :, ::-1], 1.0),
        ("upside down", lambda frames: frames[:, ::-1], 1.0),
        ("turned", lambda frames: frames[:, ::-1, ::-1], 1.0),
        ("negative", negative, 1.0),
        ("altered", lambda frames: frames[..., ::-1], 1.0),  # another colour
        ("sped up", lambda frames: frames[::2], 2.0),
        ("sped up", lambda frames: frames[np.arange(0, len(frames), 1.5).astype(int)], 1.5),
        ("slowed down", lambda frames: np.repeat(frames, 2, 0), 0.5),
    ],
)
def test_a_changed_copy_is_found_with_its_frames(kind, alter, speed):
    frames = clip(1, num_frames=120)
    [copy] = found(np.ascontiguousarray(alter(frames)), a=clip(2), b=frames)
    assert (copy.kind, copy.other, copy.speed) == (kind, "b", speed)
    assert (copy.start, copy.other_start) == (0, 0) and copy.score > 0.9
    assert copy.stop >= round(0.95 * 120 / speed)
    at = copy.others()
    truth = np.arange(len(at)) * speed
    assert np.abs(at - truth).max() <= 1


def test_a_copy_that_plays_backwards():
    frames = clip(1)
    [copy] = found(np.ascontiguousarray(frames[::-1]), a=clip(2), b=frames)
    assert copy.kind == "backwards"
    np.testing.assert_array_equal(copy.others(), 79 - np.arange(copy.start, copy.stop))


def test_a_cropped_copy_is_found_in_either_direction():
    frames = clip(1, num_frames=120, walkers=9)
    part = cropped(frames)
    [copy] = found(part[10:], a=clip(2), b=frames)
    assert (copy.kind, copy.other) == ("cropped", "b")
    assert abs(copy.other_start - copy.start - 10) <= 2 and copy.stop - copy.start >= 100
    [copy] = found(frames, a=clip(2), b=part[10:])
    assert copy.kind == "cropped" and abs(copy.start - copy.other_start - 10) <= 2


def test_long_clips_are_searched_in_pieces(monkeypatch):
    """As if clips of more than 60 frames were long; the copy lies in several pieces of both."""
    for name, frames in (("UNCUT", 60), ("PART", 50), ("WHOLE", 130), ("AT_ONCE", 2)):
        monkeypatch.setattr(f"vadjax.data.leakage.crop_search.{name}", frames)
    frames = clip(1, num_frames=300, walkers=9)
    part = cropped(frames)[20:280]
    [copy] = found(part, a=clip(2), b=frames)
    assert (copy.kind, copy.other) == ("cropped", "b")
    assert abs(copy.other_start - copy.start - 20) <= 2 and copy.stop - copy.start >= 200
    [copy] = found(frames, a=clip(2), b=part)
    assert copy.kind == "cropped" and abs(copy.start - copy.other_start - 20) <= 2
    assert copy.stop - copy.start >= 200
    clips = {str(n): cropped(clip(n, num_frames=200), 0.02 * n, 0.01 * n, 0.8) for n in range(3)}
    content = {name: measure_content(frames) for name, frames in clips.items()}
    assert find_copies(content, content) == []


def test_keys_of_blocks_are_those_of_the_whole(monkeypatch):
    rows = measure_content(clip(1, num_frames=90))
    whole = motion_keys(rows)
    assert len(whole[0])
    for block in (7, 20, 83, 84):
        monkeypatch.setattr("vadjax.data.leakage.copy_keys.BLOCK", block)
        for own, other in zip(motion_keys(rows), whole, strict=True):
            np.testing.assert_array_equal(own, other)


def test_different_crops_of_one_camera_are_no_copies():
    clips = {str(n): cropped(clip(n), 0.02 * n, 0.01 * n, 0.8) for n in range(6)}
    content = {name: measure_content(frames) for name, frames in clips.items()}
    assert find_copies(content, content) == []
