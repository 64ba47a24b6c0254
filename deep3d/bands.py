"""Where a right view is hard: along edges, beside disocclusions and at the frame's sides.

An error averaged over a picture is mostly that of smooth surfaces, on which nothing shows. What is
seen in a converted film lies in narrow bands: outlines that are torn or doubled, background that
only the right eye sees, and columns beyond the frame of the left view. A band is a mask, and its
score is the mean absolute error of the pixels in it.
"""

import cv2
import numpy as np

# Canny's thresholds on 8-bit luminance.
CANNY_THRESHOLDS = (100, 200)
# Pixels to either side of an edge that belong to its band: of textured pictures at the size of
# pairs, 3 would be nearly everything.
EDGE_REACH = 1
# The same for a disocclusion: as wide as what renderers tear or smear beside it.
DISOCCLUSION_REACH = 3
# Width of the border bands in % of the picture width, rounded to whole columns.
BORDER_PERCENT = 2.5
# Something hides a pixel if it is nearer by more than this, in pixels: slanted things do not hide
# themselves.
NEARER_PX = 1.0


def canny_edges(grey: np.ndarray) -> np.ndarray:
    """Edges of a picture.

    Args:
        grey: (h, w) uint8 luminance.

    Returns:
        (h, w) uint8, 255 on edges.
    """
    return cv2.Canny(grey, *CANNY_THRESHOLDS)


def edge_band(edges: np.ndarray) -> np.ndarray:
    """Pixels within reach of an edge.

    Args:
        edges: (h, w) uint8 from `canny_edges`.

    Returns:
        (h, w) uint8, 255 within 1 px of an edge, in rows and in columns.
    """
    return _widened(edges, EDGE_REACH)


def border_band(height: int, width: int) -> np.ndarray:
    """Columns beside the left and the right side of the frame.

    Args:
        height: Rows.
        width: Columns.

    Returns:
        (height, width) uint8, 255 in the outer 2.5 % of the columns on either side.
    """
    mask = np.zeros((height, width), np.uint8)
    columns = max(1, round(width * BORDER_PERCENT / 100))
    mask[:, :columns] = mask[:, -columns:] = 255
    return mask


def disocclusion_band(disparity: np.ndarray, unmatched: np.ndarray | None = None) -> np.ndarray:
    """Pixels within reach of what only the right eye sees.

    Args:
        disparity: (h, w) float32 of the right view in pixels, NaN where it is unknown.
        unmatched: (h, w) bool: pixels that the two-way check has refused, if the disparity was
            measured and then continued from the background beside it; what was matched has been
            seen by both eyes. None for a true disparity.

    Returns:
        (h, w) uint8, 255 within 3 px of a disocclusion.
    """
    hidden = hidden_in_left(disparity)
    if unmatched is not None:
        hidden &= unmatched
    mask = hidden.astype(np.uint8) * 255
    if unmatched is not None:
        # Single pixels are noise of the matching on plain surfaces: squares of two remain. Opposite
        # anchors keep them where they are.
        square = np.ones((2, 2), np.uint8)
        mask = cv2.dilate(cv2.erode(mask, square, anchor=(1, 1)), square, anchor=(0, 0))
    return _widened(mask, DISOCCLUSION_REACH)


def hidden_in_left(disparity: np.ndarray) -> np.ndarray:
    """Pixels of the right view that something nearer hides from the left eye.

    A pixel x of the right view lies at x + d in the left one; it is hidden if another pixel of its
    row with a disparity greater by more than 1 px lies there as well. What lies beyond the frame
    of the left view is not counted: it belongs to the border.

    Args:
        disparity: (h, w) float32 of the right view in pixels, NaN where it is unknown.

    Returns:
        (h, w) bool.
    """
    height, width = disparity.shape
    columns = np.arange(width, dtype=np.float32) + disparity
    inside = (columns >= 0) & (columns <= width - 1)  # False for NaN
    places = np.where(inside, columns, 0.0)
    below = np.floor(places).astype(np.int64) + width * np.arange(height)[:, np.newaxis]
    above = below + (places % 1 > 0)  # within its row, as places end at width - 1
    nearest = np.full(height * width, -np.inf, np.float32)
    for place in (below, above):  # a pixel covers the columns to both sides of it
        np.maximum.at(nearest, place[inside], disparity[inside])
    there = np.minimum(nearest[below], nearest[above])
    return inside & (there > np.nan_to_num(disparity) + NEARER_PX)


def band_error(difference: np.ndarray, band: np.ndarray) -> float | None:
    """Mean absolute error of the pixels of a band.

    Args:
        difference: (h, w, 3) uint8 absolute differences of two views.
        band: (h, w) uint8, not 0 in the band.

    Returns:
        0..255; None where the band is empty.
    """
    if not cv2.countNonZero(band):
        return None
    return float(np.mean(cv2.mean(difference, mask=band)[:3]))


def _widened(mask: np.ndarray, reach: int) -> np.ndarray:
    return cv2.dilate(mask, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
