"""Lines that carry figures, each with a fault that the tests must notice.

`tools/mutate.py` puts in one fault at a time and runs the tests that are named. An entry is the
file, the text as it stands in exactly one place, the fault, and the tests.
`tests/test_mutations.py` says which entries no longer match; mend them when you change such a line.
"""

from typing import NamedTuple


class Mutation(NamedTuple):
    """One fault.

    Attributes:
        file: below the root of the repository.
        text: what stands there, once.
        fault: what is put in its place.
        tests: arguments of pytest, separated by spaces.
    """

    file: str
    text: str
    fault: str
    tests: str


AUDIT = "tests/data/leakage/test_audit.py"
COPIES = "tests/data/leakage/test_copy_search.py"
DECISIONS = "tests/evaluation/test_decisions.py tests/evaluation/test_events.py"
FEATURES = "tests/data/builders/test_feature_lists.py"
FITS = "tests/pipeline/test_fits.py"
FRAME = "tests/evaluation/test_frame.py"
INTERVALS = "tests/data/labels/test_interval_rows.py"
MOTION = "tests/features/test_motion.py"
SCENE = "tests/detectors/scene/test_detector.py"
ADDING = "tests/detectors/scene/test_adding.py"
BAGS = "tests/models/test_bags.py"
BODIES = "tests/detectors/scene/test_bodies.py"
MATCHING = "tests/training/test_score_matching.py"
PASSING = "tests/features/scene/test_passing.py"
RARITY = "tests/detectors/scene/test_rarity.py"
SPLITS = "tests/data/splits/test_folds.py"
STANDARDIZE = "tests/features/test_standardize.py"
TAPS = "tests/pipeline/test_several_taps.py"
THRESHOLDS = "tests/evaluation/test_thresholds.py"

_ROWS = [
    (
        "vadjax/data/builders/image_set.py",
        'return ("",) if picture.split == "test" and not picture.defect else ()',
        "return ()",
        "tests/data/builders/test_images.py",
    ),
    (
        "vadjax/data/labels/track_rows.py",
        "frame = int(found[1]) - 1",
        "frame = int(found[1])",
        "tests/data/builders/test_street_and_campus.py",
    ),
    (
        "vadjax/data/builders/checksums.py",
        "if found == checksum:",
        "if found:",
        "tests/data/builders/test_checksums.py",
    ),
    (
        "vadjax/data/frames/on_demand.py",
        "frame[: self._rows] = 0",
        "frame[: self._rows // 2] = 0",
        "tests/data/builders/test_umn.py",
    ),
    (
        "vadjax/data/builders/ucf_crime.py",
        "return Truth(None)",
        "return Truth(np.zeros(footage.num_frames, np.uint8))",
        "tests/data/builders/test_ucf_crime.py",
    ),
    (
        "vadjax/data/labels/box_rows.py",
        "base = 0 if table[0, 5] == 0 else 1",
        "base = 1",
        "tests/data/builders/test_ucfcrime2local.py",
    ),
    (
        "vadjax/data/labels/object_masks.py",
        "int(cells[2]) + 1))",
        "int(cells[2])))",
        "tests/data/builders/test_ubnormal.py",
    ),
    (
        "vadjax/data/builders/xd_violence.py",
        "return wanted.name in self.rows and",
        "return False and",
        "tests/data/builders/test_xd_violence.py",
    ),
    (
        "vadjax/data/labels/interval_rows.py",
        "return tuple((max(start, first) - first, end) for start, end in pairs)",
        "return tuple((start, end) for start, end in pairs)",
        INTERVALS,
    ),
    (
        "vadjax/data/labels/interval_rows.py",
        "    if not 0 < beyond <= slack:",
        "    if not 0 < beyond:",
        INTERVALS,
    ),
    (
        "vadjax/data/labels/mask_forms.py",
        "return levels > levels.max() // 2 if self._soft else levels",
        "return levels",
        "tests/data/labels/test_mask_forms.py",
    ),
    (
        "vadjax/data/builders/shanghaitech.py",
        """        if wanted.split == "train":
            return Truth(None)""",
        """        if wanted.split == "train":
            return Truth(np.zeros(footage.num_frames, np.uint8))""",
        "tests/data/builders/test_shanghaitech.py",
    ),
    (
        "vadjax/data/splits/scenes.py",
        "parts = [covered] if dataset.coverage is None else [dataset.coverage, covered]",
        "parts = [dataset.coverage or ''] ",
        "tests/data/splits/test_scenes.py",
    ),
    # what a fit may read
    (
        "vadjax/detectors/window_model.py",
        "standardizer, window = self.standardizer(train), self.config.window",
        "standardizer, window = self.standardizer([*train, *validation]), self.config.window",
        FITS,
    ),
    (
        "vadjax/pipeline/train.py",
        "for units in fitted_units(run, fold) for clip",
        "for units in (*fitted_units(run, fold), fold.test) for clip",
        FITS,
    ),
    (
        "vadjax/pipeline/train.py",
        "run.clips(fold.validation, fold),",
        "run.clips(fold.calibration, fold),",
        FITS,
    ),
    (
        "vadjax/pipeline/baselines.py",
        "detector, train = run.make_detector(name), run.clips(fold.train, fold)",
        "detector, train = run.make_detector(name), run.clips(fold.test, fold)",
        FITS,
    ),
    (
        "vadjax/data/splits/split_by_clip.py",
        "validation, calibration = held[:middle], held[middle:]",
        "validation, calibration = held[middle:], held[:middle]",
        SPLITS,
    ),
    (
        "vadjax/data/splits/split_by_clip.py",
        "num_held = max(1, round(holdout * len(usable)))",
        "num_held = max(1, int(2 * holdout * len(usable)))",
        SPLITS,
    ),
    (
        "vadjax/data/splits/split_by_clip.py",
        "head = num_frames - tail - span\n",
        "head = num_frames - tail\n",
        SPLITS,
    ),
    (
        "vadjax/data/splits/split_by_clip.py",
        "others = normal + _without(labelled, test)",
        "others = normal + labelled",
        SPLITS,
    ),
    (
        "vadjax/data/splits/split_by_clip.py",
        "return bool(video.video_label) or abnormal_share(video) > 0",
        "return bool(video.video_label)",
        SPLITS,
    ),
    # the audit
    ("vadjax/data/leakage/audit.py", "radius = window_span - 1", "radius = window_span - 2", AUDIT),
    (
        "vadjax/data/leakage/audit.py",
        '"exact": np.isin(own, own[used]),',
        '"exact": np.isin(own, own[used[1:]]),',
        AUDIT,
    ),
    (
        "vadjax/data/leakage/audit.py",
        "if np.isin(fold.test, rows).any():",
        "if np.isin(fold.test, rows).all():",
        AUDIT,
    ),
    (
        "vadjax/data/leakage/audit.py",
        "shown = np.isin(provenance.copies[:, 1], fold.all_used())",
        "shown = np.isin(provenance.copies[:, 0], fold.all_used())",
        AUDIT,
    ),
    (
        "vadjax/data/leakage/audit.py",
        "leaky = any(counts.values()) or bool(statistic)",
        "leaky = any(counts.values())",
        AUDIT,
    ),
    (
        "vadjax/data/leakage/audit_folds.py",
        'tables = [fold.validation if purpose == "early stopping" else fold.train]',
        "tables = [fold.train]",
        AUDIT,
    ),
    (
        "vadjax/data/leakage/audit_folds.py",
        "if not given.get(video, set()).issuperset(range(start, stop)):",
        "if video not in given:",
        AUDIT,
    ),
    (
        "vadjax/data/leakage/audit_folds.py",
        "own, other = first[copy.video] + copy.start, first[copy.other] + copy.other_start",
        "own, other = first[copy.video] + copy.start, first[copy.other] + copy.start",
        AUDIT,
    ),
    (
        "vadjax/data/leakage/fitted.py",
        "own = rows[which == number] - (ends[number] - len(segment)) + segment.start",
        "own = rows[which == number] - (ends[number] - len(segment))",
        "tests/data/leakage/test_fitted.py",
    ),
    # copies of clips
    ("vadjax/data/leakage/copy_match.py", "LIKE = 0.85  #", "LIKE = 0.4  #", COPIES),
    ("vadjax/data/leakage/copy_match.py", "DISTINCT = 4  #", "DISTINCT = 1  #", COPIES),
    ("vadjax/data/leakage/copy_match.py", "RESIDUE = 0.7  #", "RESIDUE = -1.0  #", COPIES),
    (
        "vadjax/data/leakage/copy_match.py",
        "return bool((np.r_[like[:left], like[right:]] < LIKE).all())",
        "return True",
        COPIES,
    ),
    (
        "vadjax/data/leakage/copy_search.py",
        "place = (start + first, start + stop, other, other_start + first)",
        "place = (start + first, start + stop, other, other_start)",
        COPIES,
    ),
    (
        "vadjax/data/frames/content.py",
        "return zlib.crc32(flat[words.size * 8 :].data, zlib.crc32(words.sum(1).data))",
        "return zlib.crc32(flat[words.size * 8 :].data)",
        "tests/data/frames/test_content.py",
    ),
    # windows
    (
        "vadjax/data/splits/windows.py",
        "return (length - 1) * dilation + 1",
        "return length * dilation",
        "tests/data/splits/test_windows.py",
    ),
    (
        "vadjax/data/splits/windows.py",
        "first = begin[video] + stride * within  # [n]",
        "first = begin[video] + within  # [n]",
        "tests/data/splits/test_windows.py",
    ),
    (
        "vadjax/data/splits/windows.py",
        "rows = first[:, None] + dilation * np.arange(length)  # [n, t]",
        "rows = first[:, None] + np.arange(length)  # [n, t]",
        "tests/data/splits/test_windows.py",
    ),
    # standardisation
    (
        "vadjax/features/standardize.py",
        "squares = squares + np.square(gap) * count * len(values) / total",
        "squares = squares + np.square(gap) * len(values) / total",
        STANDARDIZE,
    ),
    (
        "vadjax/features/standardize.py",
        "mean = mean + gap * len(values) / total",
        "mean = mean + gap * count / total",
        STANDARDIZE,
    ),
    (
        "vadjax/features/standardize.py",
        "floor = FLOOR * np.median(varying) if len(varying) else 1.0",
        "floor = FLOOR * np.median(std)",
        STANDARDIZE,
    ),
    ("vadjax/features/standardize.py", "FLOOR = 0.1\n", "FLOOR = 0.2\n", STANDARDIZE),
    (
        "vadjax/features/standardize.py",
        "PLACE_FLOOR = 0.3  #",
        "PLACE_FLOOR = 0.15  #",
        STANDARDIZE,
    ),
    # motion
    (
        "vadjax/features/motion.py",
        '_BOXES = {"difference": 16, "flow": 33}',
        '_BOXES = {"difference": 16, "flow": 16}',
        MOTION,
    ),
    (
        "vadjax/features/motion.py",
        '_BOXES = {"difference": 16, "flow": 33}',
        '_BOXES = {"difference": 33, "flow": 33}',
        MOTION,
    ),
    (
        "vadjax/features/motion.py",
        "side = max(1, round(box * height / WORKING_HEIGHT))",
        "side = box",
        MOTION,
    ),
    (
        "vadjax/features/motion.py",
        "rows[0] = rows[1]  # nothing",
        "rows[0] = 0  # nothing",
        MOTION,
    ),
    ("vadjax/features/motion.py", "if height > MAX_HEIGHT:", "if height >= MAX_HEIGHT:", MOTION),
    # distances and scores
    (
        "vadjax/scoring/distances.py",
        "table = squares - 2 * rows @ fit.T",
        "table = squares - rows @ fit.T",
        "tests/scoring/test_distances.py",
    ),
    (
        "vadjax/scoring/distances.py",
        "np.argpartition(table, k - 1, axis=1)[:, :k]",
        "np.argpartition(table, k, axis=1)[:, : k + 1]",
        "tests/scoring/test_distances.py",
    ),
    (
        "vadjax/scoring/distances.py",
        "kept = 1 - shrinkage",
        "kept = 1",
        "tests/scoring/test_distances.py",
    ),
    (
        "vadjax/detectors/feature_distance.py",
        "return np.flatnonzero(clip.labels == 0)",
        "return np.arange(len(clip))",
        "tests/detectors/test_detectors.py tests/detectors/test_feature_distance.py",
    ),
    (
        "vadjax/scoring/aggregate.py",
        "np.abs(frames - where[left]) <= np.abs(where[right] - frames)",
        "np.abs(frames - where[left]) < np.abs(where[right] - frames)",
        "tests/scoring/test_aggregate.py",
    ),
    (
        "vadjax/scoring/aggregate.py",
        "scores, rows = scores[:, -1:], rows[:, -1:]",
        "scores, rows = scores[:, :1], rows[:, :1]",
        "tests/scoring/test_aggregate.py",
    ),
    (
        "vadjax/scoring/smoothing.py",
        "start = [(1 - alpha) * scores[0]]",
        "start = [0 * scores[0]]",
        "tests/scoring/test_smoothing.py",
    ),
    (
        "vadjax/scoring/label_lookup.py",
        "return normal - abnormal",
        "return abnormal - normal",
        "tests/scoring/test_label_lookup.py",
    ),
    # figures of frames
    (
        "vadjax/evaluation/frame.py",
        "twice = np.sum(np.diff(fp, prepend=0) * (tp + before))",
        "twice = 2 * np.sum(np.diff(fp, prepend=0) * tp)",
        FRAME,
    ),
    (
        "vadjax/evaluation/frame.py",
        "return float(np.sum(np.diff(tp, prepend=0) * (tp / (tp + fp))) / tp[-1])",
        "return float(np.sum(np.diff(tp, prepend=0) * (tp / (tp + fp))) / len(tp))",
        FRAME,
    ),
    (
        "vadjax/evaluation/frame.py",
        "share = -excess[before] / (excess[after] - excess[before])",
        "share = 1.0",
        FRAME,
    ),
    (
        "vadjax/evaluation/frame.py",
        "balanced = (recall + 1 - fpr) / 2",
        "balanced = (recall + fpr) / 2",
        FRAME,
    ),
    (
        "vadjax/evaluation/frame.py",
        "scale = float(tp + fp) * abnormal * normal * (tn + fn)",
        "scale = float(tp + fp) * abnormal * normal * (tn + fp)",
        FRAME,
    ),
    (
        "vadjax/evaluation/bootstrap.py",
        "p_value = min(1.0, 2 * float(tail + 1) / (resamples + 1))",
        "p_value = min(1.0, float(tail + 1) / (resamples + 1))",
        "tests/evaluation/test_bootstrap.py",
    ),
    (
        "vadjax/evaluation/bootstrap.py",
        "strata = [np.flatnonzero(abnormal > 0), np.flatnonzero(abnormal == 0)]",
        "strata = [np.arange(len(abnormal))]",
        "tests/evaluation/test_bootstrap.py",
    ),
    (
        "vadjax/evaluation/parts.py",
        'part["majority_accuracy"] = None if share is None else float(max(share, 1 - share))',
        'part["majority_accuracy"] = None if share is None else float(share)',
        "tests/evaluation/test_evaluate.py",
    ),
    (
        "vadjax/evaluation/pixel.py",
        "needed = max(1, math.ceil(cover * inside.size - 1e-9))",
        "needed = max(1, math.floor(cover * inside.size))",
        "tests/evaluation/test_region.py",
    ),
    # thresholds, alarms, events
    (
        "vadjax/evaluation/events.py",
        "return np.asarray(video.scores, np.float64) >= video.threshold",
        "return np.asarray(video.scores, np.float64) > video.threshold",
        DECISIONS,
    ),
    (
        "vadjax/evaluation/events.py",
        "apart = found[1:, 0] - found[:-1, 1] >= max(gap, 1)",
        "apart = found[1:, 0] - found[:-1, 1] > max(gap, 1)",
        DECISIONS,
    ),
    (
        "vadjax/evaluation/thresholds.py",
        "return Choice(float(normal.mean() + num_std * normal.std()))",
        "return Choice(float(scores.mean() + num_std * scores.std()))",
        THRESHOLDS,
    ),
    (
        "vadjax/evaluation/thresholds.py",
        "rank = math.ceil((len(normal) + 1) * (1 - rate) - 1e-9)",
        "rank = math.ceil(len(normal) * (1 - rate) - 1e-9)",
        THRESHOLDS,
    ),
    (
        "vadjax/evaluation/thresholds.py",
        "return Choice(float(np.quantile(normal, quantile)))",
        "return Choice(float(np.quantile(scores, quantile)))",
        THRESHOLDS,
    ),
    (
        "vadjax/evaluation/thresholds.py",
        "return int(np.argmax(2 * tp / (tp + fp + tp[-1])))",
        "return int(np.argmax(2 * tp / (tp + fp + fp[-1])))",
        THRESHOLDS,
    ),
    (
        "vadjax/evaluation/evaluate.py",
        "videos = parts.labelled(videos)  # in the order in which `pool` joins them",
        "videos = [*videos]",
        "tests/evaluation/test_evaluate.py",
    ),
    (
        "vadjax/evaluation/evaluate.py",
        "held_out = [_held_out(each) for each in calibration]",
        "held_out = [_held_out(test) for _ in calibration]",
        "tests/evaluation/test_evaluate.py",
    ),
    (
        "vadjax/detectors/scene/cues/objects.py",
        "ratio = scores / self._limits.get(number, LEAST)",
        "ratio = scores / LEAST",
        "tests/detectors/scene/cues/test_objects.py",
    ),
    (
        "vadjax/features/scene/seen_objects.py",
        "return (now != before) | (numbers == 0)",
        "return now == before",
        "tests/features/scene/test_seen_objects.py",
    ),
    (
        "vadjax/evaluation/alarm_rates.py",
        "if others and medians[order[count - 1]] > max(others):",
        "if others and medians[order[count - 1]] > min(others):",
        "tests/evaluation/test_alarm_rates.py",
    ),
    (
        "vadjax/evaluation/alarm_rates.py",
        "value = lowest_threshold(videos, max(1, allowed), most_called=MOST_CALLED)",
        "value = lowest_threshold(videos, 1 + allowed, most_called=MOST_CALLED)",
        "tests/evaluation/test_alarm_rates.py",
    ),
    (
        "vadjax/pipeline/evaluate.py",
        "calibration=[[v for v in scored.calibration if v.fold == f.index] for f in run.folds],",
        "calibration=[[v for v in scored.test if v.fold == f.index] for f in run.folds],",
        FITS,
    ),
    # boxes of objects
    (
        "vadjax/objects/suppression.py",
        "left[i + 1 :] & (classes[i + 1 :] == classes[i])",
        "left[i + 1 :]",
        "tests/objects/test_suppression.py",
    ),
    (
        "vadjax/objects/suppression.py",
        "overlap * (areas[rest] + areas[i] - common)",
        "overlap * (areas[rest] + areas[i])",
        "tests/objects/test_suppression.py",
    ),
    (
        "vadjax/objects/frame_fit.py",
        "(np.asarray(boxes, np.float64) - offset) / scale",
        "np.asarray(boxes, np.float64) / scale - offset",
        "tests/objects/test_frame_fit.py",
    ),
    (
        "vadjax/objects/onnx_layouts.py",
        "scores = scores * table[:, 4:5]",
        "scores = scores",
        "tests/objects/test_onnx_layouts.py",
    ),
    (
        "vadjax/objects/nanodet.py",
        'return jax.image.resize(x, like.shape, "bilinear", antialias=False)',
        'return jax.image.resize(x, like.shape, "bilinear")',
        "tests/objects/test_nanodet.py",
    ),
    (
        "vadjax/objects/nanodet.py",
        "np.stack([x.ravel(), y.ravel()], -1) + 0.5",
        "np.stack([x.ravel(), y.ravel()], -1)",
        "tests/objects/test_nanodet.py",
    ),
    (
        "vadjax/objects/nanodet.py",
        "images[..., ::-1].astype(jnp.float32)",
        "images.astype(jnp.float32)",
        "tests/objects/test_nanodet.py",
    ),
    # several folds on new videos
    (
        "vadjax/pipeline/fold_mean.py",
        "return np.stack(values).mean(0, np.float64).astype(np.float32)",
        "return np.stack(values)[0].astype(np.float32)",
        "tests/pipeline/test_fold_mean.py",
    ),
    # the detector of a fixed camera
    (
        "vadjax/features/scene/learn.py",
        "itertools.islice(video.frames, start, stop)",
        "itertools.islice(video.frames, 0, None)",
        "tests/features/scene/test_learn.py",
    ),
    (
        "vadjax/detectors/scene/bodies.py",
        "if self._begun:  # the first",
        "if True:  # the first",
        BODIES,
    ),
    (
        "vadjax/features/scene/passing.py",
        "return middle if self.noisy else grey",
        "return grey",
        PASSING,
    ),
    (
        "vadjax/features/scene/passing.py",
        "far = cv2.dilate(solid, self._around) == 0",
        "far = solid >= 0",
        PASSING,
    ),
    (
        "vadjax/models/log_density.py",
        "(noise[:, None] * found + drawn)",
        "(noise[:, None] * found - drawn)",
        MATCHING,
    ),
    (
        "vadjax/detectors/scene/rarity.py",
        "new = round(NUM_POINTS * len(vectors) / total)",
        "new = round(NUM_POINTS * len(vectors) / total / 2)",
        RARITY,
    ),
    (
        "vadjax/detectors/scene/crossing.py",
        "[n for n in numbers if n not in held]",
        "[n for n in numbers]",
        SCENE,
    ),
    (
        "vadjax/detectors/scene/lessons.py",
        "return Lessons([self._paths[number] for number in numbers], self._store)",
        "return [self[number] for number in numbers]",
        "tests/detectors/scene/test_lessons.py",
    ),
    (
        "vadjax/detectors/scene/adding.py",
        "held_out[name].append(kept(one.tops[name]))",
        "pass",
        ADDING,
    ),
    (
        "vadjax/detectors/scene/adding.py",
        "one = _Observed(state, clip, camera)",
        'one = _Observed({**state, "cues": states}, clip, camera)',
        ADDING,
    ),
    (
        "vadjax/detectors/scene/held_out.py",
        "np.linspace(0, len(values) - 1, count)",
        "np.linspace(0, len(values) - 1, len(values))",
        ADDING,
    ),
    (
        "vadjax/detectors/scene/exemplar_pictures.py",
        "if s in known or s[0] in clips]",
        "if s[0] in clips]",
        ADDING,
    ),
    (
        "vadjax/pipeline/score.py",
        "calibration += [one.scored for one in run.added]",
        "pass",
        "tests/pipeline/test_add.py",
    ),
    (
        "vadjax/pipeline/audit.py",
        "folds = with_added(run.folds, run.added)",
        "folds = run.folds",
        "tests/pipeline/test_add.py",
    ),
    (
        "vadjax/detectors/scene/lessons.py",
        "total = lesson[name].copy() if total is None",
        "total = lesson[name] if total is None",
        "tests/detectors/scene/test_lessons.py",
    ),
    (
        "vadjax/detectors/scene/crossing.py",
        "followers, np.array(found[1:]).T",
        "followers, np.array(found).T",
        SCENE,
    ),
    (
        "vadjax/detectors/scene/detector.py",
        "maps[0], scores[0] = maps[1], scores[1]",
        "maps[0], scores[0] = maps[-1], scores[-1]",
        SCENE,
    ),
    (
        "vadjax/detectors/scene/detector.py",
        "predicted = np.arange(len(clip)) > 0",
        "predicted = np.arange(len(clip)) >= 0",
        SCENE,
    ),
    (
        "vadjax/detectors/scene/clip_reader.py",
        "return camera._replace(fps=clip.videos[0].fps or camera.fps)",
        "return camera",
        SCENE,
    ),
    (
        "vadjax/detectors/scene/detector.py",
        'lesson["source"][:, 0] += int(rows[0])',
        'lesson["source"][:, 0] += 0',
        SCENE,
    ),
    (
        "vadjax/detectors/scene/detector.py",
        "return SceneStream(state, self.frontend, fps)",
        "return SceneStream(state, self.frontend)",
        SCENE,
    ),
    (
        "vadjax/detectors/scene/detector.py",
        "read = stretches_of(train, lambda clip: np.arange(len(clip)))",
        "read = stretches_of(train[:1], lambda clip: np.arange(len(clip)))",
        SCENE,
    ),
    (
        "vadjax/detectors/scene/follower.py",
        "self._surprise[name](cv2.dilate(values, _AROUND))",
        "self._surprise[name](values)",
        SCENE,
    ),
    (
        "vadjax/detectors/scene/follower.py",
        "total = fused(maps)",
        "total = np.stack([*maps.values()]).max(0)",
        SCENE,
    ),
    (
        "vadjax/detectors/scene/fused.py",
        "np.float32(SHARE) * most, np.sum",
        "np.float32(0) * most, np.sum",
        "tests/detectors/scene/test_fused.py",
    ),
    (
        "vadjax/features/scene/meter.py",
        "np.where(self._stands, self._still, np.float32(0))",
        "self._still",
        "tests/features/scene/test_meter.py",
    ),
    (
        "vadjax/scoring/fusion.py",
        "max(float(over.mean()), 1e-12) if len(over) else 1.0",
        "max(float(over.mean()), 1e-12) if len(over) else 1e-12",
        "tests/scoring/test_fusion.py tests/detectors/scene/test_detector.py",
    ),
    (
        "vadjax/detectors/scene/finding.py",
        "regions = cv2.connectedComponents(top)[1]",
        "regions = top.astype(np.int32)",
        "tests/detectors/scene/test_finding.py",
    ),
    (
        "vadjax/detectors/scene/finding.py",
        "if raw[row, column] >= near.max():",
        "if True:",
        "tests/detectors/scene/test_finding.py",
    ),
    (
        "vadjax/detectors/scene/explaining.py",
        "return camera.frames(max(known, default=0.0)) + PATH + 1",
        "return 1",
        SCENE,
    ),
    (
        "vadjax/detectors/scene/exemplar_pictures.py",
        "clip.units.segments[0].start + row",
        "row",
        "tests/detectors/scene/test_exemplar_pictures.py",
    ),
    (
        "vadjax/detectors/scene/exemplar_pictures.py",
        'start, stop = (0, *pictures["ends"].tolist())[index : index + 2]',
        'start, stop = (0, *pictures["ends"].tolist())[:2]',
        "tests/detectors/scene/test_exemplar_pictures.py",
    ),
    (
        "vadjax/detectors/scene/traffic.py",
        "+ (-1, 0, 1)) % WAYS",
        "+ (0, 0, 0)) % WAYS",
        "tests/detectors/scene/test_traffic.py",
    ),
    (
        "vadjax/detectors/scene/traffic.py",
        "apart <= _APART or",
        "",
        "tests/detectors/scene/test_traffic.py",
    ),
    (
        "vadjax/detectors/scene/cues/course.py",
        "same = speeds[along & (speeds > MOVING)]",
        "same = speeds[speeds > MOVING]",
        "tests/detectors/scene/cues/test_course.py",
    ),
    (
        "vadjax/pipeline/alarm_pictures.py",
        "sorted(moments, key=lambda m: -m[0])[:count]",
        "sorted(moments)[:count]",
        "tests/pipeline/test_alarm_pictures.py",
    ),
    (
        "vadjax/report/alarm_files.py",
        'return text.encode("utf-8", "backslashreplace").decode("utf-8")',
        "return text",
        "tests/report/test_alarm_files.py",
    ),
    (
        "vadjax/report/normal_map.py",
        "return np.log(np.maximum(seen, LOWEST) / LOWEST).clip(0) / np.log(highest / LOWEST)",
        "return np.clip(seen / highest, 0, 1)",
        "tests/report/test_normal_map.py",
    ),
    (
        "vadjax/detectors/scene/bodies.py",
        "return total / (share + _PRIOR * count)[:, None]",
        "return total / np.maximum(share, 1e-9)[:, None]",
        "tests/detectors/scene/test_bodies.py",
    ),
    (
        "vadjax/detectors/scene/bodies.py",
        "at = at - flow * (seen / np.maximum(own, 0.1))[:, None]",
        "at = at + 0",
        "tests/detectors/scene/test_bodies.py",
    ),
    (
        "vadjax/detectors/scene/cues/speed.py",
        "np.hypot(x, y) / (share + _PRIOR) * self._scale",
        "np.hypot(x, y) / np.maximum(share, 1e-3) * self._scale",
        "tests/detectors/scene/cues/test_speed.py",
    ),
    (
        "vadjax/detectors/scene/cues/speed.py",
        "if not self._begun:",
        "if False:",
        "tests/detectors/scene/cues/test_speed.py",
    ),
    (
        "vadjax/detectors/scene/cues/course.py",
        "if not self._begun:",
        "if False:",
        "tests/detectors/scene/cues/test_course.py",
    ),
    (
        "vadjax/detectors/scene/cues/course.py",
        "lambda bodies: _vectors(bodies, camera), first=1",
        "lambda bodies: _vectors(bodies, camera)",
        "tests/detectors/scene/cues/test_course.py",
    ),
    (
        "vadjax/detectors/scene/cues/look.py",
        'source = np.insert(lesson["source"], 0, number, axis=1)',
        'source = np.insert(lesson["source"], 0, 0, axis=1)',
        "tests/detectors/scene/cues/test_look.py",
    ),
    (
        "vadjax/detectors/scene/usual.py",
        "(np.cumsum(counts, axis=0) < QUANTILE * total)",
        "(np.cumsum(counts, axis=0) < 0.9 * total)",
        "tests/detectors/scene/test_usual.py",
    ),
    (
        "vadjax/detectors/scene/exemplars.py",
        "new = nearest(self.kept, vectors)[0] > self.radius",
        "new = nearest(self.kept, vectors)[0] > 9 * self.radius",
        "tests/detectors/scene/test_exemplars.py",
    ),
    (
        "vadjax/detectors/scene/exemplars.py",
        "while len(self.kept) > limit:",
        "while len(self.kept) > 2 * limit:",
        "tests/detectors/scene/test_exemplars.py",
    ),
    (
        "vadjax/features/scene/meter.py",
        "np.where(seen, 0.0, -FORGET * step)",
        "np.where(seen, 0.0, -step)",
        "tests/features/scene/test_meter.py",
    ),
    (
        "vadjax/features/scene/meter.py",
        "np.where(seen & slow, step,",
        "np.where(seen, step,",
        "tests/features/scene/test_meter.py",
    ),
    (
        "vadjax/features/scene/meter.py",
        "flow = _half(optical_flow(self._last, grey)) * share[..., None]",
        "flow = _half(optical_flow(self._last, grey)) * share[..., None] / 2",
        "tests/features/scene/test_meter.py",
    ),
    (
        "vadjax/features/scene/meter.py",
        "away[:, 0] > _APART[0]",
        "away[:, 0] > 0",
        "tests/features/scene/test_meter.py",
    ),
    (
        "vadjax/features/scene/foreground.py",
        "return np.maximum(THRESHOLD, NOISE * noise)",
        "return np.maximum(THRESHOLD, noise)",
        "tests/features/scene/test_foreground.py",
    ),
    (
        "vadjax/features/scene/foreground.py",
        "np.abs(away - light)",
        "np.abs(away)",
        "tests/features/scene/test_foreground.py",
    ),
    (
        "vadjax/features/scene/body_size.py",
        "_median(b[:, 1], b[:, 1])) for b in bands",
        "float(b[:, 1].mean())) for b in bands",
        "tests/features/scene/test_body_size.py",
    ),
    (
        "vadjax/features/scene/body_size.py",
        "slope = _DAMPED * float(",
        "slope = float(",
        "tests/features/scene/test_body_size.py",
    ),
    (
        "vadjax/features/scene/meter.py",
        "< STILL * 2 / BOX *",
        "< STILL *",
        "tests/features/scene/test_meter.py",
    ),
    (
        "vadjax/features/scene/reference.py",
        "round(height / CELL)",
        "round(height / CELL) + 9",
        "tests/features/scene/test_reference.py",
    ),
    (
        "vadjax/features/scene/rows.py",
        "row[:count, PLACE:] = looks[start : start + count]",
        "row[:count, PLACE:] = looks[:count]",
        "tests/features/scene/test_rows.py",
    ),
    (
        "vadjax/features/scene/extract.py",
        '.get("fps", fps) == fps',
        '.get("fps", fps) == store.meta(video).get("fps", fps)',
        "tests/features/scene/test_extract.py",
    ),
    (
        "vadjax/features/scene/shake.py",
        "LEAST) <= far <= self._most or",
        "LEAST) <= far or",
        "tests/features/scene/test_shake.py",
    ),
    (
        "vadjax/features/scene/meter.py",
        "centres + np.array(shift, np.float32)",
        "centres",
        "tests/features/scene/test_shake.py",
    ),
    # pseudo-anomalies
    (
        "vadjax/pseudo/kinds.py",
        "abnormal=shown == stop",
        "abnormal=True",
        "tests/pseudo/test_clips.py",
    ),
    (
        "vadjax/pipeline/pseudo_set.py",
        "if held_with[n] == held_with[name] and n != name",
        "if n != name",
        "tests/pipeline/test_pseudo_set.py",
    ),
    (
        "vadjax/pipeline/tune.py",
        "others = [clip for clip in clips if fold_of[clip.id] != number]",
        "others = list(clips)",
        "tests/pipeline/test_pseudo_set.py",
    ),
    (
        "vadjax/detectors/frontend.py",
        "name: by_tap[tap] for name, tap in taps.items()",
        "name: by_tap[min(by_tap)] for name, tap in taps.items()",
        TAPS,
    ),
    (
        "vadjax/pipeline/run.py",
        "name: self.tap_stores[tap] for name, tap in self.taps.items()",
        "name: self.tap_stores[min(self.tap_stores)] for name, tap in self.taps.items()",
        TAPS,
    ),
    (
        "vadjax/pipeline/trained.py",
        "name: by_tap[tap] for name, tap in run.taps.items()",
        "name: by_tap[min(by_tap)] for name, tap in run.taps.items()",
        TAPS,
    ),
    (
        "vadjax/detectors/rules.py",
        "scores[number] = maps[number].max()",
        "scores[number] = values.max()",
        "tests/detectors/test_rules.py",
    ),
    (
        "vadjax/detectors/rules.py",
        "self._last[0][0] <= index - self._rules.frames",
        "self._last[0][0] < index - self._rules.frames",
        "tests/detectors/test_rules.py",
    ),
    (
        "vadjax/pipeline/adversarial.py",
        "np.where(np.asarray(labels) > 0, -1, 1)",
        "np.where(np.asarray(labels) > 0, 1, -1)",
        "tests/pipeline/test_robustness.py",
    ),
    (
        "vadjax/pipeline/robustness.py",
        "        if why := refusal(detector.run):",
        "        if (why := refusal(detector.run)) and False:",
        "tests/pipeline/test_robustness.py",
    ),
    (
        "vadjax/data/splits/split_once.py",
        "validation, ranked = _even(ranked, held, rng)",
        "validation, ranked = _even(usable, held, rng)",
        SPLITS,
    ),
    (
        "vadjax/models/objectives/mil_ranking.py",
        "top = scores.max(1)",
        "top = scores.max(0)[: len(scores)]",
        BAGS,
    ),
    (
        "vadjax/models/objectives/mil_ranking.py",
        "jax.nn.relu(1.0 - top[:, None] + top[None, :])",
        "jax.nn.relu(1.0 + top[:, None] - top[None, :])",
        BAGS,
    ),
    (
        "vadjax/models/objectives/bags.py",
        "return jnp.where(label, weight, 0.0), jnp.where(label, 0.0, weight)",
        "return jnp.where(label, 0.0, weight), jnp.where(label, weight, 0.0)",
        BAGS,
    ),
    (
        "vadjax/models/objectives/mil_topk.py",
        "jax.lax.top_k(_length(hidden).mean(-1), count)",
        "jax.lax.top_k(scores, count)",
        BAGS,
    ),
    (
        "vadjax/models/bag_mlp.py",
        "            logits = _mean_probability(logits)",
        "            logits = logits[..., 0]",
        BAGS,
    ),
    (
        "vadjax/detectors/bags.py",
        "np.asarray(rows[a : max(b, a + 1)], np.float32).mean(0)",
        "np.asarray(rows[a : max(b, a + 1)], np.float32)[0]",
        "tests/detectors/test_bag_model.py",
    ),
    (
        "vadjax/detectors/bag_model.py",
        "    return int(label)",
        "    return 1 - int(label)",
        "tests/detectors/test_bag_model.py",
    ),
    (
        "vadjax/detectors/bag_model.py",
        "np.repeat(values, own.counts)",
        "np.repeat(values, self.config.window.length)",
        "tests/detectors/test_bag_model.py",
    ),
    (
        "vadjax/data/splits/split_weak.py",
        '    stops, threshold, remarks = held["normal"], held["normal"], list(warnings)',
        '    stops, threshold, remarks = held["normal"], held["abnormal"], list(warnings)',
        "tests/data/splits/test_split_weak.py",
    ),
    (
        "vadjax/data/builders/published_features.py",
        "rows.mean(1, dtype=np.float32)",
        "rows[:, 0]",
        FEATURES,
    ),
    (
        "vadjax/data/builders/feature_lists.py",
        "np.mean(np.stack(parts), 0, dtype=np.float32)",
        "parts[0]",
        FEATURES,
    ),
    (
        "vadjax/data/builders/feature_frames.py",
        "if -STEP < num_frames - num_rows * STEP <= STEP:",
        "if abs(num_frames - num_rows * STEP) < 2 * STEP:",
        FEATURES,
    ),
    (
        "vadjax/data/builders/feature_names.py",
        "sorted(files, key=lambda n: n or 0)",
        "sorted(files, key=lambda n: -(n or 0))",
        FEATURES,
    ),
    (
        "vadjax/data/labels/track_rows.py",
        "place - size / 2 if centre else place",
        "place",
        "tests/data/builders/test_street_and_campus.py",
    ),
    (
        "vadjax/data/labels/mask_forms.py",
        'levels.dtype.kind != "f" else brightest / 2)',
        'levels.dtype.kind != "f" else 0)',
        "tests/data/builders/test_folder_masks.py",
    ),
    (
        "vadjax/data/builders/shanghaitech.py",
        "            label = abnormal = 0",
        "            abnormal = 0",
        "tests/data/builders/test_shanghaitech.py",
    ),
]
MUTATIONS = tuple(Mutation(*row) for row in _ROWS)
