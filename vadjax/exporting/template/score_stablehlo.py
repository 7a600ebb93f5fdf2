"""Score a video with this folder.

python score.py VIDEO > scores.csv

Needs jax, numpy and Pillow; PyAV (av) for video files. A VIDEO may be a folder of images.
"""

import numpy as np
from common import HERE, main


def load(about):
    """Return the programs by name, each a function of arrays that gives a list of arrays."""
    import jax

    def program(file):
        call = jax.jit(jax.export.deserialize((HERE / file).read_bytes()).call)
        return lambda *arrays: [np.asarray(one) for one in call(*arrays)]

    return {name: program(file) for name, file in about["files"].items()}


if __name__ == "__main__":
    main(load)
