"""One and the same point in two frames of a film, and how much its disparity has changed.

Points are followed by optical flow; where the picture itself does not agree after following,
nothing is said. Real motion in depth changes disparity too, by hundredths of a pixel a frame.
"""

import dataclasses

import cv2
import numpy as np

# A point has been followed where luminance before and after differs by less than this many of 255
# on average over a window of 5 pixels: below that lie noise and compression.
SAME_POINT_LEVELS = 6.0
SAME_POINT_WINDOW = 5


@dataclasses.dataclass(frozen=True)
class FollowedPoints:
    """Where the points of a frame were one frame before.

    Attributes:
        columns: (h, w) float32 column in the frame before.
        rows: (h, w) float32 row in the frame before.
        sure: (h, w) bool: whether the point has been followed.
    """

    columns: np.ndarray
    rows: np.ndarray
    sure: np.ndarray

    def change(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Absolute change of a map from the frame before to this one.

        Args:
            before: (h, w) float32 of the frame before, NaN where it is unknown.
            after: (h, w) float32 of this frame.

        Returns:
            (points,) float32 of the points that were followed and are known in both frames.
        """
        was = cv2.remap(before, self.columns, self.rows, cv2.INTER_LINEAR)
        change = np.abs(after - was)[self.sure]
        return change[np.isfinite(change)]


def follow_points(before: np.ndarray, after: np.ndarray) -> FollowedPoints:
    """Follows every point of a frame back to the frame before.

    Args:
        before: (h, w) uint8 luminance of the frame before.
        after: (h, w) uint8 luminance of this frame.

    Returns:
        The points.

    Raises:
        ValueError: If the frames differ in size.
    """
    if before.shape != after.shape:
        raise ValueError(
            f"Both frames must have one size. Received: {before.shape} and {after.shape}"
        )
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    # OpenCV's flow takes no views into larger arrays.
    before, after = np.ascontiguousarray(before), np.ascontiguousarray(after)
    motion = flow.calc(after, before, None)  # (h, w, 2): where the point was
    height, width = after.shape
    columns = np.arange(width, dtype=np.float32) + motion[..., 0]
    rows = np.arange(height, dtype=np.float32)[:, np.newaxis] + motion[..., 1]
    was = cv2.remap(before, columns, rows, cv2.INTER_LINEAR)
    window = (SAME_POINT_WINDOW, SAME_POINT_WINDOW)
    difference = cv2.blur(cv2.absdiff(after, was).astype(np.float32), window)
    inside = (columns >= 0) & (columns <= width - 1) & (rows >= 0) & (rows <= height - 1)
    return FollowedPoints(columns, rows, inside & (difference < SAME_POINT_LEVELS))
