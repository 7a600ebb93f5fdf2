"""A small drawn world: a walkway under a fixed camera, and what happens on it.

`camera` projects metres to pixels, `shapes` draws solid parts, `people` and `vehicles` model what
moves, `backdrop` paints what does not, `story` decides who goes where and when, and `render` turns
a story into frames with exact labels, masks and tracks. The world is in metres: x along the
walkway (to the right), y away from the camera, z up; the walkway's middle is y = 0.
"""
