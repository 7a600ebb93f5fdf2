"""Faults in scoring and evaluation: file, text, fault, tests; see `Mutation`."""

DECISIONS = "tests/evaluation/test_decisions.py tests/evaluation/test_events.py"
FRAME = "tests/evaluation/test_frame.py"
THRESHOLDS = "tests/evaluation/test_thresholds.py"

ROWS = [
    (
        "vadjax/training/population.py",
        "if going_on:",
        "if False:",
        "tests/sweeps/test_kept_members.py",
    ),
    (
        "vadjax/storage/member_file.py",
        'kept.get("identity") != json.loads(json.dumps(identity)) or ',
        "",
        "tests/sweeps/test_kept_members.py",
    ),
    (
        "vadjax/evaluation/streamed.py",
        "twice = 2 * n_below + n  #",
        "twice = 2 * n_below  #",
        "tests/evaluation/test_streamed.py",
    ),
    (
        "vadjax/evaluation/streamed.py",
        "- (np.cumsum(normal) - normal)[video]",
        "",
        "tests/evaluation/test_streamed.py",
    ),
    (
        "vadjax/evaluation/streamed.py",
        "+ 2 * s11 / (m * n)",
        "",
        "tests/evaluation/test_streamed.py",
    ),
    (
        "vadjax/evaluation/sorted_frames.py",
        "(scores + np.float32(0)).view",
        "scores.view",
        "tests/evaluation/test_streamed.py",
    ),
    (
        "vadjax/evaluation/sorted_frames.py",
        "found[:, : counts.shape[1]] += counts",
        "found[:, : counts.shape[1]] += 0",
        "tests/evaluation/test_streamed.py",
    ),
    (
        "vadjax/evaluation/auc_parts.py",
        "(below + normal / 2)",
        "(below + normal)",
        "tests/evaluation/test_auc_parts.py",
    ),
    (
        "vadjax/evaluation/pairwise_auc.py",
        "self.won(counts) - counts @ self.own, pairs",
        "self.won(counts), pairs",
        "tests/evaluation/test_auc_parts.py",
    ),
    (
        "vadjax/evaluation/frame.py",
        'tpr[np.searchsorted(fpr, limit, side="right") - 1]',
        'tpr[np.searchsorted(fpr, limit, side="left")]',
        "tests/evaluation/test_frame.py",
    ),
    (
        "vadjax/models/tcn.py",
        "((0, 0), (back, 0), (0, 0))",
        "((0, 0), (back - self.dilation, self.dilation), (0, 0))",
        "tests/models/test_sequence_models.py",
    ),
    # classes
    (
        "vadjax/evaluation/recognition.py",
        "np.add.at(counts, (truth - first, calls - first), 1)",
        "np.add.at(counts, (calls - first, truth - first), 1)",
        "tests/evaluation/test_recognition.py",
    ),
    (
        "vadjax/evaluation/recognition.py",
        "calls = 1 + means[bad, 1:].argmax(axis=1)",
        "calls = means[bad].argmax(axis=1)",
        "tests/evaluation/test_recognition.py",
    ),
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
        "p_value = min(1.0, 2 * float(tail + 1) / (len(drawn) + 1))",
        "p_value = min(1.0, float(tail + 1) / (len(drawn) + 1))",
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
        "vadjax/evaluation/alarm_rates.py",
        "others = np.maximum.accumulate(maxima[order][::-1])[::-1]",
        "others = np.minimum.accumulate(maxima[order][::-1])[::-1]",
        "tests/evaluation/test_alarm_rates.py",
    ),
    (
        "vadjax/evaluation/clip_pool.py",
        "ranks + removed",
        "ranks + removed + 1",
        "tests/evaluation/test_clip_pool.py",
    ),
    (
        "vadjax/evaluation/alarm_pool.py",
        "near &= place[second] - place[first + 1] < gaps[first]",
        "near &= place[second] - place[first] < gaps[first]",
        "tests/evaluation/test_clip_pool.py",
    ),
    (
        "vadjax/evaluation/pairwise_auc.py",
        "twice += np.take(below, self.ties_too) if self.tied else twice",
        "twice += twice",
        "tests/evaluation/test_bootstrap.py",
    ),
    (
        "vadjax/evaluation/alarm_rates.py",
        "value = lowest_threshold(videos, max(1, allowed), most_called=MOST_CALLED)",
        "value = lowest_threshold(videos, 1 + allowed, most_called=MOST_CALLED)",
        "tests/evaluation/test_alarm_rates.py",
    ),
    (
        "vadjax/scoring/tail.py",
        "max(float(over.mean()), 1e-12) if len(over) else 1.0",
        "max(float(over.mean()), 1e-12) if len(over) else 1e-12",
        "tests/scoring/test_fusion.py tests/detectors/scene/test_detector.py",
    ),
]
