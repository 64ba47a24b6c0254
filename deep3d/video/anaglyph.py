"""Both views in one picture, told apart by the colors of glasses.

Every method is a pair of matrices: `frame = matrix_left @ left + matrix_right @ right`, on
gamma-encoded RGB like in players. The Dubois ones are least-squares projections onto what the
filters let through: Dubois, "A projection method to generate anaglyph stereo images" (ICASSP 2001);
red-cyan in the three digits that players use, green-magenta and amber-blue as published at
https://www.site.uottawa.ca/~edubois/anaglyph/. The others keep or mix channels as their names say,
with BT.601 luma for gray. The color named first is before the left eye.
"""

import cv2
import numpy as np

from deep3d.wording import either

# Rows that are mixed at a time: their float copies stay in the cache, four times as fast.
_STRIP = 32

_KEEP_RED = ((1, 0, 0), (0, 0, 0), (0, 0, 0))
_KEEP_CYAN = ((0, 0, 0), (0, 1, 0), (0, 0, 1))
_LUMA = (0.299, 0.587, 0.114)
_NOTHING = (0, 0, 0)

# method -> what the left view and what the right view contribute to (R, G, B), row by row.
_MATRICES = {
    "anaglyph_dubois": (
        ((0.456, 0.500, 0.176), (-0.040, -0.038, -0.016), (-0.015, -0.021, -0.005)),
        ((-0.043, -0.088, -0.002), (0.378, 0.734, -0.018), (-0.072, -0.113, 1.226)),
    ),
    "anaglyph_color": (_KEEP_RED, _KEEP_CYAN),
    "anaglyph_half_color": ((_LUMA, _NOTHING, _NOTHING), _KEEP_CYAN),
    "anaglyph_gray": ((_LUMA, _NOTHING, _NOTHING), (_NOTHING, _LUMA, _LUMA)),
    "anaglyph_green_magenta": (
        ((-0.062, -0.158, -0.039), (0.284, 0.668, 0.143), (-0.015, -0.027, 0.021)),
        ((0.529, 0.705, 0.024), (-0.016, -0.015, -0.065), (0.009, 0.075, 0.937)),
    ),
    "anaglyph_amber_blue": (
        ((1.062, -0.205, 0.299), (-0.026, 0.908, 0.068), (-0.038, -0.173, 0.022)),
        ((-0.016, -0.123, -0.017), (0.006, 0.062, -0.017), (0.094, 0.185, 0.911)),
    ),
}

ANAGLYPHS = tuple(_MATRICES)


def anaglyph(left: np.ndarray, right: np.ndarray, method: str) -> np.ndarray:
    """Mixes two views into one picture for colored glasses.

    frame = clip(round(matrix_left @ left + matrix_right @ right))

    Args:
        left: uint8 or uint16 (h, w, 3) RGB.
        right: Same shape and type.
        method: One of `ANAGLYPHS`; red-cyan unless other colors are named.

    Returns:
        (h, w, 3) RGB of the same type.

    Raises:
        ValueError: If the method is unknown or the views do not match.
    """
    if method not in _MATRICES:
        raise ValueError(f"The method must be one of {either(ANAGLYPHS)}. Received: {method!r}")
    check_views(left, right)
    matrix_left, matrix_right = (np.asarray(matrix, np.float32) for matrix in _MATRICES[method])
    frame = np.empty_like(left)
    for top in range(0, len(left), _STRIP):
        rows = slice(top, top + _STRIP)
        mixed = cv2.transform(left[rows].astype(np.float32), matrix_left)
        mixed += cv2.transform(right[rows].astype(np.float32), matrix_right)
        frame[rows] = np.clip(np.rint(mixed, out=mixed), 0, np.iinfo(left.dtype).max, out=mixed)
    return frame


def check_views(left: np.ndarray, right: np.ndarray):
    """Refuses what is no pair of views.

    Args:
        left: uint8 or uint16 (h, w, 3) RGB.
        right: Same shape and type.

    Raises:
        ValueError: If one is no such picture, or they differ in shape or type.
    """
    for view in (left, right):
        if view.dtype not in (np.uint8, np.uint16) or view.ndim != 3 or view.shape[2] != 3:
            raise ValueError(
                "A view must be uint8 or uint16 (height, width, 3). "
                f"Received: {view.dtype} {view.shape}"
            )
    if left.shape != right.shape or left.dtype != right.dtype:
        raise ValueError(
            "Both views must have one shape and type. "
            f"Received: {left.dtype} {left.shape} and {right.dtype} {right.shape}"
        )
