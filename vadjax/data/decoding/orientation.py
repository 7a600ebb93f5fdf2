"""Turn and mirror pictures as their file says: how the camera was held."""

import struct

import numpy as np

Matrix = tuple[int, int, int, int]
TURNED: dict[int, Matrix] = {  # by degrees counterclockwise
    90: (0, -1, 1, 0),
    -90: (0, 1, -1, 0),
    180: (-1, 0, 0, -1),
    -180: (-1, 0, 0, -1),
}


def read_matrix(data: bytes) -> Matrix | None:
    """Read in which of the eight ways a picture is to be shown.

    Args:
      data: a display matrix, 3 x 3 of 32 bits, in 16.16 fixed point but for the last column.

    Returns:
      -1, 0 or 1: how x and y of the stored picture go into x and y of the shown one, as (x to x,
      x to y, y to x, y to y). None shows it as it is stored, and so does any other angle.
    """
    if len(data) < 36:
        return None
    a, b, _, c, d = struct.unpack("=9i", data[:36])[:5]
    x_to_x, x_to_y, y_to_x, y_to_y = (round(value / 65536) for value in (a, b, c, d))
    turns = abs(x_to_y) == abs(y_to_x) == 1 and x_to_x == y_to_y == 0
    mirrors = abs(x_to_x) == abs(y_to_y) == 1 and x_to_y == y_to_x == 0
    if not (turns or mirrors) or (x_to_x, y_to_y) == (1, 1):
        return None
    return x_to_x, x_to_y, y_to_x, y_to_y


def upright(image: np.ndarray, matrix: Matrix | None) -> np.ndarray:
    """Turn and mirror a picture by the display matrix of its file.

    Args:
      image: [h, w, ...].
      matrix: of `read_matrix`.

    Returns:
      A view of it.
    """
    if matrix is None:
        return image
    x_to_x, x_to_y, y_to_x, y_to_y = matrix
    if not x_to_x:
        image, x_to_x, y_to_y = image.swapaxes(0, 1), y_to_x, x_to_y
    return image[:: -1 if y_to_y < 0 else 1, :: -1 if x_to_x < 0 else 1]
