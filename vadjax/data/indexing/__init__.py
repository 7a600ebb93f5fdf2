"""What lies on disk: clips are found, measured once, and kept in an index."""
