"""Paths, and the files at them: what is listed, in which order, and whether it has changed."""
