"""The JSON schema of metrics.json, part by part."""

from vadjax.data.scored_video import UNITS
from vadjax.evaluation.schema_kinds import CLASS, IMAGE, PIXELS, RECOGNITION, SETS
from vadjax.evaluation.schema_shapes import (
    COUNT,
    CURVE,
    NUMBER,
    OBJECT,
    SHARE,
    TEXT,
    TEXT_OR_NULL,
    TEXTS,
    each,
    exactly,
    many,
)

VERSION = 1

_PARTS = exactly(
    {
        **each(SHARE, "share_within within across clip_mean shuffled"),
        **each(many(SHARE, minItems=2, maxItems=2), "within_ci95 across_ci95"),
    },
    null=True,
)

_FRAME = exactly(
    {
        **each(SHARE, "auc_micro auc_macro ap ap_chance eer"),
        "auc_micro_ci95": many(SHARE, minItems=2, maxItems=2),
        "macro_skipped": COUNT,
        "bootstrap": exactly(each(COUNT, "videos resamples redrawn"), optional={"scenes": COUNT}),
        "roc": exactly({"fpr": CURVE, "tpr": CURVE}, null=True),
        "pr": exactly({"recall": CURVE, "precision": CURVE}, null=True),
    },
    optional={
        "folds": exactly({"auc": many(SHARE), "mean": SHARE, "sd": NUMBER, "skipped": COUNT}),
        **each(SHARE, "auc_anomalous_videos auc_video auc_micro_scored"),
        "video_pooling": {"enum": ["max"]},
        "num_scenes": COUNT,
        "auc_parts": _PARTS,
        **each(SHARE, "recall_at_fpr_1pct recall_at_fpr_01pct auc_partial"),
    },
)

_MATCHED = exactly(  # events and alarms one to one
    {
        **each(SHARE, "precision recall f1 mean_f1"),
        "by_iou": many(exactly(each(SHARE, "iou precision recall f1"))),
    },
    null=True,
)

_EVENTS = exactly(
    {
        **each(COUNT, "events touched alarms false_alarms"),
        "touched_rate": SHARE,
        **each(NUMBER, "median_delay_frames median_delay_s median_delay_touched_frames"),
        "normal_hours": NUMBER,
    },
    optional={
        "found": COUNT,
        **each(SHARE, "found_rate found_iou mean_share_called"),
        "matched": _MATCHED,
    },
)

_EXPECTED = exactly(  # share of normal frames called abnormal, from held-out clips
    {**each(SHARE, "asked mean low high clip_high"), **each(COUNT, "clips cross_fit")},
    null=True,
)

_THRESHOLD = exactly(
    {
        "rule": TEXT,
        "value": NUMBER,
        "values": many(NUMBER),
        "calibration": exactly(each(COUNT, "videos frames"), optional={"clips": many(TEXTS)}),
        **each(SHARE, "accuracy balanced_accuracy precision recall f1 false_positive_rate"),
        "mcc": {"type": ["number", "null"], "minimum": -1, "maximum": 1},
        "confusion": exactly(each(COUNT, "tp fp tn fn"), null=True),
        "events": {**_EVENTS, "type": ["object", "null"]},
        "false_alarms_per_hour": NUMBER,
    },
    optional={"fallback": TEXT_OR_NULL, "expected": _EXPECTED, "specificity": SHARE},
)

_RULE = exactly(
    {
        "rule": TEXT,
        "value": NUMBER,
        "oracle": {"const": False},
        "note": TEXT_OR_NULL,
        **each(SHARE, "precision recall f1 balanced_accuracy false_positive_rate"),
        "false_alarms_per_hour": NUMBER,
    }
)

_SWEEP = exactly(
    {
        "threshold": {"type": "array", "items": {"type": "number"}},
        **each(CURVE, "precision recall f1 fpr"),
        "false_alarms": many({"type": "integer", "minimum": 0}),
    },
    null=True,
)

_EVENT_CURVE = exactly(
    {
        **each(SHARE, "iou ap"),
        "recall_at": many(exactly({"per_hour": NUMBER, "recall": SHARE})),
        "rate_at": many(exactly({"recall": SHARE, "per_hour": NUMBER})),
    },
    null=True,
    optional=each(SHARE, "ap_chance latency_ap"),
)

_RELIABILITY = exactly(
    {
        **each(SHARE, "ece brier"),
        "bins": many(exactly({"frames": COUNT, **each(SHARE, "from mean_score abnormal")})),
    },
    null=True,
)

_APART = exactly(
    {
        "cues": {"type": "object", "additionalProperties": SHARE},
        "best": TEXT,
        **each(SHARE, "auc chance95 p_value"),
        "clips": {"type": "array", "items": COUNT},
    },
    null=True,
)

_ORACLE = exactly(
    {
        "f1": exactly({"threshold": NUMBER, "f1": SHARE}),
        "youden": exactly({"threshold": NUMBER, "youden": SHARE}),
        "accuracy": exactly({"threshold": NUMBER, "accuracy": SHARE}),
        "convention": TEXT,
    },
    null=True,
)

_TITLE = exactly({"title": TEXT, "group": TEXT})  # of a baseline: its name, the heading above it

_LEGACY = exactly({"name": TEXT, "value": SHARE, "convention": TEXT, "source": TEXT})

_REGION = exactly(
    {
        **each(TEXT, "map region_rule"),
        "coverage": TEXT_OR_NULL,
        **each(COUNT, "videos frames regions num_tracks"),
        **each(SHARE, "pixel_auc pixel_eer pixel_auc_full_frame rbdc tbdc"),
        "tracks": {"enum": ["native", "derived"]},
        **each(NUMBER, "alpha beta"),
    },
    null=True,
)

_LEAKAGE = {
    **exactly(
        {
            **each(SHARE, "exact neighbour augmented"),
            "statistic": TEXTS,
            "verdict": {"enum": ["clean", "leaky", "unknown"]},
        },
        null=True,
    ),
    "additionalProperties": True,  # further kinds, counts
}

_VIDEO = exactly(
    {
        "id": TEXT,
        "frames": COUNT,
        "abnormal": COUNT,
        "filled": COUNT,
        "auc": SHARE,
        "max_score": NUMBER,
        "fold": COUNT,
        "threshold": NUMBER,
        "alarms": many({"type": "array", "items": COUNT, "minItems": 2, "maxItems": 2}),
    }
)

_AGAINST = each(NUMBER, "value chance centre motion")
_EXPLAIN = exactly(
    {
        "method": TEXT,
        "tap": TEXT_OR_NULL,
        **each(COUNT, "frames left_out"),
        **each(exactly(_AGAINST, null=True), "pointing energy map_auc"),
        "deletion": exactly({**_AGAINST, "frames": COUNT}, null=True),
        "sanity": exactly(
            {"correlation": {"type": "number", "minimum": -1, "maximum": 1}, "frames": COUNT},
            null=True,
        ),
    },
    null=True,
)

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "metrics.json of vadjax",
    **exactly(
        {
            "schema_version": {"const": VERSION},
            "dataset": TEXT,
            "coverage": TEXT_OR_NULL,
            "label_version": TEXT_OR_NULL,
            "protocol": TEXT,
            "warnings": TEXTS,
            "leakage": _LEAKAGE,
            "detector": OBJECT,
            "frame": _FRAME,
            "baselines": {"type": "object", "additionalProperties": SHARE},
            "threshold": _THRESHOLD,
            "kinds": many(
                exactly({"kind": TEXT, **each(COUNT, "frames videos"), **each(SHARE, "auc recall")})
            ),
            "region": _REGION,
            "explain": _EXPLAIN,
            "videos": {"type": "array", "items": _VIDEO},
            "accounting": exactly(
                each(COUNT, "videos frames labels abnormal scored filled substituted"),
                optional={"dropped": COUNT},  # of older runs, always 0
            ),
            "lookahead_frames": {"type": "integer", "minimum": 0},
            "seeds": {"type": ["array", "object"]},
            "timing": OBJECT,
            "environment": OBJECT,
            "reasons": {"type": "object", "additionalProperties": TEXT},
            "remarks": {"type": "object", "additionalProperties": TEXT},
        },
        optional={  # added later: what older versions wrote stays valid
            "unit": {"enum": list(UNITS)},  # what is counted; frames where absent
            "smoothing": TEXT_OR_NULL,  # of older runs, always null
            "baseline_titles": {"type": "object", "additionalProperties": _TITLE},
            "thresholds": many(_RULE),
            "sweep": _SWEEP,
            "event_curve": _EVENT_CURVE,
            "reliability": _RELIABILITY,
            "annotations": exactly(
                {
                    "versions": TEXTS,
                    **each(SHARE, "prob_auc prob_ap disagreeing"),
                    "kappa": NUMBER,
                    "auc": {"type": "object", "additionalProperties": SHARE},
                },
                null=True,
            ),
            "scene_bias": exactly(
                each(_APART, "test_from_training abnormal_from_normal"), null=True
            ),
            "classes": many(CLASS),
            "recognition": RECOGNITION,
            "oracle": _ORACLE,
            "legacy": many(_LEGACY),
            "sets": SETS,
            "image": IMAGE,
            "pixels": PIXELS,
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
