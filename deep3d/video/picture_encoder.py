"""Turns RGB pictures into the packets of a video stream, as the encoder of PyAV makes them."""

from fractions import Fraction

import av
import numpy as np

from deep3d.video.color import MATRIX_RGB, RANGE_FULL, VideoColor, color_for_size
from deep3d.video.encoding import Encoding
from deep3d.video.frame_packing import SIDE_BY_SIDE, TOP_BOTTOM, with_frame_packing
from deep3d.video.high_dynamic_range import LightMetadata
from deep3d.video.stereo_metadata import NO_TAGS, StereoTags

_MIN_SIDE = 16
# Of films that are not longer than its delay x265 leaves the decoding times undefined.
_X265_DELAY = 2


class PictureEncoder:
    """Encodes pictures of one size.

    Attributes:
        encoding: Codec, depth and rate.
        options: FFmpeg's options of the encoder.
        time_base: Seconds per unit of all times.
    """

    def __init__(
        self,
        width: int,
        height: int,
        time_base: Fraction,
        encoding: Encoding,
        *,
        color: VideoColor | None = None,
        light: LightMetadata | None = None,
        tags: StereoTags = NO_TAGS,
        sample_aspect_ratio: Fraction | None = None,
    ):
        """Prepares the conversion of the pictures; `attach` is to follow.

        Args:
            width: Frame width in pixels, even, at least 16.
            height: Frame height in pixels, even, at least 16.
            time_base: Seconds per unit of the `pts` given to `encode`.
            encoding: Codec, depth and rate.
            color: Matrix, range and tags; None is limited range and the usual matrix for the size.
            light: HDR mastering metadata, which is written with h265.
            tags: How two eyes share the frame.
            sample_aspect_ratio: Width of a pixel over its height; None is square.

        Raises:
            ValueError: If the size cannot be encoded.
        """
        if width < _MIN_SIDE or height < _MIN_SIDE or width % 2 or height % 2:
            raise ValueError(
                f"Width and height must be even and at least {_MIN_SIDE}. "
                f"Received: {width}x{height}"
            )
        self.encoding, self.time_base = encoding, Fraction(time_base)
        self.options = encoding.options(tags.frame_packing, light or LightMetadata())
        self._shape, self._packing = (height, width, 3), tags.frame_packing
        self._color = color or color_for_size(width, height)
        self._pixel_aspect = sample_aspect_ratio or Fraction(1)
        self._converter = encoding.converter(width, height, self._color)
        self._context, self._frames, self._last_pts = None, 0, None

    def attach(self, context: av.VideoCodecContext):
        """Sets up the context that is to encode, which must not be open yet.

        Args:
            context: Of a stream in an output, or one of its own.
        """
        context.height, context.width = self._shape[:2]
        context.pix_fmt = self.encoding.pixel_format
        context.time_base = self.time_base
        context.colorspace = self._color.matrix_tag_for(context.width, context.height)
        context.color_range = self._color.range_tag
        if self.encoding.lossless:  # RGB has no matrix
            context.colorspace, context.color_range = MATRIX_RGB, RANGE_FULL
        context.color_primaries = self._color.primaries_tag
        context.color_trc = self._color.transfer_tag
        context.sample_aspect_ratio = self._pixel_aspect
        self._context = context

    def encode(self, image: np.ndarray, pts: int) -> list[av.Packet]:
        """Encodes one picture.

        Args:
            image: uint8 (height, width, 3) RGB; where the video has more than 8 bits also
                uint16, white being 255 * 256.
            pts: Presentation time, larger than the one before.

        Returns:
            The packets that are ready, in the order of decoding.

        Raises:
            ValueError: If the image has another shape or type, or time does not increase.
        """
        if image.shape != self._shape or image.dtype not in self.encoding.picture_types:
            types = " or ".join(kind.__name__ for kind in self.encoding.picture_types)
            raise ValueError(
                f"The image must be {types} {self._shape}. Received: {image.dtype} {image.shape}"
            )
        if self._last_pts is not None and pts <= self._last_pts:
            raise ValueError(f"pts must increase. Received: {pts} after {self._last_pts}")
        self._last_pts, self._frames = pts, self._frames + 1
        frame = self._converter(image)
        frame.pts, frame.time_base = pts, self.time_base
        return [self._completed(packet) for packet in self._context.encode(frame)]

    def finish(self) -> list[av.Packet]:
        """Ends the stream.

        Returns:
            The packets that were still waiting.
        """
        if not self._frames:
            return []
        return [self._completed(packet) for packet in self._context.encode(None)]

    def _completed(self, packet):
        """A packet with what x265 leaves out."""
        if self.encoding.codec != "h265":
            return packet
        if self._frames <= _X265_DELAY:
            packet.dts = packet.pts
        if self._packing in (SIDE_BY_SIDE, TOP_BOTTOM):
            return with_frame_packing(packet, self._packing)
        return packet
