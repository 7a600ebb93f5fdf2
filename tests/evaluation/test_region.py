"""Region metrics against a direct reading of their definitions, by hand and by their habits."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from vadjax.errors import UserError
from vadjax.evaluation import levels, rbdc, regions, tracks
from vadjax.evaluation.pixel import pixel_score
from vadjax.evaluation.region import region_metrics


def slow_boxes(mask):
    """(x, y, x end, y end) of each part, by scipy."""
    parts, _ = ndimage.label(mask, structure=np.ones((3, 3)))
    return [
        (x.start, y.start, x.stop, y.stop) for y, x in ndimage.find_objects(parts) if y is not None
    ]


def slow_iou(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    sizes = [(x[2] - x[0]) * (x[3] - x[1]) for x in (a, b)]
    return both / (sum(sizes) - both)


def slow_area(points):
    """Integrate best-so-far over false positives per frame, segment by segment."""
    points, total, best = [(0.0, 0.0), *sorted(points)], 0.0, 0.0
    for (x, _), (after, rate) in itertools.pairwise(points):
        rising = max(best, rate)
        if x < 1:
            stop = min(after, 1.0)
            share = (stop - x) / (after - x) if after > x else 0
            total += (stop - x) * (best + best + share * (rising - best)) / 2
        best = rising
    return total + max(0.0, 1 - points[-1][0]) * best


def slow(maps, masks, truths, alpha=0.1, beta=0.1):
    """RBDC and TBDC, a threshold at a time, as the definition reads."""
    values = np.unique(np.concatenate([np.ravel(m) for m in maps.values()]))[::-1]
    num_frames = sum(len(m) for m in maps.values())
    by_region, by_track = [], []
    for threshold in values:
        false, hits, sizes = 0, {}, {}
        for video, heats in maps.items():
            for heat, boxes, numbers in zip(
                heats, truths[video].boxes, truths[video].tracks, strict=True
            ):
                found = slow_boxes(heat >= threshold)
                true = [(x, y, x + w, y + h) for x, y, w, h in boxes]
                false += sum(all(slow_iou(d, g) < beta for g in true) for d in found)
                for box, number in zip(true, numbers, strict=True):
                    key = video, int(number)
                    sizes[key] = sizes.get(key, 0) + 1
                    hit = any(slow_iou(d, box) >= beta for d in found)
                    hits[key] = hits.get(key, 0) + hit
        by_region.append((false / num_frames, sum(hits.values()) / sum(sizes.values())))
        tracked = sum(hits[key] >= alpha * sizes[key] for key in sizes)
        by_track.append((false / num_frames, tracked / len(sizes)))
    return slow_area(by_region), slow_area(by_track)


@st.composite
def cases(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    maps, masks = {}, {}
    for video in range(draw(st.integers(1, 3))):
        num, size = rng.integers(1, 5), (9, 12)
        noise = ndimage.uniform_filter(rng.random((num, *size)), (1, 3, 3))
        masks[video] = (noise > np.quantile(noise, 0.85)).astype(np.uint8)
        heat = ndimage.uniform_filter(rng.random((num, *size)) + 0.3 * masks[video], (1, 2, 2))
        maps[video] = np.round(heat * draw(st.sampled_from([4, 15]))).astype(np.float32)
    return maps, masks


@settings(deadline=None, max_examples=25)
@given(cases(), st.sampled_from([(0.1, 0.1), (0.5, 0.3)]))
def test_the_sweep_gives_what_the_definition_says(case, limits):
    maps, masks = case
    alpha, beta = limits
    found, reasons = region_metrics(maps, masks, alpha=alpha, beta=beta, min_area=1)
    truths = {video: tracks.from_masks(mask) for video, mask in masks.items()}
    expected = slow(maps, masks, truths, alpha, beta)
    assert (found["rbdc"], found["tbdc"]) == pytest.approx(expected, abs=1e-9)
    assert found["regions"] == sum(len(slow_boxes(m)) for each in masks.values() for m in each)
    whole = region_metrics(dict(reversed(maps.items())), masks, alpha=alpha, beta=beta, min_area=1)
    assert whole[0] == pytest.approx(found) and whole[1] == reasons  # the order of videos


@settings(deadline=None, max_examples=25)
@given(cases())
def test_pixel_level_counts_frames_by_the_rule_of_two_fifths(case):
    maps, masks = case
    heats, truth = np.concatenate(list(maps.values())), np.concatenate(list(masks.values()))
    scores = [pixel_score(heat, mask) for heat, mask in zip(heats, truth, strict=True)]
    for threshold in np.unique(heats):
        fired = heats >= threshold
        for frame, (hit, mask) in enumerate(zip(fired, truth, strict=True)):
            enough = hit[mask > 0].sum() * 5 >= 2 * mask.sum() if mask.any() else hit.any()
            assert enough == (scores[frame] >= threshold)


def test_a_case_by_hand():
    """Two frames, one region each, of one track; one false region between the two true ones."""
    mask = np.zeros((8, 20), np.uint8)
    mask[2:5, 2:5] = 1
    first, second = mask * 0.9, mask * 0.3
    first[2:5, 12:15] = 0.5
    maps = {"a": np.float32([first, second])}
    found, _ = region_metrics(maps, {"a": np.stack([mask, mask])}, alpha=0.6, min_area=1)
    # From .9: half the regions; from .5: half a false one a frame; from .3: both, and the track.
    # From 0 both frames fire as a whole: one false a frame, no region.
    assert found["rbdc"] == pytest.approx(0.5 * 0.5 + 0.5 * 1)
    assert found["tbdc"] == pytest.approx(0.5 * 0 + 0.5 * 1)
    assert (found["regions"], found["num_tracks"], found["tracks"]) == (2, 1, "derived")
    assert region_metrics(maps, {"a": np.stack([mask, mask])}, min_area=10)[0]["rbdc"] == 0


def scene(seed=0, num=6):
    rng = np.random.default_rng(seed)
    masks = np.zeros((num, 24, 32), np.uint8)
    for t in range(2, num):
        masks[t, 5:12, 4 + t : 12 + t] = 1
    return rng, masks


def test_perfect_reversed_and_constant_maps():
    _, masks = scene()
    perfect, _ = region_metrics({"a": masks}, {"a": masks})
    assert [perfect[k] for k in ("pixel_auc", "pixel_eer", "rbdc", "tbdc")] == [1, 0, 1, 1]
    constant, _ = region_metrics({"a": np.ones(masks.shape)}, {"a": masks})
    assert constant["pixel_auc"] == constant["pixel_auc_full_frame"] == 0.5
    assert constant["rbdc"] == 0  # the whole frame fires, an IoU of .07
    reverse, _ = region_metrics({"a": 1 - masks}, {"a": masks})
    assert reverse["pixel_auc"] == 0 and reverse["pixel_auc_full_frame"] == 0.5


def test_full_frame_control_is_the_frame_level_auc_of_the_maximum():
    rng, masks = scene()
    heat = rng.random(masks.shape).astype(np.float32)
    found, _ = region_metrics({"a": heat}, {"a": masks})
    spread = np.broadcast_to(heat.max((1, 2), keepdims=True), heat.shape)
    control, _ = region_metrics({"a": spread}, {"a": masks})
    assert found["pixel_auc_full_frame"] == control["pixel_auc"] >= found["pixel_auc"]


def test_large_maps_are_read_at_every_nth_pixel():
    heat = np.zeros((500, 700), np.float32)
    heat[101:200, 303:351] = 1
    cut = regions.cut(heat, np.array([1.0, 0.0]), min_area=10)
    step = math.ceil((heat.size / regions.MAX_CELLS) ** 0.5)
    assert np.abs(cut.boxes[0] - [303, 101, 48, 99]).max() < step
    assert cut.boxes[1].tolist() == [0, 0, 700, 500]


def test_own_levels_have_growing_areas():
    heat = np.random.default_rng(0).random((100, 100)).astype(np.float32)
    areas = [(heat >= level).sum() for level in levels.own_levels(heat, 10, 8).astype(np.float32)]
    assert areas[0] == 10 and areas[-1] == 10_000
    assert np.allclose(np.diff(np.log(areas)), np.log(1000) / 7, atol=0.1)


def test_a_cut_gives_the_regions_of_every_level():
    """Parts and levels that are skipped change nothing: against whole maps, one level at a time."""
    rng = np.random.default_rng(3)
    heat = ndimage.gaussian_filter(rng.random((40, 60)), 2).astype(np.float32)
    thresholds = np.quantile(heat, np.linspace(1, 0, 50)).astype(np.float64)
    thresholds = np.concatenate([[2.0], np.repeat(thresholds, 2)])  # above all, and twice the same
    cut = regions.cut(heat, thresholds, min_area=3)
    for index, threshold in enumerate(thresholds):
        expected = regions.boxes_of(heat >= threshold, min_area=3)
        assert sorted(cut.boxes[cut.level == index].tolist()) == sorted(expected.tolist())


def test_maps_of_many_values_give_what_all_thresholds_give():
    """RBDC is within .002 of that of many more thresholds, for maps of continuous values."""
    rng = np.random.default_rng(1)
    masks = np.zeros((300, 24, 36), np.uint8)
    heats = np.stack([ndimage.gaussian_filter(rng.random((24, 36)), 2) for _ in masks])
    for t in range(100, 300):
        left = t // 12
        masks[t, 8:14, left : left + 7] = 1
        heats[t, 8:14, left : left + 7] += 0.08 * rng.random()
    heats = heats.astype(np.float32)
    assert len(np.unique(heats)) > levels.FEW_VALUES
    found, _ = region_metrics({"a": heats}, {"a": masks}, min_area=4)
    sweep, every = rbdc.Sweep(), np.unique(heats)[::-1][::200]
    cuts = [regions.cut(heat, every, min_area=4) for heat in heats]
    sweep.add(cuts, tracks.from_masks(masks))
    _, fpr, *rates = sweep.curves()
    expected = [rbdc.area(fpr, rate) for rate in rates]
    assert 0.1 < expected[0] < 0.9
    assert found["rbdc"] == pytest.approx(expected[0], abs=0.002)
    assert found["tbdc"] == pytest.approx(expected[1], abs=0.01)  # one track: a single step
    assert "80 thresholds" in found["region_rule"]


def test_iterators_are_read_once():
    _, masks = scene()
    heat = masks.astype(np.float32)
    once = region_metrics({"a": iter(heat)}, {"a": iter(masks)})
    assert once == region_metrics({"a": heat}, {"a": masks})


def test_tracks_follow_overlap():
    a, b = [0, 0, 10, 10], [50, 0, 10, 10]
    moved = [[[2, 1, 10, 10], b], [b, a], [[9, 9, 10, 10]]]
    found = tracks.derive([np.array(boxes) for boxes in [[a], *moved]])
    assert [list(each) for each in found.tracks] == [[0], [0, 1], [1, 0], [2]]
    assert found.num_tracks == 3


def test_native_tracks():
    records = [
        {"start": 1, "boxes": [[1, 1, 4, 4], [0, 0, 0, 0], [2, 1, 4, 4]]},
        {"start": 0, "boxes": [[8, 1, 4, 4]] * 2, "abnormal": [0, 1]},
        {"start": 0, "boxes": [[8, 8, 2, 2]], "abnormal": [0]},  # normal throughout
    ]
    truth = tracks.native(records, 4)
    assert [each.tolist() for each in truth.tracks] == [[], [0, 1], [], [0]]
    masks = np.zeros((4, 12, 16), np.uint8)
    masks[1, 1:5, 1:5] = masks[3, 1:5, 2:6] = 1  # the second object is too hidden to count
    found, _ = region_metrics({"a": masks}, {"a": masks}, tracks={"a": truth}, min_area=1)
    assert (found["regions"], found["num_tracks"], found["tracks"]) == (2, 1, "native")
    assert found["tbdc"] == 1
    with pytest.raises(UserError, match="tracks of 4 frames, masks of 3"):
        region_metrics({"a": masks[:3]}, {"a": masks[:3]}, tracks={"a": truth})


def test_the_area_stops_at_one_and_goes_on_flat():
    assert rbdc.area(np.array([0.25]), np.array([0.5])) == pytest.approx(0.0625 + 0.375)
    assert rbdc.area(np.array([0.5, 1.5]), np.array([0.5, 1.0])) == pytest.approx(0.125 + 0.3125)
    assert rbdc.area(np.array([1.0, 0.2]), np.array([0.0, 0.6])) == pytest.approx(0.06 + 0.48)


def test_what_is_undefined_has_a_reason():
    _, masks = scene()
    heat = masks.astype(np.float32)
    assert region_metrics({"a": heat}, {"a": None}) == (None, {"region": "no test video has masks"})
    empty, why = region_metrics({"a": heat}, {"a": np.zeros_like(masks)})
    keys = ("pixel_auc", "pixel_eer", "pixel_auc_full_frame", "rbdc", "tbdc")
    assert [empty[k] for k in keys] == [None] * 5 and empty["regions"] == 0
    assert set(why.values()) == {"no mask holds an abnormal pixel"}
    full, why = region_metrics({"a": heat[3:], "b": heat}, {"a": masks[3:]})
    assert full["pixel_auc"] is None and full["rbdc"] == 1
    assert why["region.pixel_auc"] == "every mask holds an abnormal pixel"
    assert (full["coverage"], full["frames"]) == ("1 of 2 videos", 3)
    single, _ = region_metrics({"a": heat[4:5]}, {"a": masks[4:5]})
    assert single["rbdc"] == single["tbdc"] == 1 and single["frames"] == 1


def test_maps_and_masks_that_do_not_belong_together_are_refused():
    _, masks = scene()
    heat = masks.astype(np.float32)
    with pytest.raises(
        UserError, match="a, frame 0: the mask is 32 x 24 pixels and the frame 16 x"
    ):
        region_metrics({"a": heat[:, ::2, ::2]}, {"a": masks})
    with pytest.raises(UserError, match="a: maps end after 5 frames, masks go on"):
        region_metrics({"a": iter(heat[:5])}, {"a": masks})
    with pytest.raises(UserError, match="a: masks end after 5 frames"):
        region_metrics({"a": heat}, {"a": masks[:5]})
    with pytest.raises(UserError, match="a, frame 0: the anomaly map holds NaN"):
        region_metrics({"a": heat * np.nan}, {"a": masks})
    with pytest.raises(UserError, match=r"no maps for 1 video\(s\) with masks, first b"):
        region_metrics({"a": heat}, {"a": masks, "b": masks})
    with pytest.raises(UserError, match="no tracks for 1"):
        region_metrics({"a": heat}, {"a": masks}, tracks={})
