"""Trained detectors into folders of ONNX or StableHLO, which are run without vadjax."""
