"""Whether a pair of views is worth learning from: what is measured, and the words for refusals.

Published pipelines reject by brightness, by the share of pixels that match in both directions and
by the range of disparity (MiDaS "3D Movies", WSVD, VDW). The limits here are lower than theirs
where a later stage can still do something with the pair.
"""

import dataclasses

import cv2
import numpy as np

from deep3d.stereo_matching import match_stereo

NAN = float("nan")
THUMBNAIL_SIZE = (96, 54)
BLOCK = 9  # side of the window, in pixels at the matching width, in which texture is looked for
TEXTURE = 1.0  # mean change from pixel to pixel, of 255; below is even ground with coding noise
ALIKE_SHARE = 0.02  # of the picture may differ between eyes that are alike


@dataclasses.dataclass(frozen=True)
class QualityLimits:
    """What a single pair must satisfy.

    Attributes:
        matching_width: Width at which disparity is measured. At 288 a frame takes 45 ms, at 432
            130 ms, and the percentiles are the same to a tenth of a percent of the width.
        matching_limit: Largest disparity searched, as a share of the width.
        black_below: A frame is black when 99 % of its pixels are darker than this, of 255.
        flat_below: Percentiles within this many percent of the width around zero, and within this
            distance of each other, are no parallax. 0.15 % is half a pixel at 384.
        matched_above: Share of pixels that must match in both directions.
        duplicate_below: Mean difference to the frame before, of 255, that makes a duplicate.
    """

    matching_width: int = 288
    matching_limit: float = 0.1
    black_below: float = 30.0
    flat_below: float = 0.15
    matched_above: float = 0.25
    duplicate_below: float = 0.8


@dataclasses.dataclass(frozen=True)
class MeasuredPair:
    """What was measured of a pair. Percentiles of disparity in percent of the width, or NaN."""

    percentile_5: float = NAN
    percentile_95: float = NAN
    matched: float = NAN  # share of pixels that match in both directions
    reason: str = ""  # why the pair is refused: black, duplicate, no_parallax, unmatched, or ""
    thumbnail: np.ndarray | None = None  # gray, to recognize duplicates by


def measure_pair(
    left: np.ndarray,
    right: np.ndarray,
    limits: QualityLimits,
    previous: MeasuredPair | None = None,
) -> MeasuredPair:
    """Measures a pair and says whether it is refused.

    Args:
        left: (h, w, 3) uint8 RGB.
        right: (h, w, 3) uint8 RGB of the same size.
        limits: What the pair must satisfy.
        previous: The pair that was kept before, of which this one may be a duplicate.

    Returns:
        What was measured up to the first reason to refuse the pair.
    """
    height = max(1, round(left.shape[0] * limits.matching_width / left.shape[1]))
    left, right = (
        cv2.resize(view, (limits.matching_width, height), interpolation=cv2.INTER_AREA)
        for view in (left, right)
    )
    gray = cv2.cvtColor(left, cv2.COLOR_RGB2GRAY)
    if np.percentile(gray, 99) < limits.black_below:
        return MeasuredPair(reason="black")
    thumbnail = cv2.resize(gray, THUMBNAIL_SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
    if previous is not None and previous.thumbnail is not None:
        difference = np.abs(thumbnail - previous.thumbnail).mean()
        if difference < limits.duplicate_below:
            return MeasuredPair(reason="duplicate")
    if _alike(left, right):
        return MeasuredPair(reason="no_parallax")
    low, high, matched = _match(left, right, limits.matching_limit)
    reason = "" if matched >= limits.matched_above else "unmatched"
    if not reason and max(abs(low), abs(high), high - low) < limits.flat_below:
        reason = "no_parallax"
    return MeasuredPair(low, high, matched, reason, thumbnail)


def _match(left, right, limit: float) -> tuple[float, float, float]:
    """5th and 95th percentile of disparity in percent of the width, and the matched share.

    Only places with texture count: on an even ground every disparity matches in both directions.
    """
    width = left.shape[1]
    reach = max(8, round(limit * width))
    textured = cv2.blur(_horizontal_change(left), (BLOCK, BLOCK)) > TEXTURE
    matched = np.isfinite(disparity := match_stereo(left, right, -reach, reach)) & textured
    if not matched.any():
        return NAN, NAN, 0.0
    low, high = np.percentile(disparity[matched], (5, 95)) * 100 / width
    return float(low), float(high), float(matched.sum() / textured.sum())


def _alike(left, right) -> bool:
    """Whether the eyes differ hardly anywhere by half of what a shift by one pixel would change.

    Looked at block by block, so that a small thing before a flat ground is seen.
    """
    difference = cv2.blur(np.abs(left.astype(np.float32) - right).mean(axis=2), (BLOCK, BLOCK))
    change = cv2.blur(_horizontal_change(left), (BLOCK, BLOCK))
    # One gray level is what compression does to an even ground.
    return bool((difference > 0.5 * change + 1.0).mean() < ALIKE_SHARE)


def _horizontal_change(image) -> np.ndarray:
    """Mean difference to the next pixel of the row, (h, w) float32, of 255."""
    change = np.abs(np.diff(image.astype(np.float32), axis=1, append=image[:, -1:])).mean(axis=2)
    return change.astype(np.float32)
