"""Parts of the schema that some data sets alone have: classes, images, all sets of videos."""

from vadjax.evaluation.schema_shapes import (
    COUNT,
    NUMBER,
    SHARE,
    TEXT,
    TEXT_OR_NULL,
    TEXTS,
    each,
    exactly,
    many,
)

CLASS = exactly({"name": TEXT, **each(SHARE, "precision recall f1"), "support": COUNT})

_RECOGNIZED = exactly(
    {
        "level": {"enum": ["frame", "chunk", "video", "abnormal video", "window"]},
        "truth": {"enum": ["frame", "video", "window"]},  # whose class is the true one
        "names": TEXTS,
        "support": COUNT,
        **each(SHARE, "accuracy balanced_accuracy majority_accuracy macro_f1"),
        "confusion": many(many(COUNT)),  # rows: the true class
        "classes": many(CLASS),
    }
)

_LATENCY = exactly(
    {
        **each(COUNT, "rows repeats"),
        **each(NUMBER, "features_s model_s"),
        "machine": TEXT,
    },
    null=True,
)

RECOGNITION = exactly(
    {"names": TEXTS, "levels": many(_RECOGNIZED)}, null=True, optional={"latency": _LATENCY}
)

_INTERVAL = many(SHARE, minItems=2, maxItems=2)
_DRAWN = exactly(each(COUNT, "images resamples"))
IMAGE = exactly(  # of data sets of images: means over categories
    {
        **each(SHARE, "auroc ap f1_max"),
        "intervals": exactly(each(_INTERVAL, "auroc ap f1_max")),
        "bootstrap": _DRAWN,
        "categories": many(
            exactly(
                {
                    "category": TEXT,
                    **each(COUNT, "images defective"),
                    **each(SHARE, "auroc ap ap_chance f1_max"),
                    "f1_max_threshold": NUMBER,
                }
            )
        ),
        "defects": many(
            exactly(
                {
                    **each(TEXT, "category defect"),
                    "images": COUNT,
                    **each(SHARE, "auroc recall"),
                }
            )
        ),
    },
    null=True,
)
_AREAS = each(SHARE, "auroc aupro")
PIXELS = exactly(
    {
        "map": TEXT,
        "coverage": TEXT_OR_NULL,
        **each(COUNT, "images regions levels"),
        "limit": SHARE,
        **_AREAS,
        "intervals": exactly(each(_INTERVAL, "auroc aupro")),
        "bootstrap": _DRAWN,
        **each(exactly(_AREAS), "bounds control"),
        "categories": many(exactly({"category": TEXT, **each(COUNT, "images regions"), **_AREAS})),
        "defects": many(
            exactly({**each(TEXT, "category defect"), **each(COUNT, "images regions"), **_AREAS})
        ),
    },
    null=True,
)

_RATED = {
    **each(COUNT, "frames abnormal"),
    **each(SHARE, "accuracy sensitivity specificity precision f1"),
    "psnr": NUMBER,
}
_LEVEL = {"enum": ["low", "moderate", "high", None]}
SETS = exactly(
    {
        "videos": many(
            exactly(
                {
                    **{**each(TEXT, "set id"), "fold": COUNT, **_RATED},
                    **each(SHARE, "difference_rate flow_explained"),
                    **each(NUMBER, "flow learning_rate"),
                    **each(_LEVEL, "motion effectiveness"),
                }
            )
        ),
        "totals": many(exactly({"set": TEXT, "videos": COUNT, **_RATED})),
        "scale": exactly(
            {
                **each(NUMBER, "difference_above difference_deviations"),
                **each(many(NUMBER), "flow_begins effectiveness_begins"),
            },
            null=True,
        ),
    },
    null=True,
)
