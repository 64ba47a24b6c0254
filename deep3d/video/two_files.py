"""The two eyes as two films, each with the sound and all else that the source has."""

import contextlib
import pathlib

import numpy as np

from deep3d.video.stereo_format import unpack
from deep3d.video.stereo_metadata import eye_paths
from deep3d.video.video_writer import VideoWriter


class TwoFilesWriter:
    """Writes frames packed as `two_files` into one film for each eye.

    Use as a context manager like `VideoWriter`: an exception leaves no file.

    Attributes:
        paths: Where the left and the right eye's film are to be.
        losses: What of the source the containers cannot hold, in words.
    """

    def __init__(self, path: pathlib.Path, width: int, height: int, *arguments, **options):
        """Opens both files.

        Args:
            path: The name that `eye_paths` makes two of.
            width: Width of a packed frame in pixels: twice that of a view.
            height: Its height.
            *arguments: As for `VideoWriter`.
            **options: Likewise, without `stereo_format`.

        Raises:
            ValueError: As of `VideoWriter`.
            VideoError: Likewise.
        """
        self.paths = eye_paths(path)
        with contextlib.ExitStack() as opened:
            self._writers = [
                opened.enter_context(VideoWriter(eye, width // 2, height, *arguments, **options))
                for eye in self.paths
            ]
            self._open = opened.pop_all()
        self.losses = self._writers[0].losses

    @property
    def lost_packets(self) -> int:
        """Packets of sound and subtitles so far that were too damaged to be copied."""
        return self._writers[0].lost_packets

    def __enter__(self) -> "TwoFilesWriter":
        """Returns the writer."""
        return self

    def __exit__(self, *exception) -> None:
        """Completes both files, or removes them after an exception."""
        self._open.__exit__(*exception)

    def write(self, frame: np.ndarray, pts: int) -> None:
        """Encodes one frame.

        Args:
            frame: uint8 or uint16 (height, width, 3) RGB, the left view beside the right one.
            pts: Presentation time in the time base of the writer.

        Raises:
            ValueError: As of `VideoWriter.write`.
            VideoError: Likewise.
        """
        for writer, view in zip(self._writers, unpack(frame, "two_files"), strict=True):
            writer.write(view, pts)
