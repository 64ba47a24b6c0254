"""Composition of a stereo pair: one scale and one shift, so that its parallax fits the levels.

Parallel rigs put everything in front of the screen and films on both sides of it; a network that
sees one picture cannot know which. Every pair is therefore brought to one composition before it
is learned from or compared: resized so that the spread of its disparities fits the levels, and
shifted so that the middle of the spread lies in the middle of the levels. Both numbers are
integers, are stored with the pair, and can be undone.
"""

import dataclasses

import cv2
import numpy as np

from deep3d.disparity import DisparityLevels


@dataclasses.dataclass(frozen=True)
class Composition:
    """How a pair was composed: `d_composed = d_source * width / source_width + shift`.

    Attributes:
        width: Width in pixels to which both views are resized, aspect kept.
        shift: Pixels, at that width, added to every disparity by moving the right view.
    """

    width: int
    shift: int


def compose_for_levels(
    percentile_5: float,
    percentile_95: float,
    image_width: int,
    levels: DisparityLevels,
    target_width: int,
) -> Composition:
    """The composition that fits the 5th..95th percentile of disparity to the levels.

    Args:
        percentile_5: 5th percentile of disparity in pixels at `image_width`.
        percentile_95: 95th percentile.
        image_width: Width of the pair in pixels.
        levels: The levels; their `width` does not matter here, pixels are pixels of the result.
        target_width: Width of the result where the spread permits it; narrower otherwise.

    Returns:
        The composition.

    Raises:
        ValueError: If the percentiles are not finite or not in order.
    """
    if not (np.isfinite([percentile_5, percentile_95]).all() and percentile_5 <= percentile_95):
        raise ValueError(
            "Disparity percentiles must be finite and in order. "
            f"Received: {percentile_5}, {percentile_95}"
        )
    values = levels.values
    spread = (percentile_95 - percentile_5) * target_width / image_width
    width = round(target_width * min(1.0, widest_spread(levels) / max(spread, 1e-6)))
    middle = 0.5 * (percentile_5 + percentile_95) * width / image_width
    return Composition(width=width, shift=round(0.5 * (values[0] + values[-1]) - middle))


def widest_spread(levels: DisparityLevels) -> float:
    """Pixels from the 5th to the 95th percentile of disparity that the levels hold.

    One step is left on either side, for what lies beyond the percentiles.

    Args:
        levels: The levels.
    """
    values, step = levels.values, abs(levels.step)
    return max(abs(values[-1] - values[0]) - 2.0 * step, step)


def apply_composition(
    left: np.ndarray, right: np.ndarray, composition: Composition
) -> tuple[np.ndarray, np.ndarray]:
    """Resizes and shifts a pair, and crops the columns that are left without a partner.

    Args:
        left: (h, w, 3) uint8 view.
        right: (h, w, 3) uint8 view of the same size.
        composition: What to do.

    Returns:
        The two composed views, uint8, of one size, `abs(shift)` columns narrower than
        `composition.width`.

    Raises:
        ValueError: If the views differ in size or the shift leaves nothing.
    """
    if left.shape != right.shape:
        raise ValueError(f"Both views must have one size. Received: {left.shape} and {right.shape}")
    # composed_right(x) = right(x + shift): its points lie `shift` further left, which adds to d.
    first, last = _kept_columns(composition)
    right = _resized(right, composition)[:, first + composition.shift : last + composition.shift]
    return compose_left(left, composition), right


def compose_left(left: np.ndarray, composition: Composition) -> np.ndarray:
    """What `apply_composition` makes of a left view, for one without a right view.

    Args:
        left: (h, w, 3) uint8 view.
        composition: What to do.

    Returns:
        The composed view.

    Raises:
        ValueError: If the shift leaves nothing.
    """
    first, last = _kept_columns(composition)
    return _resized(left, composition)[:, first:last]


def _kept_columns(composition: Composition) -> tuple[int, int]:
    """First and last of the resized left view's columns that have a partner, half open."""
    width, shift = composition.width, composition.shift
    if abs(shift) >= width:
        raise ValueError(f"The shift must be smaller than the width. Received: {composition}")
    return max(0, -shift), min(width, width - shift)


def _resized(view: np.ndarray, composition: Composition) -> np.ndarray:
    height = max(1, round(view.shape[0] * composition.width / view.shape[1]))
    # INTER_AREA averages when shrinking and is bilinear when enlarging.
    return cv2.resize(view, (composition.width, height), interpolation=cv2.INTER_AREA)
