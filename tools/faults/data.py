"""Faults in data, labels, splits and the audit: file, text, fault, tests; see `Mutation`."""

AUDIT = "tests/data/leakage/test_audit.py"
COPIES = "tests/data/leakage/test_copy_search.py"
FEATURES = "tests/data/builders/test_feature_lists.py"
INTERVALS = "tests/data/labels/test_interval_rows.py"
SPLITS = "tests/data/splits/test_folds.py"

ROWS = [
    (
        "vadjax/data/splits/split_weak.py",
        'groups = _by_class(own) if protocol == "weak" else [own]',
        "groups = [own]",
        "tests/data/splits/test_split_weak.py",
    ),
    (
        "vadjax/data/class_ids.py",
        "for number in range(len(names) - 1, 0, -1):",
        "for number in range(1, len(names)):",
        "tests/data/test_class_ids.py",
    ),
    (
        "vadjax/data/builders/chunk_files.py",
        "return np.where(ones.any(axis=1), ones.argmax(axis=1), -1)",
        "return ones.argmax(axis=1)",
        "tests/data/builders/test_chunk_files.py",
    ),
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
        "pairs.append(np.stack([own, first[copy.other] + copy.others()], 1))",
        "pairs.append(np.stack([own, first[copy.other] + copy.others() + 7], 1))",
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
        "return bool((like[:left] < below).all() and (like[right:] < below).all())",
        "return True",
        COPIES,
    ),
    (
        "vadjax/data/leakage/copy_match.py",
        "yield start, min(frames, start + PIECE + overlap)",
        "yield start, min(frames, start + PIECE)",
        "tests/data/leakage/test_long_clips.py",
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
    (
        "vadjax/data/splits/split_once.py",
        "validation, ranked = _even(ranked, held, rng)",
        "validation, ranked = _even(usable, held, rng)",
        SPLITS,
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
