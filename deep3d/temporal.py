"""Depth that holds still: predictions averaged along the motion of the picture.

A network that sees one frame at a time changes its mind from frame to frame. Here every prediction
is averaged with those before it of the same point, which optical flow has followed; where the
picture contradicts the flow (uncovered background, fast motion), and at the first frame of a shot,
the average starts anew. Nothing is held but the last frame.
"""

import functools

import cv2
import numpy as np

# The average is over this many frames, about: more is steadier, and slower to follow a thing that
# comes nearer (benchmarks/bench_flicker.py).
FRAMES = 16
# A point has been followed where luminance before and after differs by less than this many of 255
# on average over this window.
SAME_POINT_LEVELS = 8.0
SAME_POINT_WINDOW = 5
# Pixels of disparity at the network's width: a prediction that departs farther than this from the
# average is news rather than noise, and twice as far is taken as it is.
NEWS = 4.0


class Stabiliser:
    """Averages predictions along the picture's motion, shot by shot.

    Args:
        frames: How many frames the average is over, about; 1 changes nothing.

    Raises:
        ValueError: If `frames` is less than 1.
    """

    def __init__(self, frames: float = FRAMES):
        if not frames >= 1:
            raise ValueError(f"The frames to average must be at least 1. Received: {frames}")
        self.frames = frames
        self._flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._before = None  # luminance, average, and how many frames are in that

    @property
    def state(self) -> dict[str, np.ndarray]:
        """What is remembered of the frames so far, by name; nothing before the first."""
        if self._before is None:
            return {}
        return dict(zip(("luminance", "average", "count"), self._before, strict=True))

    @state.setter
    def state(self, state: dict[str, np.ndarray]):
        names = ("luminance", "average", "count")
        self._before = tuple(state[name] for name in names) if state else None

    def update(
        self,
        picture: np.ndarray,
        disparity: np.ndarray,
        is_cut: bool,
        distribution: np.ndarray | None = None,
    ) -> np.ndarray:
        """Takes the next frame.

        Args:
            picture: (rows, columns, 3) uint8 RGB, the left view as the network saw it.
            disparity: (rows, columns) float32 pixels, for the pixels of the right view.
            is_cut: Whether a shot begins here; the very first frame may be one or not.
            distribution: (rows, columns, levels) float32, if that is to be stabilised.

        Returns:
            The stabilised distribution, if one is given, else the stabilised disparity.
        """
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        values = disparity[..., np.newaxis]
        if distribution is not None:
            values = np.concatenate([values, distribution], axis=2)
        if is_cut or self._before is None or self._before[0].shape != grey.shape:
            self._before = grey, values, np.ones(grey.shape, np.float32)
        else:
            self._before = grey, *self._averaged(grey, values)
        average = self._before[1]
        return average[..., 0] if distribution is None else average[..., 1:]

    def _averaged(self, grey, values):
        grey_before, average, count = self._before
        columns, rows, followed = self._places_before(grey, grey_before, values[..., 0])
        average, count = (
            _fetch(average, columns, rows),
            _fetch(count[..., np.newaxis], columns, rows),
        )
        count = np.where(followed, np.minimum(count[..., 0] + 1, self.frames), 1)
        departure = np.abs(values[..., 0] - average[..., 0])
        share = np.maximum(1 / count, np.clip(departure / NEWS - 1, 0, 1))
        average += share[..., np.newaxis] * (values - average)
        return average, count

    def _places_before(self, grey, grey_before, disparity):
        """Where each pixel of the right view was a frame ago, and whether that is certain."""
        motion = self._flow.calc(grey, grey_before, None)
        columns, rows = _grid(*grey.shape)
        places = columns + motion[..., 0], rows + motion[..., 1]
        was = cv2.remap(grey_before, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        window = (SAME_POINT_WINDOW, SAME_POINT_WINDOW)
        difference = cv2.blur(cv2.absdiff(grey, was).astype(np.float32), window)
        # That was for the left view; a pixel of the right one shows the left one's point x + d.
        moved = _fetch(np.dstack([motion, difference]), columns + disparity, rows)
        columns, rows = columns + moved[..., 0], rows + moved[..., 1]
        height, width = grey.shape
        inside = (columns > -1) & (columns < width) & (rows > -1) & (rows < height)
        return columns, rows, inside & (moved[..., 2] < SAME_POINT_LEVELS)


@functools.lru_cache(maxsize=2)
def _grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    return columns, rows


def _fetch(image: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(h, w, channels) at other places; beyond its border is its border."""
    fetched = np.empty_like(image)
    for first in range(0, image.shape[2], 4):  # OpenCV remaps at most four channels at once
        part = np.ascontiguousarray(image[..., first : first + 4])
        part = cv2.remap(part, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        fetched[..., first : first + 4] = part.reshape(*part.shape[:2], -1)
    return fetched
