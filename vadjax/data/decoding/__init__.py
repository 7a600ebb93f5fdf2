"""Video files, cameras, streams and pipes into frames with times."""
