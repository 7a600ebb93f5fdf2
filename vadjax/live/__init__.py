"""Cameras that are watched for weeks: sources, events, and what is kept of them."""
