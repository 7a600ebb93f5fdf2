"""Pseudo-anomalies: clips of a fixed camera with something abnormal drawn into them, labelled."""
