"""Extraction and detection on many machines, by a launcher; a video is the unit of work."""
