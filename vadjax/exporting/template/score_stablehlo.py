"""Score a video with this folder.

python score.py VIDEO > scores.csv

Needs jax, numpy and Pillow; PyAV (av) for video files. A VIDEO may be a folder of images.
"""

import numpy as np
from common import HERE, main


def load(about):
    """Return the programs by name, each a function of one array."""
    import jax

    def program(file):
        call = jax.jit(jax.export.deserialize((HERE / file).read_bytes()).call)
        return lambda x: np.asarray(call(x))

    return {name: program(file) for name, file in about["files"].items()}


if __name__ == "__main__":
    main(load)
