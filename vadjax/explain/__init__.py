"""Heatmaps of what made a score, their worth, and pictures and films of them."""
