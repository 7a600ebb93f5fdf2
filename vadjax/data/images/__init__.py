"""Image files, and clips made of them: headers are checked before anything is decoded."""
