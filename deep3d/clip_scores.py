"""What watching a converted clip is like, as far as disparity tells: flicker and comfort.

Flicker is how much the disparity of one and the same point changes from a frame to the next (see
followed_points.py).
Comfort is a question of parallax in % of the picture width: about 2 % behind the screen and 1 to
2 % in front of it can be looked at for long, and a cut should not throw the eyes from one end to
the other.
"""

import dataclasses
from collections.abc import Iterable

import cv2
import numpy as np

from deep3d.followed_points import follow_points
from deep3d.video.shots import ShotDetector

# Percent of the width: parallax beyond this, on either side of the screen, tires.
COMFORT_LIMIT = 2.0


@dataclasses.dataclass(frozen=True)
class ClipScores:
    """Figures of one clip.

    Attributes:
        frames: Number of frames that were looked at.
        flicker: Mean absolute change of disparity of a followed point from frame to frame, in
            pixels at the width of the disparity; None where nothing could be followed.
        followed: Share of the pixels that could be followed.
        low: Mean over the frames of the 1st percentile of parallax in % of the width; behind the
            screen is negative.
        high: The same for the 99th percentile.
        outside: Share of frames whose 1st or 99th percentile lies beyond 2 % of the width.
        cuts: Number of cuts.
        jump: Mean absolute change of the median parallax at a cut, in % of the width; None
            without cuts.
    """

    frames: int
    flicker: float | None
    followed: float
    low: float
    high: float
    outside: float
    cuts: int
    jump: float | None


def clip_scores(frames: Iterable[tuple[np.ndarray, np.ndarray]]) -> ClipScores:
    """Measures a clip.

    Args:
        frames: For each frame the picture, (h, w, 3) uint8 RGB, and its disparity, (h, w)
            float32 in pixels, in the order of time and all of one size.

    Returns:
        The figures.

    Raises:
        ValueError: If there are no frames or a disparity has another size than its picture.
    """
    detector = ShotDetector()
    percentiles, changes, jumps, followed = [], [], [], []
    before = None
    for image, disparity in frames:
        if disparity.shape != image.shape[:2]:
            raise ValueError(
                "Picture and disparity must have one size. "
                f"Received: {image.shape[:2]} and {disparity.shape}"
            )
        percent = 100.0 / image.shape[1]
        percentiles.append(percent * np.percentile(disparity, (1, 50, 99)))
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        is_cut = detector.update(image)
        if before is not None and is_cut:
            jumps.append(abs(percentiles[-1][1] - percentiles[-2][1]))
        elif before is not None:
            change = follow_points(before[0], grey).change(before[1], disparity)
            followed.append(change.size / disparity.size)
            changes.append((change.sum(dtype=np.float64), change.size))
        before = (grey, disparity)
    if not percentiles:
        raise ValueError("A clip must have at least one frame.")
    return _summary(np.array(percentiles), changes, jumps, followed)


def _summary(percentiles: np.ndarray, changes, jumps, followed) -> ClipScores:
    total, points = np.sum(changes, axis=0) if changes else (0.0, 0)
    low, high = percentiles[:, 0], percentiles[:, 2]
    return ClipScores(
        frames=len(percentiles),
        flicker=float(total / points) if points else None,
        followed=float(np.mean(followed)) if followed else 0.0,
        low=float(low.mean()),
        high=float(high.mean()),
        outside=float(np.mean((low < -COMFORT_LIMIT) | (high > COMFORT_LIMIT))),
        cuts=len(jumps),
        jump=float(np.mean(jumps)) if jumps else None,
    )
