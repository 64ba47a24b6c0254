"""Whether the views of a packed frame were squeezed to half their width or height.

Two cues. The shape of the picture: with and without the squeeze it is of one or another aspect
ratio, and films have few. And the detail: of a view at half its width, neighbouring columns differ
as columns two apart did, so that change across is larger against change down than in pictures as
they are. A frame alone proves little; what is said by name or tag counts as well.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from data_pipeline.decisions.packed_picture import PackedPicture, common_bars

# Aspect ratios of films and their weights; the rest of the weight is anything else.
_SHAPES = {
    4 / 3: 0.10,
    1.375: 0.02,
    1.5: 0.03,
    5 / 3: 0.03,
    16 / 9: 0.30,
    1.85: 0.10,
    2.0: 0.06,
    2.2: 0.02,
    2.35: 0.07,
    2.39: 0.12,
    2.76: 0.01,
    1.0: 0.04,  # half-spheres for headsets
}
_SHAPE_SPREAD = 0.025  # of the logarithm
_ANY_SHAPE, _ANY_SPREAD = 1.8, 0.4
# Change across over change down, logarithms to base 2 of mean squares, between pixels one and two
# apart: its amount and how fast it grows with the distance. Linear discriminant of 350 photographs
# in several sizes and JPEG qualities, as they are and squeezed; it tells 88 % of single ones.
_DISCRIMINANT = np.array([8.3, -6.4])
_MIDDLE = {"sbs": 1.70, "tab": -2.23}
# Scenes of one film are alike (its lens, its noise): more than so many do not count, and grass or
# blinds in all of them must not outweigh a shape that no film has.
_SCENES, _MOST_DETAIL = 3, 3.0
_SAID = 2.0  # what tag or name count
_CROP = 512
_CODING_NOISE, _EVEN = 0.3, 1.0  # mean squares


def squeezed_log_odds(
    frames: Sequence[np.ndarray],
    packed: PackedPicture,
    side: str,
    outer_bars: bool,
    said: str | None,
) -> float:
    """Natural logarithm of the odds that views are squeezed.

    Args:
        frames: (h, w, 3) uint8 RGB packed frames with something to see; may be none.
        packed: What is known of all frames.
        side: sbs or tab.
        outer_bars: Whether the packed picture has bars around it that belong to no view.
        said: Layout by tag or name.

    Returns:
        Positive for half formats, negative for full ones.
    """
    log_odds = _shape_log_odds(packed, side, outer_bars)
    log_odds += _detail_log_odds(frames, side)
    if said in (f"half_{side}", f"full_{side}"):
        log_odds += _SAID if said.startswith("half") else -_SAID
    return log_odds


def _shape_log_odds(packed, side, outer_bars) -> float:
    whole = packed.aspect_ratio
    top, bottom, left, right = packed.bars
    if not outer_bars:
        views = [view for n in packed.lit_frames for view in packed.halves(n, side, False)]
        top, bottom, left, right = common_bars(views)
    picture = whole * (1 - left - right) / (1 - top - bottom)
    # A view of its full size has half the frame's width, or height.
    full = 0.5 if side == "sbs" else 2.0
    log_odds = _log_density(picture) - _log_density(picture * full)
    if not outer_bars and abs(math.log(picture / whole)) > _SHAPE_SPREAD:
        log_odds += _log_density(whole) - _log_density(whole * full)
    return log_odds


def _log_density(shape) -> float:
    density = (1 - sum(_SHAPES.values())) * _normal(shape, _ANY_SHAPE, _ANY_SPREAD)
    for known, weight in _SHAPES.items():
        density += weight * _normal(shape, known, _SHAPE_SPREAD)
    return math.log(density + 1e-4)


def _normal(shape, center, spread) -> float:
    return math.exp(-0.5 * (math.log(shape / center) / spread) ** 2) / (spread * 2.507)


def _detail_log_odds(frames, side) -> float:
    measured = [_change_across_over_down(frame, side) for frame in frames]
    told = [_DISCRIMINANT @ value - _MIDDLE[side] for value in measured if value is not None]
    if not told:
        return 0.0
    squeezed = float(
        np.clip(np.median(told) * min(len(told), _SCENES), -_MOST_DETAIL, _MOST_DETAIL)
    )
    return squeezed if side == "sbs" else -squeezed


def _change_across_over_down(frame, side) -> np.ndarray | None:
    """Of the middle of the first view, in pixels as they are stored; None where it is even."""
    height, width = frame.shape[:2]
    rows, columns = (height, width // 2) if side == "sbs" else (height // 2, width)
    top, left = (max((n - _CROP) // 2, n // 5) for n in (rows, columns))
    middle = np.ascontiguousarray(frame[top : rows - top, left : columns - left])
    gray = cv2.cvtColor(middle, cv2.COLOR_RGB2GRAY).astype(np.float32)
    ratios = []
    for step in (1, 2):
        across = np.square(gray[:, step:] - gray[:, :-step]).mean()
        down = np.square(gray[step:] - gray[:-step]).mean()
        ratios.append((across + _CODING_NOISE) / (down + _CODING_NOISE))
    return np.log2(ratios) if min(across, down) > _EVEN else None
