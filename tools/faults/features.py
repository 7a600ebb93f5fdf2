"""Faults in features and objects: file, text, fault, tests; see `Mutation`."""

MOTION = "tests/features/test_motion.py"
PASSING = "tests/features/scene/test_passing.py"
STANDARDIZE = "tests/features/test_standardize.py"

ROWS = [
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
    (
        "vadjax/features/scene/seen_objects.py",
        "return (now != before) | (numbers == 0)",
        "return now == before",
        "tests/features/scene/test_seen_objects.py",
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
    # the detector of a fixed camera
    (
        "vadjax/features/scene/learn.py",
        "itertools.islice(video.frames, start, stop)",
        "itertools.islice(video.frames, 0, None)",
        "tests/features/scene/test_learn.py",
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
        "vadjax/features/scene/meter.py",
        "np.where(self._stands, self._still, np.float32(0))",
        "self._still",
        "tests/features/scene/test_meter.py",
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
        "flow = _half(optical_flow(self._last, newest)) * share[..., None]",
        "flow = _half(optical_flow(self._last, newest)) * share[..., None] / 2",
        "tests/features/scene/test_meter.py",
    ),
    (
        "vadjax/backbones/optical_flow.py",
        "plane[out] = 0 if number < 2 else one.planes[number][out]",
        "plane[out] = 0",
        "tests/backbones/test_optical_flow.py",
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
    (
        "vadjax/backbones/ten_crops.py",
        "np.concatenate([crops, crops[:, :, ::-1]])",
        "np.concatenate([crops, crops[:, ::-1]])",
        "tests/backbones/test_ten_crops.py",
    ),
    (
        "vadjax/backbones/ten_crops.py",
        "features.mean(1) if self.kept",
        "features[:, 0] if self.kept",
        "tests/backbones/test_ten_crops.py",
    ),
]
