"""What had to be put up with while a film was read."""

import dataclasses
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class ReadingFaults:
    """What had to be put up with while a file was read.

    Attributes:
        decode_errors: Damaged packets passed over.
        timestamp_errors: Frames whose missing or repeated time was replaced.
        damaged_frames: Frames that the decoder had to make up in part.
        resized_frames: Frames that were stored in another size than the first.
    """

    decode_errors: int = 0
    timestamp_errors: int = 0
    damaged_frames: int = 0
    resized_frames: int = 0

    def __add__(self, other: "ReadingFaults") -> "ReadingFaults":
        """Both together."""
        return ReadingFaults(*map(sum, zip(*map(dataclasses.astuple, (self, other)), strict=True)))

    def __sub__(self, other: "ReadingFaults") -> "ReadingFaults":
        """What came after the other."""
        return self + ReadingFaults(*(-count for count in dataclasses.astuple(other)))

    def remarks(self, width: int, height: int) -> Iterator[str]:
        """Sentences about it for people.

        Args:
            width: Of the first frame in pixels, as displayed.
            height: Likewise.
        """
        if self.decode_errors:
            yield f"{self.decode_errors} damaged packets were passed over"
        if self.damaged_frames:
            yield f"{self.damaged_frames} damaged frames were shown as well as they could be"
        if self.timestamp_errors:
            yield f"{self.timestamp_errors} frames had no usable time and got one"
        if self.resized_frames:
            size = f"{width}x{height}"
            yield f"{self.resized_frames} frames were of another size and scaled to {size}"
