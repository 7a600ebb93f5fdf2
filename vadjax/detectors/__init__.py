"""Anything with `fit`, `score` and `stream`."""
