"""Variables + arrays -> one score a frame."""
