"""From two views to the frame that is written: size, half-spheres, packing."""

from fractions import Fraction

import cv2
import numpy as np

from deep3d.conversion_config import ConversionConfig
from deep3d.video import VideoError, Vr180Projection, pack, packed_size

MIN_SIDE = 16


class FramePacker:
    """Packs the views of one film as its config asks.

    Attributes:
        width: Width of the packed frame in pixels.
        height: Its height.
        source_size: Width and height of the source in pixels.
        view_size: Width and height of a view before it is packed; that of the source unless the
            frame would be larger than the config allows.
        pixel_aspect: Width of a pixel of the frame over its height.
    """

    def __init__(
        self,
        width: int,
        height: int,
        config: ConversionConfig,
        *,
        pixel_aspect: Fraction = Fraction(1),
        farthest: float = 0.0,
    ):
        """Settles the sizes.

        Args:
            width: Of the source in pixels.
            height: Likewise.
            config: Format and largest frame.
            pixel_aspect: Of the source.
            farthest: Least disparity that the film can have, in % of the width; `vr180` makes it
                infinitely far.
        """
        self._format, self.source_size = config.format, (width, height)
        self.pixel_aspect = pixel_aspect
        self._projection = None
        if config.format == "vr180":
            self.view_size = width, height
            self._projection = Vr180Projection(
                width,
                height,
                config.field_of_view,
                nearer=max(0.0, -farthest) / 100.0 * width,
                pixel_aspect=float(pixel_aspect),
            ).within(config.max_width, config.max_height)
            self.pixel_aspect = Fraction(1)
            side = self._projection.side
            self.width, self.height = packed_size(side, side, config.format)
            return
        self.view_size = _view_size(width, height, config)
        self.width, self.height = packed_size(*self.view_size, config.format)

    def fit(self, left: np.ndarray) -> np.ndarray:
        """A picture of the source at the size of a view.

        Args:
            left: uint8 or uint16 (h, w, 3) RGB.

        Returns:
            That type and `view_size`, the same array where nothing is to be done.
        """
        if left.shape[1::-1] == self.view_size:
            return left
        return cv2.resize(left, self.view_size, interpolation=cv2.INTER_AREA)

    def pack(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Two views -> one frame.

        Args:
            left: uint8 or uint16 (h, w, 3) RGB of `view_size`.
            right: The same, or the gray picture of disparity.

        Returns:
            (height, width, 3) of that type.
        """
        if self._projection is not None:
            left = self._projection.project(left, "left")
            right = self._projection.project(right, "right")
        return pack(left, right, self._format)


def check_size(width: int, height: int, source):
    """Refuses pictures that are too small for any format.

    Args:
        width: In pixels.
        height: Likewise.
        source: The file, for the message.

    Raises:
        VideoError: If a side is below `MIN_SIDE`.
    """
    if min(width, height) < MIN_SIDE:
        raise VideoError(
            f"{source}: the picture must be at least {MIN_SIDE}x{MIN_SIDE}. "
            f"Received: {width}x{height}"
        )


def _view_size(width, height, config):
    """The size of a view whose packed frame is as large as allowed, its aspect kept."""
    whole = packed_size(width, height, config.format)
    limits = config.max_width, config.max_height
    pairs = zip(limits, whole, strict=True)
    scale = min([1.0, *(limit / side for limit, side in pairs if limit)])
    if scale == 1.0:
        return width, height
    return tuple(max(2, 2 * int(scale * side / 2)) for side in (width, height))
