"""Frames of a video: where they come from, when they are shown, and what they show."""
