"""A decoded frame that becomes an RGB picture only when one is asked for.

Whoever looks at every frame of a film but needs few of them in full saves most of the time that
decoding leaves: the exact conversion of a 1080p frame takes 13 ms, a thumbnail 1.5 ms.
"""

import dataclasses
from fractions import Fraction

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from deep3d.video.rgb_conversion import ROTATIONS, RgbConverter, interleaved

_AREA = 0x20 | 0x40000  # SWS_AREA and SWS_ACCURATE_RND


@dataclasses.dataclass(frozen=True)
class DeferredFrame:
    """A frame and when it is shown.

    Attributes:
        pts: Presentation time in units of `time_base`, strictly increasing within a video.
        time_base: Seconds per unit.
    """

    pts: int
    time_base: Fraction
    _decoded: av.VideoFrame
    _to_rgb: RgbConverter
    _reformatter: VideoReformatter

    @property
    def time(self) -> Fraction:
        """Presentation time in seconds, exact."""
        return self.pts * self.time_base

    @property
    def image(self) -> np.ndarray:
        """(h, w, 3) RGB as `VideoFrame.image`, converted anew each time."""
        return self._to_rgb(self._decoded)

    def thumbnail(self, width: int, height: int) -> np.ndarray:
        """The whole frame at a small size, upright, colors to a few steps.

        Args:
            width: Pixels.
            height: Pixels.

        Returns:
            (height, width, 3) uint8 RGB; shape of the frame is not kept.
        """
        rotation = self._to_rgb.rotation
        small = self._reformatter.reformat(
            self._decoded,
            width=height if self._to_rgb.sideways else width,
            height=width if self._to_rgb.sideways else height,
            format="gbrp",
            interpolation=_AREA,
        )
        image = interleaved(small)
        return cv2.rotate(image, ROTATIONS[rotation]) if rotation else image
