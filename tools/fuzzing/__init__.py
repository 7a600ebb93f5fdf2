"""Random damage for every reader of vadjax (tools/fuzz.py)."""
