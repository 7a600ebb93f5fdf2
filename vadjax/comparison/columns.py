"""The metrics that comparisons show as columns, and where metrics.json has them."""

from typing import NamedTuple


class Column(NamedTuple):
    """One metric.

    Attributes:
        key: heading in csv files and sheets.
        path: dotted path in metrics.json.
        name: heading for reading.
    """

    key: str
    path: str
    name: str


COLUMNS = (
    Column("auc_micro", "frame.auc_micro", "AUC, micro"),
    Column("auc_macro", "frame.auc_macro", "AUC, macro"),
    Column("auc_within", "frame.auc_parts.within", "AUC within clips"),
    Column("auc_across", "frame.auc_parts.across", "AUC across clips"),
    Column("auc_anomalous_videos", "frame.auc_anomalous_videos", "AUC, anomalous videos"),
    Column("auc_video", "frame.auc_video", "AUC, whole videos"),
    Column("ap", "frame.ap", "AP"),
    Column("ap_chance", "frame.ap_chance", "AP of chance"),
    Column("eer", "frame.eer", "EER"),
    Column("recall_at_fpr_1pct", "frame.recall_at_fpr_1pct", "Recall at 1 % false positives"),
    Column("accuracy", "threshold.accuracy", "Accuracy"),
    Column("balanced_accuracy", "threshold.balanced_accuracy", "Balanced accuracy"),
    Column("precision", "threshold.precision", "Precision"),
    Column("recall", "threshold.recall", "Recall"),
    Column("specificity", "threshold.specificity", "Specificity"),
    Column("f1", "threshold.f1", "F1"),
    Column("mcc", "threshold.mcc", "MCC"),
    Column("false_positive_rate", "threshold.false_positive_rate", "False-positive rate"),
    Column("false_alarms_per_hour", "threshold.false_alarms_per_hour", "False alarms per hour"),
    Column("event_f1", "threshold.events.matched.f1", "Event F1"),
    Column("event_mean_f1", "threshold.events.matched.mean_f1", "Event F1, mean over IoU"),
    Column("event_ap", "event_curve.ap", "Event AP"),
    Column("event_ap_chance", "event_curve.ap_chance", "Event AP of chance"),
    Column("image_auroc", "image.auroc", "Image AUROC"),
    Column("image_ap", "image.ap", "Image AP"),
    Column("image_f1_max", "image.f1_max", "Image F1-max (oracle)"),
    Column("pixel_auroc", "pixels.auroc", "Pixel AUROC"),
    Column("aupro", "pixels.aupro", "AUPRO"),
    Column("pixel_auc", "region.pixel_auc", "Pixel AUC"),
    Column("rbdc", "region.rbdc", "RBDC"),
    Column("tbdc", "region.tbdc", "TBDC"),
)
BRIEF = (  # of narrow tables
    *("auc_micro", "auc_macro", "ap", "eer", "f1", "image_f1_max", "pixel_auroc", "aupro"),
    *("pixel_auc", "rbdc"),
)
IMAGE_BRIEF = (  # the same, of images
    *("image_auroc", "image_ap", "image_f1_max", "f1", "pixel_auroc", "aupro"),
)
PATHS = {column.key: column.path for column in COLUMNS}
NAMES = {column.key: column.name for column in COLUMNS}
