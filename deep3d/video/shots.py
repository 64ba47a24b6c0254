"""Finds the first frame of every shot while frames stream by, with no look-ahead."""

import collections

import cv2
import numpy as np

_SIZE = (64, 36)


class ShotDetector:
    """Finds hard cuts in a stream of frames; the same decision at every resolution."""

    def __init__(self, threshold: float = 0.06, ratio: float = 4.0, window: int = 24):
        """Starts before the first frame."""
        self.threshold = threshold
        self.ratio = ratio
        self._previous = None
        self._recent = collections.deque(maxlen=window)

    def update(self, image: np.ndarray) -> bool:
        """Takes the next frame.

        Args:
            image: uint8 (h, w, 3) RGB.

        Returns:
            True if a new shot begins here; the very first frame does.
        """
        small = cv2.resize(image, _SIZE, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        previous, self._previous = self._previous, small
        if previous is None:
            return True
        difference = float(np.abs(small - previous).mean())
        usual = float(np.median(self._recent)) if self._recent else 0.0
        is_cut = difference > max(self.threshold, self.ratio * usual)
        if not is_cut:
            self._recent.append(difference)
        return is_cut
