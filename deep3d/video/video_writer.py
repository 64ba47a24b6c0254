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

from deep3d.atomic_file import wait_for_disk
from deep3d.video.color import VideoColor
from deep3d.video.encoding import CONTAINERS, Encoding
from deep3d.video.errors import VideoError, reason
from deep3d.video.high_dynamic_range import LightMetadata
from deep3d.video.matroska_projection import add_half_sphere
from deep3d.video.mp4_boxes import finish_mp4
from deep3d.video.packet_file import open_packets
from deep3d.video.picture_encoder import PictureEncoder
from deep3d.video.stereo_metadata import NO_TAGS, stereo_tags
from deep3d.video.stream_copy import StreamCopy


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
        scratch: pathlib.Path | None = None,
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
            scratch: Folder on the disk of the target in which the file grows; None is beside it.

        Raises:
            ValueError: If a size or format cannot be meant, or the container not hold the codec.
            VideoError: If the target cannot be written or cannot hold the source's audio.
        """
        self.path = pathlib.Path(path)
        encoding = Encoding(codec, bits, lossless, crf, preset)
        encoding.check_container(self.path.suffix)
        self._muxer = CONTAINERS[self.path.suffix.lower()]
        self._tags = NO_TAGS if stereo_format is None else stereo_tags(stereo_format)
        self._encoder = PictureEncoder(
            width,
            height,
            time_base,
            encoding,
            color=color,
            light=light,
            tags=self._tags,
            sample_aspect_ratio=sample_aspect_ratio,
        )
        _check_target(self.path, copy_from)
        if copy_from is None and (start_s, end_s) != (None, None):
            raise ValueError("start_s and end_s must come with copy_from. Received: None")
        self._time_base, self._last_dts, self._copy = Fraction(time_base), None, None
        # Not made from the name of the film, which may already have the greatest length allowed.
        name = f".deep3d-{secrets.token_hex(6)}.partial{self.path.suffix}"
        self._temporary = (scratch or self.path.parent) / name
        self._container = None
        self.losses: tuple[str, ...] = ()
        self._lost_packets = 0
        try:
            self._container = _open_output(self._temporary, self._muxer, self._time_base)
            self._stream = self._container.add_stream(
                encoding.encoder,
                rate=encoding.stated_rate(frame_rate),
                options=self._encoder.options,
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
        context = self._stream.codec_context
        self._encoder.attach(context)
        if self._encoder.encoding.codec == "h265" and self._muxer in ("mp4", "mov"):
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
        try:
            self._mux(self._encoder.encode(image, pts - self._offset))
        except (av.error.FFmpegError, OSError) as error:
            raise VideoError(f"{self.path}: cannot be written ({reason(error)})") from error

    def write_packets(self, path: str | os.PathLike) -> None:
        """Adds pictures that another encoder with the same settings has encoded already.

        Args:
            path: From `PacketWriter`; the times in it are as for `write`.

        Raises:
            ValueError: If the encoder was another.
            VideoError: If the file cannot be written any more, or the packets not be read.
        """
        try:
            with open_packets(path) as (header, packets):
                if header != (self._stream.codec_context.extradata or b""):
                    raise ValueError(f"The packets must be of the same encoder. Received: {path}")
                for packet in packets:
                    packet.pts, packet.dts = packet.pts - self._offset, packet.dts - self._offset
                    packet.time_base = self._time_base
                    self._mux([packet])
        except (av.error.FFmpegError, OSError) as error:
            raise VideoError(f"{self.path}: cannot be written ({reason(error)})") from error

    def close(self) -> None:
        """Finishes the file and gives it its name.

        Raises:
            VideoError: If no frame was written or the file cannot be completed.
        """
        if self._container is None:
            return
        try:
            self._mux(self._encoder.finish())
            if self._last_dts is None:
                raise VideoError(f"{self.path}: no frame to write")
            if self._copy is not None:
                self._copy.mux_until(math.inf)
            self._container.close()
            self._complete_index()
            wait_for_disk(self._temporary)
            os.replace(self._temporary, self.path)
            wait_for_disk(self.path.parent)
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

    def _mux(self, packets):
        """Writes packets of pictures, behind what is due before them."""
        for packet in packets:
            # Where encoders meet, decoding times may overlap by the delay of the second one.
            if self._last_dts is not None and packet.dts <= self._last_dts:
                packet.dts = self._last_dts + 1
            self._last_dts = packet.dts
            if self._copy is not None:
                self._copy.mux_until(packet.dts * packet.time_base)
            packet.stream = self._stream
            self._container.mux(packet)


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
