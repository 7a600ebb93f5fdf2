"""Ground truth: labels of frames and masks of pixels, in the forms in which they circulate."""
