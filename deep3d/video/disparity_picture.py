"""Disparity as a gray picture, by one fixed mapping, so that it can be had back as numbers.

    gray = 128 + 25 * d        d: disparity in % of the picture's width

as 8 bits, and 256 times that as 16. 128 is the screen, lighter is in front of it (nearer), darker
behind. A step of 8 bits is 0.04 % of the width (0.77 pixels of 1920), and the ends are -5.12 % and
+5.08 %, beyond what is comfortable to look at; disparity beyond them is cut off.
"""

import numpy as np

GRAY_OF_SCREEN = 128
GRAY_PER_PERCENT = 25


def disparity_to_gray(percent: np.ndarray, dtype=np.uint8) -> np.ndarray:
    """Disparity -> gray picture.

    Args:
        percent: (h, w) disparity in % of the picture's width, positive in front of the screen.
        dtype: uint8 or uint16.

    Returns:
        (h, w, 3) of that type, all three channels equal.
    """
    step = _steps(dtype)
    gray = np.rint(step * (GRAY_OF_SCREEN + GRAY_PER_PERCENT * percent))
    gray = np.clip(gray, 0, 255 * step).astype(dtype)
    return np.repeat(gray[..., np.newaxis], 3, axis=2)


def gray_to_disparity(gray: np.ndarray) -> np.ndarray:
    """Gray picture -> disparity, the inverse of `disparity_to_gray` up to half a step.

    Args:
        gray: uint8 or uint16, (h, w, 3) or (h, w).

    Returns:
        float32 (h, w) disparity in % of the picture's width.
    """
    step = _steps(gray.dtype)
    if gray.ndim == 3:
        gray = gray.mean(axis=2)  # a lossy video may have colored it a little
    return ((gray / step - np.float32(GRAY_OF_SCREEN)) / GRAY_PER_PERCENT).astype(np.float32)


def _steps(dtype):
    """Steps of a type in one step of 8 bits; white of 16 bits is 255 * 256, as swscale has it."""
    return 256 if dtype == np.uint16 else 1
