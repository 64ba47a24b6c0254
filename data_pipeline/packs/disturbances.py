"""Changes that hide what a picture shows: strange colors, few pixels, another picture on it.

Most pictures that a network is shown are unlike all that it has learned from. It meets such ones
here: where things cannot be recognized, what remains is their outlines, how high they lie in the
picture, and what is around them, and their depth is still asked for.
"""

import cv2
import numpy as np


def disturb(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Few pixels, strange light, exchanged colors or a negative: each in some of the pictures.

    Args:
        picture: (h, w, 3) uint8 RGB.
        rng: Decides everything.

    Returns:
        (h, w, 3) uint8 RGB.
    """
    if rng.random() < 0.35:
        picture = _with_few_pixels(picture, rng)
    if rng.random() < 0.3:
        gain, offset = np.exp(rng.normal(0.0, 0.35, 3)), rng.normal(0.0, 20.0, 3)
        picture = np.clip(picture * gain + offset, 0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        picture = picture[..., rng.permutation(3)]
    if rng.random() < 0.05:
        picture = 255 - picture
    return np.ascontiguousarray(picture)


def lay_over(picture: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another picture on this one: faintly on all of it, or opaque on a rectangle.

    Args:
        picture: (h, w, 3) uint8 RGB.
        other: uint8 RGB of any size, which may come upside down or mirrored.
        rng: Decides everything.

    Returns:
        (h, w, 3) uint8 RGB.
    """
    height, width = picture.shape[:2]
    other = cv2.resize(other, (width, height), interpolation=cv2.INTER_AREA)
    other = np.ascontiguousarray(other[:: rng.choice((1, -1)), :: rng.choice((1, -1))])
    if rng.random() < 0.5:
        opacity = rng.uniform(0.1, 0.5)
        return cv2.addWeighted(picture, 1.0 - opacity, other, opacity, 0.0)
    rows, columns = (int(side * rng.uniform(0.2, 0.6)) for side in (height, width))
    top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
    area = np.s_[top : top + rows, left : left + columns]
    picture = picture.copy()
    picture[area] = other[area]
    return picture


def _with_few_pixels(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = picture.shape[:2]
    factor = rng.uniform(1.5, 4.5)
    size = max(8, round(width / factor)), max(8, round(height / factor))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    kernel = cv2.INTER_LINEAR if rng.random() < 0.5 else cv2.INTER_CUBIC
    return cv2.resize(small, (width, height), interpolation=kernel)
