"""Decodes the pictures of a video stream; passes over what is damaged and what is not wanted."""

import pathlib
from collections.abc import Callable, Iterator
from fractions import Fraction

import av

from deep3d.video.deinterlace import deinterlaced
from deep3d.video.errors import VideoError, reason
from deep3d.video.media_input import demux_tolerantly

# A scratch loses a few packets, a broken download loses most: up to this many and, beyond, this
# share of all packets may fail before the file is given up.
_TOLERATED_ERRORS = 20
_TOLERATED_SHARE = 0.05


class PictureDecoder:
    """Decodes one stream of an opened file.

    Args:
        container: The file.
        stream: Of the file; its codec is set up.
        path: Name of the file, for messages.

    Attributes:
        errors: Damaged packets passed over so far.
        interlaced: Pictures so far that were flagged as interlaced and deinterlaced.
        wants_all: Whether all pictures are wanted at a time stamp in seconds; elsewhere those from
            which no other is predicted are left out. None wants all of them everywhere.
    """

    def __init__(
        self,
        container: av.container.InputContainer,
        stream: av.video.stream.VideoStream,
        path: pathlib.Path,
    ):
        self._container, self._stream, self._path = container, stream, path
        self.errors = self.interlaced = self._packets = 0
        self.wants_all: Callable[[Fraction], bool] | None = None

    def pictures(self) -> Iterator[av.VideoFrame]:
        """Yields whole pictures from where the file stands, in the order of display.

        Raises:
            VideoError: If too much of the file is damaged.
        """
        return deinterlaced(self._decoded())

    def _decoded(self):
        for packet in demux_tolerantly(self._container, [self._stream], self._count_error):
            self._packets += 1
            if self.wants_all is not None:
                self._stream.codec_context.skip_frame = self._skipped(packet)
            try:
                frames = packet.decode()
            except av.error.FFmpegError as error:
                self._count_error(error)
                continue
            for frame in frames:
                self.interlaced += frame.interlaced_frame
                yield frame

    def _skipped(self, packet):
        """Which pictures of a packet the codec shall pass over; a packet without a time is kept."""
        pts = packet.dts if packet.pts is None else packet.pts
        if pts is None or self.wants_all(pts * self._stream.time_base):
            return "DEFAULT"
        return "NONREF"

    def _count_error(self, error):
        self.errors += 1
        if self.errors > _TOLERATED_ERRORS + _TOLERATED_SHARE * self._packets:
            raise VideoError(
                f"{self._path}: {self.errors} of {self._packets} packets cannot be decoded "
                f"({reason(error)})"
            ) from error
