"""The synthetic data set: a walkway seen by a fixed camera, with people and anomalies.

`camera` projects metres to pixels, `shapes` draws solid parts, `people` and `vehicles` model what
moves, `backdrop` paints the static scene, `scenario` plans who goes where and when, `actors` holds
one planned actor, and `render` turns a scenario into frames with exact labels, masks and tracks.
The world is in metres: x along the walkway (to the right), y away from the camera, z up; the
walkway's middle is y = 0.
"""
