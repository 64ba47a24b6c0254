"""Writes video with exact presentation times and the untouched streams of the source.

The file grows under a hidden name beside the target and takes the target's name when it is complete
and on disk, so a killed or failed run never leaves a broken file under the final name.
"""

import contextlib
import math
import os
import pathlib
import secrets
from fractions import Fraction

import av
import numpy as np

from deep3d.video.color import MATRIX_RGB, RANGE_FULL, VideoColor, color_for_size
from deep3d.video.encoding import CONTAINERS, Encoding
from deep3d.video.errors import VideoError, reason
from deep3d.video.frame_packing import SIDE_BY_SIDE, TOP_BOTTOM, with_frame_packing
from deep3d.video.high_dynamic_range import LightMetadata
from deep3d.video.matroska_projection import add_half_sphere
from deep3d.video.mp4_boxes import finish_mp4
from deep3d.video.stereo_metadata import StereoTags, stereo_tags
from deep3d.video.stream_copy import StreamCopy

_MIN_SIDE = 16
# Of films that are not longer than its delay x265 leaves the decoding times undefined.
_X265_DELAY = 2
_NO_TAGS = StereoTags(None, None, None, "")


class VideoWriter:
    """Encodes RGB frames into a file. Use as a context manager: an exception leaves no file.

    Attributes:
        path: The file to be.
        losses: What of the source the container cannot hold, in words.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        width: int,
        height: int,
        frame_rate: Fraction,
        time_base: Fraction,
        *,
        copy_from: str | os.PathLike | None = None,
        codec: str = "h264",
        bits: int = 8,
        lossless: bool = False,
        crf: float | None = None,
        preset: str = "medium",
        color: VideoColor | None = None,
        light: LightMetadata | None = None,
        stereo_format: str | None = None,
        metadata: dict[str, str] | None = None,
        sample_aspect_ratio: Fraction | None = None,
        start_s: float | None = None,
        end_s: float | None = None,
    ):
        """Opens everything that can fail, and writes the header.

        Args:
            path: Target; its suffix chooses the container, one of `encoding.CONTAINERS`.
            width: Frame width in pixels, even, at least 16.
            height: Frame height in pixels, even, at least 16.
            frame_rate: Frames per second as stated in the file.
            time_base: Seconds per unit of the `pts` given to `write`.
            copy_from: Source whose other streams, chapters and tags are copied.
            codec: One of `encoding.CODECS`; the next four as for `Encoding`.
            bits: Bits per sample.
            lossless: Whether RGB is written as it is.
            crf: Constant rate factor; None is what looks like the source.
            preset: Speed against size, in x264's words.
            color: The reader's color; None is limited range and the usual matrix for the size.
            light: HDR mastering metadata, which is written with h265.
            stereo_format: What the frame holds, to be marked in the file; None for plain video.
            metadata: Additional container metadata.
            sample_aspect_ratio: Width of a pixel over its height; None is square.
            start_s: Where the part of the source begins that is converted; becomes time 0.
            end_s: Where it ends.

        Raises:
            ValueError: If a size or format cannot be meant, or the container not hold the codec.
            VideoError: If the target cannot be written or cannot hold the source's audio.
        """
        self.path = pathlib.Path(path)
        self._encoding = Encoding(codec, bits, lossless, crf, preset)
        self._encoding.check_container(self.path.suffix)
        self._muxer = CONTAINERS[self.path.suffix.lower()]
        _check_size(width, height)
        _check_target(self.path, copy_from)
        if copy_from is None and (start_s, end_s) != (None, None):
            raise ValueError("start_s and end_s must come with copy_from. Received: None")
        self._shape = (height, width, 3)
        self._color = color or color_for_size(width, height)
        self._converter = self._encoding.converter(width, height, self._color)
        self._tags = _NO_TAGS if stereo_format is None else stereo_tags(stereo_format)
        self._time_base, self._last_pts, self._copy = Fraction(time_base), None, None
        self._frames = 0
        # Not made from the name of the film, which may already have the greatest length allowed.
        self._temporary = self.path.with_name(
            f".deep3d-{secrets.token_hex(6)}.partial{self.path.suffix}"
        )
        self._container = None
        self.losses: tuple[str, ...] = ()
        self._lost_packets = 0
        try:
            self._container = _open_output(self._temporary, self._muxer, self._time_base)
            self._stream = self._container.add_stream(
                self._encoding.encoder,
                rate=Fraction(frame_rate),
                options=self._encoding.options(self._tags.frame_packing, light or LightMetadata()),
            )
            self._set_up_stream(sample_aspect_ratio or Fraction(1))
            if copy_from is not None:
                self._copy = StreamCopy(
                    pathlib.Path(copy_from), self._container, self.path, start_s, end_s
                )
                self.losses = self._copy.plan.losses
            self._container.metadata.update(metadata or {})
            self._offset = round((self._copy.start if self._copy else 0) / self._time_base)
            self._container.start_encoding()
        except (av.error.FFmpegError, OSError) as error:
            self.abort()
            raise VideoError(f"{self.path}: cannot be written ({reason(error)})") from error
        except BaseException:
            self.abort()
            raise

    def _set_up_stream(self, sample_aspect_ratio):
        context, color = self._stream.codec_context, self._color
        context.height, context.width = self._shape[:2]
        context.pix_fmt = self._encoding.pixel_format
        context.time_base = self._time_base
        context.colorspace = color.matrix_tag_for(context.width, context.height)
        context.color_range = color.range_tag
        if self._encoding.lossless:  # RGB has no matrix
            context.colorspace, context.color_range = MATRIX_RGB, RANGE_FULL
        context.color_primaries = color.primaries_tag
        context.color_trc = color.transfer_tag
        context.sample_aspect_ratio = sample_aspect_ratio
        if self._encoding.codec == "h265" and self._muxer in ("mp4", "mov"):
            context.codec_tag = "hvc1"  # FFmpeg would write hev1, which Apple's players refuse
        self._stream.time_base = self._time_base
        self._stream.disposition = av.stream.Disposition.default
        # Beside a StereoMode the muxer states a display size without the pixel aspect, and players
        # believe it: a wrong shape is worse than a missing mark.
        mode = self._tags.stereo_mode_in(self._muxer) if sample_aspect_ratio == 1 else None
        if mode is not None:
            self._stream.metadata["stereo_mode"] = mode

    @property
    def lost_packets(self) -> int:
        """Packets of sound and subtitles so far that were too damaged to be copied."""
        return self._copy.lost_packets if self._copy else self._lost_packets

    def __enter__(self) -> "VideoWriter":
        """Returns the writer."""
        return self

    def __exit__(self, exception_type, exception, traceback) -> None:
        """Completes the file, or removes it after an exception."""
        if exception_type is None:
            self.close()
        else:
            self.abort()

    def write(self, image: np.ndarray, pts: int) -> None:
        """Encodes one frame.

        Args:
            image: uint8 (height, width, 3) RGB; where the video has more than 8 bits also
                uint16, white being 255 * 256.
            pts: Presentation time in the time base of the writer, larger than the one before.

        Raises:
            ValueError: If the image has another shape or type, or time does not increase.
            VideoError: If the file cannot be written any more.
        """
        if image.shape != self._shape or image.dtype not in self._encoding.picture_types:
            types = " or ".join(kind.__name__ for kind in self._encoding.picture_types)
            raise ValueError(
                f"The image must be {types} {self._shape}. Received: {image.dtype} {image.shape}"
            )
        if self._last_pts is not None and pts <= self._last_pts:
            raise ValueError(f"pts must increase. Received: {pts} after {self._last_pts}")
        self._last_pts, self._frames = pts, self._frames + 1
        frame = self._converter(image)
        frame.pts, frame.time_base = pts - self._offset, self._time_base
        self._encode(frame)

    def close(self) -> None:
        """Finishes the file and gives it its name.

        Raises:
            VideoError: If no frame was written or the file cannot be completed.
        """
        if self._container is None:
            return
        try:
            if self._last_pts is None:
                raise VideoError(f"{self.path}: no frame to write")
            self._encode(None)
            if self._copy is not None:
                self._copy.mux_until(math.inf)
            self._container.close()
            self._complete_index()
            _sync(self._temporary)
            os.replace(self._temporary, self.path)
            _sync(self.path.parent)
        except (av.error.FFmpegError, OSError) as error:
            self.abort()
            raise VideoError(f"{self.path}: cannot be written ({reason(error)})") from error
        except BaseException:
            self.abort()
            raise
        self._release()

    def abort(self) -> None:
        """Gives up: removes what was written so far. Harmless after `close`."""
        if self._container is None:
            self._release()
            return
        # Closing completes the file, which takes long for a film; without its name it fails early.
        with contextlib.suppress(OSError):
            self._temporary.unlink(missing_ok=True)
        with contextlib.suppress(av.error.FFmpegError, OSError):
            self._container.close()
        self._release()
        self._temporary.unlink(missing_ok=True)

    def _complete_index(self):
        """Adds to the finished file what the muxer does not write."""
        if self._muxer in ("mp4", "mov"):
            finish_mp4(self._temporary, self._tags.mp4_sample_entry_boxes())
        elif self._tags.half_sphere:
            add_half_sphere(self._temporary)

    def _release(self):
        self._container = self._stream = None
        if self._copy is not None:
            self._lost_packets = self._copy.lost_packets
            self._copy.close()
            self._copy = None

    def _completed(self, packet):
        """A packet with what x265 leaves out."""
        if self._encoding.codec != "h265":
            return packet
        if self._frames <= _X265_DELAY:
            packet.dts = packet.pts
        if self._tags.frame_packing in (SIDE_BY_SIDE, TOP_BOTTOM):
            return with_frame_packing(packet, self._tags.frame_packing)
        return packet

    def _encode(self, frame):
        """Encodes a frame, or what is left if None, and muxes it behind what is due before."""
        try:
            for packet in self._stream.encode(frame):
                packet = self._completed(packet)
                if self._copy is not None:
                    self._copy.mux_until(packet.dts * packet.time_base)
                self._container.mux(packet)
        except (av.error.FFmpegError, OSError) as error:
            raise VideoError(f"{self.path}: cannot be written ({reason(error)})") from error


def _check_size(width, height):
    if width < _MIN_SIDE or height < _MIN_SIDE or width % 2 or height % 2:
        raise ValueError(
            f"Width and height must be even and at least {_MIN_SIDE}. Received: {width}x{height}"
        )


def _check_target(path, copy_from):
    if not path.parent.is_dir():
        raise VideoError(f"{path}: the folder {path.parent} does not exist")
    if path.is_dir():
        raise VideoError(f"{path}: is a folder")
    if not os.access(path.parent, os.W_OK):
        raise VideoError(f"{path}: the folder {path.parent} is not writable")
    if copy_from is not None and path.exists() and os.path.samefile(path, copy_from):
        raise VideoError(f"{path}: is the source itself; choose another name")


def _open_output(temporary, muxer, time_base):
    if muxer in ("matroska", "webm"):
        # Otherwise the priming samples of AAC, which begin before 0, move the whole film by 21 ms.
        options = {"avoid_negative_ts": "disabled"}
    else:
        # The start of a track is stated in units of the movie, 1 ms by default, which would round a
        # late start. The track's own unit keeps it; the muxer doubles it to 10000 or more.
        scale = time_base.denominator
        while scale < 10000:
            scale *= 2
        options = {"movie_timescale": str(scale)}
    return av.open(os.path.abspath(temporary), "w", format=muxer, container_options=options)


def _sync(path):
    """Waits until a file or folder is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
