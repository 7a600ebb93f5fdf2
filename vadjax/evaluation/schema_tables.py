"""The JSON schema of metrics.json, part by part."""

from vadjax.data.scored_video import UNITS

VERSION = 1

_NUMBER = {"type": ["number", "null"]}
_SHARE = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_COUNT = {"type": ["integer", "null"], "minimum": 0}
_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_TEXTS = {"type": "array", "items": _TEXT}
_OBJECT = {"type": "object"}
_OBJECT_OR_NULL = {"type": ["object", "null"]}
_CURVE = {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}}


def _object(properties: dict, *, null: bool = False, optional: dict | None = None) -> dict:
    """Schema of an object with exactly these keys, all but the optional ones required."""
    return {
        "type": ["object", "null"] if null else "object",
        "properties": {**properties, **(optional or {})},
        "required": list(properties),
        "additionalProperties": False,
    }


def _all(schema: dict, names: str) -> dict:
    return {name: schema for name in names.split()}


def _list(items: dict, **limits: int) -> dict:
    return {"type": ["array", "null"], "items": items, **limits}


_PARTS = _object(
    {
        **_all(_SHARE, "share_within within across clip_mean shuffled"),
        **_all(_list(_SHARE, minItems=2, maxItems=2), "within_ci95 across_ci95"),
    },
    null=True,
)

_FRAME = _object(
    {
        **_all(_SHARE, "auc_micro auc_macro ap ap_chance eer"),
        "auc_micro_ci95": _list(_SHARE, minItems=2, maxItems=2),
        "macro_skipped": _COUNT,
        "bootstrap": _object(_all(_COUNT, "videos resamples redrawn"), optional={"scenes": _COUNT}),
        "roc": _object({"fpr": _CURVE, "tpr": _CURVE}, null=True),
        "pr": _object({"recall": _CURVE, "precision": _CURVE}, null=True),
    },
    optional={
        "folds": _object({"auc": _list(_SHARE), "mean": _SHARE, "sd": _NUMBER, "skipped": _COUNT}),
        **_all(_SHARE, "auc_anomalous_videos auc_video auc_micro_scored"),
        "video_pooling": {"enum": ["max"]},
        "num_scenes": _COUNT,
        "auc_parts": _PARTS,
        **_all(_SHARE, "recall_at_fpr_1pct recall_at_fpr_01pct auc_partial"),
    },
)

_MATCHED = _object(  # events and alarms one to one
    {
        **_all(_SHARE, "precision recall f1 mean_f1"),
        "by_iou": _list(_object(_all(_SHARE, "iou precision recall f1"))),
    },
    null=True,
)

_EVENTS = _object(
    {
        **_all(_COUNT, "events touched alarms false_alarms"),
        "touched_rate": _SHARE,
        **_all(_NUMBER, "median_delay_frames median_delay_s median_delay_touched_frames"),
        "normal_hours": _NUMBER,
    },
    optional={
        "found": _COUNT,
        **_all(_SHARE, "found_rate found_iou mean_share_called"),
        "matched": _MATCHED,
    },
)

_EXPECTED = _object(  # share of normal frames called abnormal, from held-out clips
    {**_all(_SHARE, "asked mean low high clip_high"), **_all(_COUNT, "clips cross_fit")}, null=True
)

_THRESHOLD = _object(
    {
        "rule": _TEXT,
        "value": _NUMBER,
        "values": _list(_NUMBER),
        "calibration": _object(_all(_COUNT, "videos frames"), optional={"clips": _list(_TEXTS)}),
        **_all(_SHARE, "accuracy balanced_accuracy precision recall f1 false_positive_rate"),
        "mcc": {"type": ["number", "null"], "minimum": -1, "maximum": 1},
        "confusion": _object(_all(_COUNT, "tp fp tn fn"), null=True),
        "events": {**_EVENTS, "type": ["object", "null"]},
        "false_alarms_per_hour": _NUMBER,
    },
    optional={"fallback": _TEXT_OR_NULL, "expected": _EXPECTED, "specificity": _SHARE},
)

_RULE = _object(
    {
        "rule": _TEXT,
        "value": _NUMBER,
        "oracle": {"const": False},
        "note": _TEXT_OR_NULL,
        **_all(_SHARE, "precision recall f1 balanced_accuracy false_positive_rate"),
        "false_alarms_per_hour": _NUMBER,
    }
)

_SWEEP = _object(
    {
        "threshold": {"type": "array", "items": {"type": "number"}},
        **_all(_CURVE, "precision recall f1 fpr"),
        "false_alarms": _list({"type": "integer", "minimum": 0}),
    },
    null=True,
)

_EVENT_CURVE = _object(
    {
        **_all(_SHARE, "iou ap"),
        "recall_at": _list(_object({"per_hour": _NUMBER, "recall": _SHARE})),
        "rate_at": _list(_object({"recall": _SHARE, "per_hour": _NUMBER})),
    },
    null=True,
    optional=_all(_SHARE, "ap_chance latency_ap"),
)

_RELIABILITY = _object(
    {
        **_all(_SHARE, "ece brier"),
        "bins": _list(_object({"frames": _COUNT, **_all(_SHARE, "from mean_score abnormal")})),
    },
    null=True,
)

_APART = _object(
    {
        "cues": {"type": "object", "additionalProperties": _SHARE},
        "best": _TEXT,
        **_all(_SHARE, "auc chance95 p_value"),
        "clips": {"type": "array", "items": _COUNT},
    },
    null=True,
)

_CLASS = _object({"name": _TEXT, **_all(_SHARE, "precision recall f1"), "support": _COUNT})

_RECOGNIZED = _object(
    {
        "level": {"enum": ["frame", "chunk", "video", "abnormal video", "window"]},
        "truth": {"enum": ["frame", "video", "window"]},  # whose class is the true one
        "names": _TEXTS,
        "support": _COUNT,
        **_all(_SHARE, "accuracy balanced_accuracy majority_accuracy macro_f1"),
        "confusion": _list(_list(_COUNT)),  # rows: the true class
        "classes": _list(_CLASS),
    }
)

_LATENCY = _object(
    {
        **_all(_COUNT, "rows repeats"),
        **_all(_NUMBER, "features_s model_s"),
        "machine": _TEXT,
    },
    null=True,
)

_RECOGNITION = _object(
    {"names": _TEXTS, "levels": _list(_RECOGNIZED)}, null=True, optional={"latency": _LATENCY}
)

_ORACLE = _object(
    {
        "f1": _object({"threshold": _NUMBER, "f1": _SHARE}),
        "youden": _object({"threshold": _NUMBER, "youden": _SHARE}),
        "accuracy": _object({"threshold": _NUMBER, "accuracy": _SHARE}),
        "convention": _TEXT,
    },
    null=True,
)

_TITLE = _object({"title": _TEXT, "group": _TEXT})  # of a baseline: its name, the heading above it

_LEGACY = _object({"name": _TEXT, "value": _SHARE, "convention": _TEXT, "source": _TEXT})

_REGION = _object(
    {
        **_all(_TEXT, "map region_rule"),
        "coverage": _TEXT_OR_NULL,
        **_all(_COUNT, "videos frames regions num_tracks"),
        **_all(_SHARE, "pixel_auc pixel_eer pixel_auc_full_frame rbdc tbdc"),
        "tracks": {"enum": ["native", "derived"]},
        **_all(_NUMBER, "alpha beta"),
    },
    null=True,
)

_INTERVAL = _list(_SHARE, minItems=2, maxItems=2)
_DRAWN = _object(_all(_COUNT, "images resamples"))
_IMAGE = _object(  # of data sets of images: means over categories
    {
        **_all(_SHARE, "auroc ap f1_max"),
        "intervals": _object(_all(_INTERVAL, "auroc ap f1_max")),
        "bootstrap": _DRAWN,
        "categories": _list(
            _object(
                {
                    "category": _TEXT,
                    **_all(_COUNT, "images defective"),
                    **_all(_SHARE, "auroc ap ap_chance f1_max"),
                    "f1_max_threshold": _NUMBER,
                }
            )
        ),
        "defects": _list(
            _object(
                {**_all(_TEXT, "category defect"), "images": _COUNT, **_all(_SHARE, "auroc recall")}
            )
        ),
    },
    null=True,
)
_AREAS = _all(_SHARE, "auroc aupro")
_PIXELS = _object(
    {
        "map": _TEXT,
        "coverage": _TEXT_OR_NULL,
        **_all(_COUNT, "images regions levels"),
        "limit": _SHARE,
        **_AREAS,
        "intervals": _object(_all(_INTERVAL, "auroc aupro")),
        "bootstrap": _DRAWN,
        **_all(_object(_AREAS), "bounds control"),
        "categories": _list(
            _object({"category": _TEXT, **_all(_COUNT, "images regions"), **_AREAS})
        ),
        "defects": _list(
            _object({**_all(_TEXT, "category defect"), **_all(_COUNT, "images regions"), **_AREAS})
        ),
    },
    null=True,
)

_LEAKAGE = {
    **_object(
        {
            **_all(_SHARE, "exact neighbour augmented"),
            "statistic": _TEXTS,
            "verdict": {"enum": ["clean", "leaky", "unknown"]},
        },
        null=True,
    ),
    "additionalProperties": True,  # further kinds, counts
}

_VIDEO = _object(
    {
        "id": _TEXT,
        "frames": _COUNT,
        "abnormal": _COUNT,
        "filled": _COUNT,
        "auc": _SHARE,
        "max_score": _NUMBER,
        "fold": _COUNT,
        "threshold": _NUMBER,
        "alarms": _list({"type": "array", "items": _COUNT, "minItems": 2, "maxItems": 2}),
    }
)

_RATED = {
    **_all(_COUNT, "frames abnormal"),
    **_all(_SHARE, "accuracy sensitivity specificity precision f1"),
    "psnr": _NUMBER,
}
_LEVEL = {"enum": ["low", "moderate", "high", None]}
_SETS = _object(
    {
        "videos": _list(
            _object(
                {
                    **{**_all(_TEXT, "set id"), "fold": _COUNT, **_RATED},
                    **_all(_SHARE, "difference_rate flow_explained"),
                    **_all(_NUMBER, "flow learning_rate"),
                    **_all(_LEVEL, "motion effectiveness"),
                }
            )
        ),
        "totals": _list(_object({"set": _TEXT, "videos": _COUNT, **_RATED})),
        "scale": _object(
            {
                **_all(_NUMBER, "difference_above difference_deviations"),
                **_all(_list(_NUMBER), "flow_begins effectiveness_begins"),
            },
            null=True,
        ),
    },
    null=True,
)

_AGAINST = _all(_NUMBER, "value chance centre motion")
_EXPLAIN = _object(
    {
        "method": _TEXT,
        "tap": _TEXT_OR_NULL,
        **_all(_COUNT, "frames left_out"),
        **_all(_object(_AGAINST, null=True), "pointing energy map_auc"),
        "deletion": _object({**_AGAINST, "frames": _COUNT}, null=True),
        "sanity": _object(
            {"correlation": {"type": "number", "minimum": -1, "maximum": 1}, "frames": _COUNT},
            null=True,
        ),
    },
    null=True,
)

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "metrics.json of vadjax",
    **_object(
        {
            "schema_version": {"const": VERSION},
            "dataset": _TEXT,
            "coverage": _TEXT_OR_NULL,
            "label_version": _TEXT_OR_NULL,
            "protocol": _TEXT,
            "warnings": _TEXTS,
            "leakage": _LEAKAGE,
            "detector": _OBJECT,
            "frame": _FRAME,
            "baselines": {"type": "object", "additionalProperties": _SHARE},
            "threshold": _THRESHOLD,
            "kinds": _list(
                _object(
                    {"kind": _TEXT, **_all(_COUNT, "frames videos"), **_all(_SHARE, "auc recall")}
                )
            ),
            "region": _REGION,
            "explain": _EXPLAIN,
            "videos": {"type": "array", "items": _VIDEO},
            "accounting": _object(
                _all(_COUNT, "videos frames labels abnormal scored filled substituted"),
                optional={"dropped": _COUNT},  # of older runs, always 0
            ),
            "lookahead_frames": {"type": "integer", "minimum": 0},
            "seeds": {"type": ["array", "object"]},
            "timing": _OBJECT,
            "environment": _OBJECT,
            "reasons": {"type": "object", "additionalProperties": _TEXT},
            "remarks": {"type": "object", "additionalProperties": _TEXT},
        },
        optional={  # added later: what older versions wrote stays valid
            "unit": {"enum": list(UNITS)},  # what is counted; frames where absent
            "smoothing": _TEXT_OR_NULL,  # of older runs, always null
            "baseline_titles": {"type": "object", "additionalProperties": _TITLE},
            "thresholds": _list(_RULE),
            "sweep": _SWEEP,
            "event_curve": _EVENT_CURVE,
            "reliability": _RELIABILITY,
            "annotations": _object(
                {
                    "versions": _TEXTS,
                    **_all(_SHARE, "prob_auc prob_ap disagreeing"),
                    "kappa": _NUMBER,
                    "auc": {"type": "object", "additionalProperties": _SHARE},
                },
                null=True,
            ),
            "scene_bias": _object(
                _all(_APART, "test_from_training abnormal_from_normal"), null=True
            ),
            "classes": _list(_CLASS),
            "recognition": _RECOGNITION,
            "oracle": _ORACLE,
            "legacy": _list(_LEGACY),
            "sets": _SETS,
            "image": _IMAGE,
            "pixels": _PIXELS,
        },
    ),
}

# Whose nulls need no reason: facts that may not apply.
FREE = {
    "threshold.fallback",
    "thresholds[].note",
    "region.coverage",
    "pixels.coverage",
    "coverage",
    "label_version",
    "smoothing",
    "detector",
    "seeds",
    "timing",
    "environment",
}
