"""Encodes a run of frames that is later joined with others to a film.

The encoder is opened as that of the film is, so `VideoWriter.write_packets` takes what it makes.
"""

import pathlib
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np

from deep3d.video.encoding import Encoding
from deep3d.video.errors import VideoError, reason
from deep3d.video.packet_file import PacketWriter
from deep3d.video.picture_encoder import PictureEncoder
from deep3d.video.stereo_format import unpack
from deep3d.video.stereo_metadata import stereo_tags


class SegmentWriter:
    """Writes one file of packets, or one for each eye. Use as a context manager.

    Attributes:
        frames: How many were written.
    """

    def __init__(
        self,
        paths: Sequence[pathlib.Path],
        width: int,
        height: int,
        frame_rate: Fraction,
        time_base: Fraction,
        *,
        encoding: Encoding,
        stereo_format: str,
        **pictures,
    ):
        """Opens the encoders.

        Args:
            paths: The file of packets, or the left and the right eye's.
            width: Width in pixels of the frames of each file.
            height: Their height.
            frame_rate: Frames per second as stated in the film.
            time_base: Seconds per unit of the `pts` given to `write`.
            encoding: Codec, depth and rate.
            stereo_format: What a frame holds.
            **pictures: Color and so on, as for `PictureEncoder`.

        Raises:
            VideoError: If a file cannot be written.
        """
        self.frames, self._stereo_format = 0, stereo_format
        self._encoders, self._files = [], []
        tags = stereo_tags(stereo_format)
        try:
            for path in paths:
                encoder = PictureEncoder(width, height, time_base, encoding, tags=tags, **pictures)
                context = av.CodecContext.create(encoding.encoder, "w")
                context.framerate = encoding.stated_rate(frame_rate)
                context.options = encoder.options
                context.flags |= av.codec.context.Flags.global_header
                encoder.attach(context)
                context.open()
                self._encoders.append(encoder)
                self._files.append(PacketWriter(path, context.extradata or b""))
        except (av.error.FFmpegError, OSError) as error:
            self.abort()
            raise _unwritable(paths[0], error) from error

    @property
    def files(self) -> tuple[PacketWriter, ...]:
        """The files, with their sizes and checksums so far."""
        return tuple(self._files)

    def __enter__(self) -> "SegmentWriter":
        """Returns the writer."""
        return self

    def __exit__(self, exception_type, exception, traceback) -> None:
        """Removes what was not closed."""
        self.abort()

    def write(self, frame: np.ndarray, pts: int) -> None:
        """Encodes one frame.

        Args:
            frame: uint8 or uint16 RGB; of two files the left view beside the right one.
            pts: Presentation time in the time base of the writer.

        Raises:
            ValueError: If the frame cannot be encoded.
            VideoError: If a file cannot be written any more.
        """
        views = (frame,) if len(self._files) == 1 else unpack(frame, self._stereo_format)
        self.frames += 1
        try:
            for encoder, file, view in zip(self._encoders, self._files, views, strict=True):
                file.write(encoder.encode(view, pts))
        except (av.error.FFmpegError, OSError) as error:
            raise _unwritable(self._files[0].path, error) from error

    def close(self) -> None:
        """Ends the streams and waits until the files are on the disk.

        Raises:
            VideoError: If they cannot be written.
        """
        try:
            for encoder, file in zip(self._encoders, self._files, strict=True):
                file.write(encoder.finish())
                file.close()
        except (av.error.FFmpegError, OSError) as error:
            raise _unwritable(self._files[0].path, error) from error

    def abort(self) -> None:
        """Removes the files that are not closed."""
        for file in self._files:
            file.abort()


def _unwritable(path, error):
    return VideoError(f"{path}: cannot be written ({reason(error)})")
