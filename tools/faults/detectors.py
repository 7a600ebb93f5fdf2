"""Faults in detectors: file, text, fault, tests; see `Mutation`."""

ADDING = "tests/detectors/scene/test_adding.py"
BODIES = "tests/detectors/scene/test_bodies.py"
FITS = "tests/pipeline/test_fits.py"
RARITY = "tests/detectors/scene/test_rarity.py"
SCENE = "tests/detectors/scene/test_detector.py"
TAPS = "tests/pipeline/test_several_taps.py"

ROWS = [
    (
        "vadjax/detectors/scene/cues/direction.py",
        "near += _FRAMES",
        "near += 1e-9",
        "tests/detectors/scene/cues/test_direction.py",
    ),
    (
        "vadjax/detectors/scene/surroundings.py",
        "rows = total[self._bottom] - total[self._top]",
        "rows = total[self._bottom]",
        "tests/detectors/scene/cues/test_covered.py",
    ),
    # classes
    (
        "vadjax/detectors/window_labels.py",
        "np.arange(span - 1, len(clip), span, dtype=np.int32),",
        "np.arange(0, len(clip), span, dtype=np.int32),",
        "tests/pipeline/test_recognition.py",
    ),
    (
        "vadjax/detectors/window_scores.py",
        "return clip.scored(probabilities[:, 1:].sum(axis=1), predicted, recognized=own)",
        "return clip.scored(probabilities[:, 1], predicted, recognized=own)",
        "tests/pipeline/test_recognition.py",
    ),
    # what a fit may read
    (
        "vadjax/detectors/window_model.py",
        "standardizer, window = self.standardizer(train), self.config.window",
        "standardizer, window = self.standardizer([*train, *validation]), self.config.window",
        FITS,
    ),
    (
        "vadjax/detectors/feature_distance.py",
        "return np.flatnonzero(clip.labels == 0)",
        "return np.arange(len(clip))",
        "tests/detectors/test_detectors.py tests/detectors/test_feature_distance.py",
    ),
    (
        "vadjax/detectors/scene/cues/objects.py",
        "ratio = scores / self._limits.get(number, LEAST)",
        "ratio = scores / LEAST",
        "tests/detectors/scene/cues/test_objects.py",
    ),
    (
        "vadjax/detectors/scene/bodies.py",
        "if self._begun:  # the first",
        "if True:  # the first",
        BODIES,
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
        "vadjax/detectors/frontend.py",
        "name: by_tap[tap] for name, tap in taps.items()",
        "name: by_tap[min(by_tap)] for name, tap in taps.items()",
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
]
