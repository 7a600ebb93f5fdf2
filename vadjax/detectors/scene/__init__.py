"""The detector of a fixed camera: what moves, stands or looks unlike what was normal there."""
