"""Picture files: which they are and how they are read."""

import os

import cv2
import numpy as np

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
MAX_PIXELS = 100_000_000


def read_image(path) -> np.ndarray:
    """Reads a picture as (h, w, 3) uint8 RGB, also where it is grey.

    Args:
        path: Any picture that OpenCV decodes.

    Returns:
        The picture.

    Raises:
        ValueError: If it is no picture, or one of more than `MAX_PIXELS`.
    """
    picture = cv2.imread(os.fspath(path), cv2.IMREAD_COLOR)
    if picture is None or picture.shape[0] * picture.shape[1] > MAX_PIXELS:
        raise ValueError(f"{path} is no picture that can be read.")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
