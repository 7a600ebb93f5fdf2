"""Arrays in files: read after a check of what the file claims, or a stretch at a time."""
