"""Image AUROC, AP, F1-max, pixel AUROC and AUPRO, against slow loops written from definitions."""

import dataclasses
import itertools

import numpy as np
import pytest
import scipy.ndimage
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError
from vadjax.evaluation import image_metrics
from vadjax.evaluation.image_parts import image_curves, image_part, mean_auroc
from vadjax.evaluation.pixel_parts import pixels_part
from vadjax.evaluation.pixel_table import count_pixels


def images(num=40, *, seed=0, ties=False, category="tile", defects=("crack", "hole")):
    """Scored images, the first half good."""
    rng = np.random.default_rng(seed)
    found = []
    for n in range(num):
        bad = n >= num // 2
        score = rng.normal() + bad
        kind = defects[n % len(defects)]
        found.append(
            ScoredVideo(
                f"test/{category}/{n:03d}",
                np.array([round(score) if ties else score], np.float32),
                labels=np.array([bad], np.uint8),
                kinds={kind: np.array([True])} if bad else {},
                unit="image",
                scene=category,
                threshold=0.5,
            )
        )
    return found


def flat(scored):
    return (np.array([float(f(v)) for v in scored]) for f in (lambda v: v.scores[0], label))


def label(video):
    return video.truth[0]


@pytest.mark.parametrize("ties", [False, True])
def test_image_metrics_equal_scikit_learns(ties):
    scored = images(ties=ties)
    part, _ = image_part(scored, resamples=50, seed=0)
    scores, labels = flat(scored)
    assert part["auroc"] == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert part["ap"] == pytest.approx(average_precision_score(labels, scores), abs=1e-12)
    precision, recall, limits = precision_recall_curve(labels, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    assert part["f1_max"] == pytest.approx(f1.max(), abs=1e-12)
    [row] = part["categories"]
    at = row["f1_max_threshold"]
    assert f1[np.searchsorted(limits, at)] == pytest.approx(f1.max())
    assert row["images"] == 40 and row["defective"] == 20 and row["ap_chance"] == 0.5


def test_defects_are_compared_with_all_good_images():
    scored = images()
    part, _ = image_part(scored, resamples=10, seed=0)
    good = [v for v in scored if not label(v)]
    for row, kind in zip(part["defects"], ("crack", "hole"), strict=True):
        own = [v for v in scored if kind in v.kinds]
        scores, labels = flat([*good, *own])
        assert row["defect"] == kind and row["images"] == len(own) == 10
        assert row["auroc"] == pytest.approx(roc_auc_score(labels, scores))
        assert row["recall"] == np.mean([v.scores[0] >= 0.5 for v in own])


def test_run_is_the_mean_over_categories_not_the_pool():
    """Scores of one category lie far above those of the other, which pooling would punish."""
    one, other = images(seed=1), images(seed=2, category="wire")
    lifted = [
        ScoredVideo(v.id, v.scores + 100, labels=v.labels, unit="image", scene="wire")
        for v in other
    ]
    part, _ = image_part([*one, *lifted], resamples=10, seed=0)
    each = [image_part(group, resamples=10, seed=0)[0]["auroc"] for group in (one, other)]
    assert part["auroc"] == pytest.approx(np.mean(each)) == mean_auroc([*one, *lifted])
    scores, labels = flat([*one, *lifted])
    assert abs(part["auroc"] - roc_auc_score(labels, scores)) > 0.05
    assert [row["category"] for row in part["categories"]] == ["tile", "wire"]


def test_interval_redraws_images_of_each_class():
    """The weighted curves of a draw are those of the images that it holds, repeated."""
    scored = images(num=12, ties=True)
    scores, labels = flat(scored)
    rng = np.random.default_rng(0)
    draws = np.stack([np.bincount(rng.integers(12, size=12), minlength=12) for _ in range(20)])
    draws = draws[(draws @ labels > 0) & (draws @ (1 - labels) > 0)]
    curves = image_curves(scores, labels, draws)
    for metric, peer in ((image_metrics.auroc, roc_auc_score),):
        for value, draw in zip(metric(curves), draws, strict=True):
            expected = peer(np.repeat(labels, draw), np.repeat(scores, draw))
            assert value == pytest.approx(expected, abs=1e-12)
    for value, draw in zip(image_metrics.average_precision(curves), draws, strict=True):
        expected = average_precision_score(np.repeat(labels, draw), np.repeat(scores, draw))
        assert value == pytest.approx(expected, abs=1e-12)
    part, _ = image_part(images(num=200), resamples=500, seed=0)
    low, high = part["intervals"]["auroc"]
    assert low < part["auroc"] < high
    # Hanley and McNeil 1982: the standard error of an area, of 100 and 100 images.
    area = part["auroc"]
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    error = np.sqrt((area * (1 - area) + 99 * (one - area**2) + 99 * (two - area**2)) / (100 * 100))
    assert (high - low) / (2 * 1.96) == pytest.approx(error, rel=0.2)


def test_good_and_defective_images_are_redrawn_apart():
    """AP of equal scores is the share of defective images, the same in every resample."""
    equal = [dataclasses.replace(one, scores=np.ones(1, np.float32)) for one in images(num=20)]
    part, _ = image_part(equal, resamples=50, seed=0)
    assert part["ap"] == 0.5 and part["intervals"]["ap"] == [0.5, 0.5]


def test_few_images_and_one_class_say_why():
    part, reasons = image_part(images(num=6), resamples=10, seed=0)
    assert part["intervals"]["ap"] is None
    assert reasons["image.intervals.ap"] == "6 images; an interval needs 8"
    good = [v for v in images() if not label(v)]
    part, reasons = image_part(good, resamples=10, seed=0)
    assert part["auroc"] is part["ap"] is part["f1_max"] is None
    assert reasons["image.auroc"] == "the images are all good or all defective"


# Pixels ------------------------------------------------------------------------------------------


def maps_and_masks(scored, *, seed=0, size=(17, 23), values=None):
    """Maps that are higher inside two diagonal regions; half of the images are larger."""
    rng = np.random.default_rng(seed)
    maps, masks = {}, {}
    for n, video in enumerate(scored):
        shape = (size[0] + n % 2, size[1])
        mask = np.zeros(shape, np.uint8)
        if label(video):
            mask[2:6, 3:7] = 1
            mask[6, 7] = 1  # touches the first by a corner: one region
            mask[10:12, 10 : 11 + n % 3] = 1
        heat = rng.normal(size=shape) + 1.5 * mask * rng.random(shape)
        heat = heat if values is None else np.round(values * heat) / values
        maps[video.id], masks[video.id] = [np.float32(heat)], [mask]
    return maps, masks


def slow_aupro(maps, masks, limit=0.3):
    """Bergmann et al. 2021, section 5, a threshold at a time."""
    heats = [each[0] for each in maps.values()]
    truths = [each[0] > 0 for each in masks.values()]
    regions = []
    for heat, truth in zip(heats, truths, strict=True):
        parts, count = scipy.ndimage.label(truth, structure=np.ones((3, 3)))
        regions += [heat[parts == number] for number in range(1, count + 1)]
    normal = np.concatenate([heat[~truth] for heat, truth in zip(heats, truths, strict=True)])
    thresholds = np.unique(np.concatenate([heat.ravel() for heat in heats]))[::-1]
    x, y = [0.0], [0.0]
    for threshold in thresholds:
        x.append(float(np.mean(normal >= threshold)))
        y.append(float(np.mean([np.mean(region >= threshold) for region in regions])))
    grid = np.unique([*[value for value in x if value < limit], limit])
    area = 0.0
    for low, high in itertools.pairwise(grid):
        # The highest overlap at `low`: a step straight up has no width.
        left = max(b for a, b in zip(x, y, strict=True) if a == low)
        after = min(i for i, a in enumerate(x) if a >= high)
        share = (high - low) / (x[after] - low)
        area += (high - low) * (left + left + share * (y[after] - left)) / 2
    return area / limit, len(regions)


def flat_pixels(maps, masks):
    heat = np.concatenate([each[0].ravel() for each in maps.values()])
    return heat, np.concatenate([each[0].ravel() for each in masks.values()])


def test_pixels_of_few_values_are_exact():
    scored = images(num=8)
    maps, masks = maps_and_masks(scored, values=20)
    part, _ = pixels_part(scored, maps, masks, resamples=20)
    expected, regions = slow_aupro(maps, masks)
    assert part["aupro"] == pytest.approx(expected, abs=1e-6)
    heat, truth = flat_pixels(maps, masks)
    assert part["auroc"] == pytest.approx(roc_auc_score(truth, heat), abs=1e-9)
    assert part["bounds"] == {"auroc": 0, "aupro": 0}
    assert part["regions"] == regions == 8  # two of each of four images
    assert part["levels"] == len(np.unique(heat))


@pytest.mark.parametrize("num_levels", [24, 96, 4096])
def test_pixels_by_level_are_within_the_stated_bound(num_levels):
    scored = images(num=8, seed=3)
    maps, masks = maps_and_masks(scored, seed=num_levels)
    part, _ = pixels_part(scored, maps, masks, num_levels=num_levels, resamples=20)
    heat, truth = flat_pixels(maps, masks)
    errors = {
        "auroc": abs(part["auroc"] - roc_auc_score(truth, heat)),
        "aupro": abs(part["aupro"] - slow_aupro(maps, masks)[0]),
    }
    for key, error in errors.items():
        assert error <= part["bounds"][key] + 1e-6
    if num_levels == 4096:
        assert part["bounds"] == {"auroc": 0, "aupro": 0}  # all 3,220 values are levels
    else:
        assert 0 < part["bounds"]["auroc"] < 1 / num_levels


def test_perfect_and_blind_maps():
    scored = images(num=10)
    _, masks = maps_and_masks(scored)
    perfect = {name: [np.float32(own[0])] for name, own in masks.items()}
    part, _ = pixels_part(scored, perfect, masks, resamples=10)
    assert part["auroc"] == part["aupro"] == 1
    blind = {name: [np.zeros_like(own[0])] for name, own in perfect.items()}
    part, _ = pixels_part(scored, blind, masks, resamples=10)
    # One step from the origin to (1, 1): overlap = rate, whose area up to .3 is .3 / 2.
    assert part["auroc"] == 0.5 and part["aupro"] == pytest.approx(0.15)


def test_every_region_counts_alike_however_small():
    """A large region found and a small one missed at once is half, not nearly all."""
    mask = np.zeros((20, 20), np.uint8)
    mask[:10, :10], mask[15, 15] = 1, 1
    heat = np.float32(mask)
    heat[15, 15] = -1
    scored = images(num=2)
    maps = {scored[0].id: [np.zeros((20, 20), np.float32)], scored[1].id: [heat]}
    masks = {scored[0].id: [np.zeros((20, 20), np.uint8)], scored[1].id: [mask]}
    part, _ = pixels_part(scored, maps, masks, resamples=10)
    assert part["aupro"] == pytest.approx(0.5) and part["auroc"] > 0.98


def test_without_location_is_the_image_score_at_every_pixel():
    scored = images(num=8, seed=5)
    maps, masks = maps_and_masks(scored)
    part, _ = pixels_part(scored, maps, masks, resamples=10)
    flattened = {v.id: [np.full_like(maps[v.id][0], v.scores[0])] for v in scored}
    same, _ = pixels_part(scored, flattened, masks, resamples=10)
    assert part["control"] == pytest.approx({key: same[key] for key in ("auroc", "aupro")})


def test_pixel_interval_redraws_images():
    scored = images(num=10)
    maps, masks = maps_and_masks(scored, values=20)
    pairs = [(maps[v.id][0], masks[v.id][0]) for v in scored]
    table = count_pixels(lambda: iter(pairs), len(pairs))
    draw = np.array([2, 0, 1, 1, 0, 1, 0, 3, 1, 1])
    again = {f"{v.id}-{n}": v for v, count in zip(scored, draw, strict=True) for n in range(count)}
    repeated = [{name: own[v.id] for name, v in again.items()} for own in (maps, masks)]
    curves = table.curves(draw[None])
    assert image_metrics.aupro(curves)[0] == pytest.approx(slow_aupro(*repeated)[0], abs=1e-6)
    heat, truth = flat_pixels(*repeated)
    assert image_metrics.auroc(curves)[0] == pytest.approx(roc_auc_score(truth, heat))
    part, _ = pixels_part(scored, maps, masks, resamples=200)
    for key in ("auroc", "aupro"):
        low, high = part["intervals"][key]
        assert low <= part[key] <= high


def test_defective_images_without_masks_count_in_no_pixel_figure():
    scored = images(num=8)
    maps, masks = maps_and_masks(scored)
    part, _ = pixels_part(scored, maps, {**masks, scored[-1].id: None}, resamples=10)
    fewer = [v.id for v in scored[:-1]]
    expected, _ = slow_aupro(*({name: own[name] for name in fewer} for own in (maps, masks)))
    assert part["coverage"] == "7 of 8 images"
    assert part["aupro"] == pytest.approx(expected, abs=part["bounds"]["aupro"] + 1e-6)
    none, reasons = pixels_part(scored, maps, dict.fromkeys(masks), resamples=10)
    assert none is None and reasons == {"pixels": "no test image has a mask"}


def test_a_mask_of_another_size_is_refused():
    scored = images(num=4)
    maps, masks = maps_and_masks(scored)
    masks[scored[2].id] = [np.zeros((5, 5), np.uint8)]
    with pytest.raises(UserError, match=r"test/tile/002, frame 0: the mask is 5 x 5"):
        pixels_part(scored, maps, masks, resamples=10)
