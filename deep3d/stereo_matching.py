"""Disparity between two given views, by OpenCV's semi-global matching with a two-way check.

This is the measuring instrument of the project: the ingestion composes pairs with it and the
evaluation has it as its oracle. No network is involved.
Source: Hirschmueller, "Stereo Processing by Semiglobal Matching and Mutual Information", 2008.
"""

import cv2
import numpy as np

# Left and right disparities of one point may differ by this much, in pixels.
TWO_WAY_TOLERANCE = 1.0
# Matching on wider images costs time and gains nothing for percentiles.
PERCENTILE_WIDTH = 512
# Fewer matched pixels than this share say nothing about the pair.
MIN_MATCHED_SHARE = 0.05


def match_stereo(left: np.ndarray, right: np.ndarray, minimum: int, maximum: int) -> np.ndarray:
    """Disparity of every pixel of the left view that matches in both directions.

    Args:
        left: (h, w, 3) uint8 RGB.
        right: (h, w, 3) uint8 RGB.
        minimum: Smallest disparity searched, in pixels at the images' width.
        maximum: Largest disparity searched.

    Returns:
        (h, w) float32 disparity in pixels on the left view; NaN where the two directions disagree
        by more than one pixel or nothing matched.

    Raises:
        ValueError: If the views differ in size or the range is empty.
    """
    return match_both_views(left, right, minimum, maximum)[0]


def match_both_views(
    left: np.ndarray, right: np.ndarray, minimum: int, maximum: int
) -> tuple[np.ndarray, np.ndarray]:
    """Disparity of every pixel of either view that matches in both directions.

    Exchanged views searched from `-maximum` to `-minimum` give exactly the contrary.

    Args:
        left: (h, w, 3) uint8 RGB.
        right: (h, w, 3) uint8 RGB.
        minimum: Smallest disparity searched, in pixels at the images' width.
        maximum: Largest disparity searched.

    Returns:
        As `match_stereo`, on the left and on the right view; x_left - x_right in both.

    Raises:
        ValueError: If the views differ in size or the range is empty.
    """
    if left.shape != right.shape:
        raise ValueError(f"Both views must have one size. Received: {left.shape} and {right.shape}")
    if maximum <= minimum:
        raise ValueError(f"The range must not be empty. Received: {minimum}..{maximum}")
    left_grey, right_grey = (cv2.cvtColor(view, cv2.COLOR_RGB2GRAY) for view in (left, right))
    on_left = _semi_global(left_grey, right_grey, minimum, maximum)
    # Of equally good disparities the matcher takes the smallest. Of the right view, matched as if
    # it were the left one, that is the nearest: neither order of the views is preferred.
    on_right = -_semi_global(right_grey, left_grey, -maximum, -minimum)
    return _where_both_agree(on_left, on_right, -1), _where_both_agree(on_right, on_left, 1)


def disparity_percentiles(
    left: np.ndarray,
    right: np.ndarray,
    percentiles: tuple[float, ...] = (5.0, 95.0),
    limit: float = 0.1,
) -> tuple[float, ...]:
    """Percentiles of the disparity of a pair.

    Args:
        left: (h, w, 3) uint8 RGB.
        right: (h, w, 3) uint8 RGB.
        percentiles: Which, in 0..100.
        limit: Disparities up to this share of the width are searched, on both sides of zero.

    Returns:
        The percentiles in pixels at the images' width; all NaN when less than 5 % matched.

    Raises:
        ValueError: If the views differ in size.
    """
    width = left.shape[1]
    disparity = match_coarsely(left, right, limit)
    matched = np.isfinite(disparity)
    if matched.mean() < MIN_MATCHED_SHARE:
        return tuple(float("nan") for _ in percentiles)
    values = np.percentile(disparity[matched], percentiles)
    return tuple(float(value) * width / disparity.shape[1] for value in values)


def match_coarsely(left: np.ndarray, right: np.ndarray, limit: float) -> np.ndarray:
    """Disparity of a pair at a width that is enough for percentiles.

    Args:
        left: (h, w, 3) uint8 RGB.
        right: (h, w, 3) uint8 RGB.
        limit: Disparities up to this share of the width are searched, on both sides of zero.

    Returns:
        (rows, columns) float32 of the left view, in pixels at its own width, at most 512 columns;
        NaN where nothing matched.

    Raises:
        ValueError: If the views differ in size.
    """
    scale = min(1.0, PERCENTILE_WIDTH / left.shape[1])
    if scale < 1.0:
        size = (round(left.shape[1] * scale), max(1, round(left.shape[0] * scale)))
        left, right = (
            cv2.resize(view, size, interpolation=cv2.INTER_AREA) for view in (left, right)
        )
    reach = max(8, round(limit * left.shape[1]))
    return match_stereo(left, right, -reach, reach)


def _where_both_agree(disparity, other, sign: int) -> np.ndarray:
    """NaN where a pixel's partner, at x + sign * disparity in the other view, has another one."""
    width = disparity.shape[1]
    columns = np.arange(width, dtype=np.float32)[np.newaxis]
    partner = np.rint(columns + sign * np.nan_to_num(disparity)).astype(np.int64)
    inside = (partner >= 0) & (partner < width)
    back = np.take_along_axis(other, np.clip(partner, 0, width - 1), axis=1)
    agree = np.abs(disparity - back) <= TWO_WAY_TOLERANCE  # False where either is NaN
    return np.where(inside & agree, disparity, np.nan).astype(np.float32)


def _semi_global(left, right, minimum: int, maximum: int) -> np.ndarray:
    """OpenCV's matcher on views padded so that no column is lost to the search range."""
    block = 5
    wanted = maximum - minimum + 1
    count = -(-wanted // 16) * 16  # OpenCV wants a multiple of 16
    minimum -= (count - wanted) // 2  # the same beyond both ends, whichever view is first
    matcher = cv2.StereoSGBM_create(
        minDisparity=minimum,
        numDisparities=count,
        blockSize=block,
        # Smoothness penalties as recommended by OpenCV's documentation for one channel.
        P1=8 * block**2,
        P2=32 * block**2,
        uniquenessRatio=10,
        speckleWindowSize=150,
        speckleRange=1,
        mode=cv2.STEREO_SGBM_MODE_SGBM,
    )
    pad = max(abs(minimum), abs(minimum + count)) + block
    padded = [
        cv2.copyMakeBorder(np.ascontiguousarray(view), 0, 0, pad, pad, cv2.BORDER_REPLICATE)
        for view in (left, right)
    ]
    disparity = matcher.compute(*padded)[:, pad:-pad].astype(np.float32) / 16.0  # 4 fraction bits
    disparity[disparity < minimum] = np.nan
    return disparity
