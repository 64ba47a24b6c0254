"""Reads a video file frame by frame: RGB images with their exact presentation times.

Time is `pts * time_base` of the stream, so a variable frame rate and a late start survive. What a
user can do something about (no such file, no video in it, cut off, damaged beyond a bound) is a
`VideoError`; single damaged packets are counted and passed over.
"""

import dataclasses
import math
import os
import pathlib
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from deep3d.video.color import color_of_frame
from deep3d.video.deferred_frame import DeferredFrame
from deep3d.video.errors import VideoError
from deep3d.video.high_dynamic_range import light_metadata
from deep3d.video.media_input import (
    decimal_seconds,
    main_video_stream,
    open_input,
    timeline_origin,
)
from deep3d.video.picture_decoder import PictureDecoder
from deep3d.video.picture_losses import picture_losses
from deep3d.video.reading_faults import ReadingFaults
from deep3d.video.rgb_conversion import RgbConverter
from deep3d.video.stereo_metadata import stated_stereo_mode

# Key frames are seldom farther apart; the last is the whole film.
_SEEK_MARGINS_S = (0, 10, 100, 1_000_000)

# Pictures that were deinterlaced, or that refer to those before them, need some to begin with.
_RESUME_MARGIN_S = 1

_FALLBACK_RATE = Fraction(25)


@dataclasses.dataclass(frozen=True)
class VideoFrame:
    """One picture and when it is shown.

    Attributes:
        image: uint8 (h, w, 3) RGB, gamma-encoded as in the source; from a reader of full depth
            uint16, white being 255 * 256.
        pts: Presentation time in units of `time_base`, strictly increasing within a video.
        time_base: Seconds per unit.
    """

    image: np.ndarray
    pts: int
    time_base: Fraction

    @property
    def time(self) -> Fraction:
        """Presentation time in seconds, exact."""
        return self.pts * self.time_base


class VideoReader:
    """Iterates over the frames of a video file, once.

    Attributes:
        path: The file.
        width: Width in pixels as displayed, after rotation metadata.
        height: Height in pixels as displayed.
        rotation: Counter-clockwise degrees by which the stored frames are turned.
        codec: FFmpeg's name of the codec.
        frame_rate: Frames per second as the container states them; only a label when they vary.
        time_base: Unit of every `pts` in seconds.
        origin: Time stamp in seconds that players show as 0:00.
        sample_aspect_ratio: Width of a pixel over its height as displayed; pixels are kept.
        color: Matrix, range and tags, to hand to the writer.
        bits: Bits of each sample in the file: 8, 10, 12.
        whole_color: Whether every pixel has its own color, unlike in 4:2:0 video.
        light: HDR mastering metadata.
        stereo_mode: What the file says of its stereo format (`stated_stereo_mode`), or None.
        losses: What of the pictures is not read, in words.
        has_audio: Whether the file has audio streams.
        duration_s: Seconds of the selected part as the container states them, or None.
        frame_count: Estimated frames of the selected part, or None.
        timestamp_errors: Frames so far whose missing or repeated time was replaced.
        missing_s: Seconds that the container stated and that the file, read to its end, does not
            hold: more than one frame when it was cut off.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        start_s: float | None = None,
        end_s: float | None = None,
        quick: bool = False,
        wants_all: Callable[[Fraction], bool] | None = None,
    ):
        """Opens the file and decodes its first frame.

        Args:
            path: Video file.
            start_s: First second of the part to read, counted from the beginning of the film as
                players show it; the frame at that time or the next one comes first.
            end_s: End of the part in seconds, exclusive.
            quick: Whether pictures from which no other is predicted come without the codec's loop
                filter, which takes a tenth of decoding. Edges of their blocks stay as coded, which
                is not seen once a picture is shrunk.
            wants_all: Whether all pictures are wanted at a time, in seconds as players show it.
                Elsewhere those from which no other is predicted, half of them in most films, are
                left out, which saves a third of decoding; films that begin interlaced come whole.

        Raises:
            VideoError: If the file cannot be read as a video.
                Likewise if the part begins behind the last frame.
            ValueError: If the part is empty or negative.
        """
        if not 0 <= (start_s or 0) < (math.inf if end_s is None else end_s):
            raise ValueError(
                "The part to read must satisfy 0 <= start_s < end_s. "
                f"Received: start_s={start_s}, end_s={end_s}"
            )
        self.path = pathlib.Path(path)
        self.timestamp_errors = self._damaged_frames = self._resized_frames = 0
        self.missing_s = 0.0
        self._last_pts = None
        self._container = open_input(self.path)
        try:
            self._open(start_s, end_s, quick, wants_all)
        except BaseException:
            self._container.close()
            raise

    def __enter__(self) -> "VideoReader":
        """Returns the reader."""
        return self

    def __exit__(self, *exception) -> None:
        """Closes the file."""
        self.close()

    @property
    def decode_errors(self) -> int:
        """Damaged packets passed over so far."""
        return self._decoder.errors

    @property
    def interlaced_frames(self) -> int:
        """Frames so far that were flagged as interlaced and deinterlaced."""
        return self._decoder.interlaced

    @property
    def full_depth(self) -> bool:
        """Whether pictures come in all their bits as uint16; False unless set and they have more.

        It is to be set before the first frame is taken.
        """
        return self._to_rgb.deep

    @full_depth.setter
    def full_depth(self, wanted: bool):
        self._to_rgb.deep = wanted and self.bits > 8

    @property
    def faults(self) -> ReadingFaults:
        """What had to be put up with so far."""
        return ReadingFaults(
            self.decode_errors, self.timestamp_errors, self._damaged_frames, self._resized_frames
        )

    def skip_to(self, pts: int, seek: bool = True) -> None:
        """Begins with a later frame than the first of the part.

        Args:
            pts: Presentation time of the frame in units of `time_base`.
            seek: Whether the file is entered near there. Frames of a damaged file may then come
                out in another way than after all those before.
        """
        self._start = pts * self.time_base
        if seek:
            self._seek(_RESUME_MARGIN_S)

    def close(self) -> None:
        """Closes the file."""
        self._decoded.close()
        self._first = None
        self._container.close()

    def __iter__(self) -> Iterator[VideoFrame]:
        """Yields the frames of the part in the order in which they are shown.

        Raises:
            VideoError: If too much of the file is damaged.
        """
        for frame, pts in self._timed():
            yield VideoFrame(self._to_rgb(frame), pts, self.time_base)

    def deferred(self) -> Iterator[DeferredFrame]:
        """Yields the same frames, converted to RGB only where that is asked for.

        Raises:
            VideoError: If too much of the file is damaged.
        """
        reformatter = VideoReformatter()
        for frame, pts in self._timed():
            yield DeferredFrame(pts, self.time_base, frame, self._to_rgb, reformatter)

    def _timed(self):
        """Yields the decoded frames of the part with their times."""
        while True:
            frame, self._first = self._first or next(self._decoded, None), None
            if frame is None:
                self._note_missing_end()
                return
            pts = self._exact_pts(frame)
            time = pts * self.time_base
            if self._end is not None and time >= self._end:
                return
            if self._start is None or time >= self._start:
                self._damaged_frames += frame.is_corrupt
                self._resized_frames += not self._to_rgb.is_of_first_size(frame)
                yield frame, pts

    def _open(self, start_s, end_s, quick, wants_all):
        self._stream = main_video_stream(self._container, self.path)
        if quick:
            context = self._stream.codec_context
            context.options = {**context.options, "skip_loop_filter": "noref"}
        self._stream.thread_type = "AUTO"
        self.time_base = self._stream.time_base
        self.origin = timeline_origin(self._container)
        self._decoder = PictureDecoder(self._container, self._stream, self.path)
        self._decoded = self._decoder.pictures()
        self._first = next(self._decoded, None)
        if self._first is None:
            raise VideoError(f"{self.path}: contains no frame that can be decoded")
        self._describe(self._first)
        if wants_all is not None and not self.interlaced_frames:
            self._decoder.wants_all = lambda time: wants_all(time - self.origin)
        self._start = None if start_s is None else self.origin + decimal_seconds(start_s)
        self._end = None if end_s is None else self.origin + decimal_seconds(end_s)
        self._measure(start_s or 0.0, math.inf if end_s is None else end_s)
        if start_s:
            self._seek()
            self._pass_over_what_comes_before()

    def _describe(self, frame):
        """Takes what holds for the whole video from its first frame and its stream."""
        stream = self._stream
        self._to_rgb = RgbConverter(frame)
        self.codec = stream.codec_context.codec.canonical_name
        self.rotation = self._to_rgb.rotation
        self.width, self.height = frame.width, frame.height
        self.sample_aspect_ratio = stream.sample_aspect_ratio or Fraction(1)
        if self._to_rgb.sideways:
            self.width, self.height = self.height, self.width
            self.sample_aspect_ratio = 1 / self.sample_aspect_ratio
        self.color = color_of_frame(frame)
        self.bits = max((component.bits for component in frame.format.components), default=8)
        self.whole_color = _has_whole_color(frame.format)
        self.light = light_metadata(frame)
        self.stereo_mode = stated_stereo_mode(stream.metadata, frame)
        self.losses = picture_losses(frame, interlaced=self.interlaced_frames > 0)
        self.frame_rate = (
            stream.guessed_rate or stream.average_rate or stream.base_rate or _FALLBACK_RATE
        )
        self.has_audio = bool(self._container.streams.audio)

    def _measure(self, start_s, end_s):
        """Estimates duration and frame count of the part."""
        stream, total = self._stream, math.inf
        if stream.duration:
            total = float(stream.duration * stream.time_base)
        elif self._container.duration:
            total = self._container.duration / av.time_base
        stop = min(end_s, total)
        self.duration_s = max(stop - start_s, 0.0) if stop < math.inf else None
        if start_s == 0 and end_s == math.inf and stream.frames:
            self.frame_count = stream.frames
        elif self.duration_s is not None:
            frames = self.duration_s * (stream.average_rate or self.frame_rate)
            self.frame_count = math.ceil(frames - 1e-6)
        else:
            self.frame_count = None

    def _seek(self, least_margin_s=0):
        """Goes to a key frame at or before the part.

        Files without an index (transport streams) are entered anywhere, and what comes before the
        next key frame cannot be decoded; so it is tried again from farther back.
        """
        for margin in _SEEK_MARGINS_S:
            target = math.floor((self._start - margin - least_margin_s) / self.time_base)
            try:
                self._container.seek(target, stream=self._stream)
            except av.error.FFmpegError:
                return  # Not seekable: the frames before the part are decoded and dropped.
            self._decoded.close()
            self._decoded = self._decoder.pictures()
            self._first = next(self._decoded, None)
            first = None if self._first is None else self._first.pts
            if first is not None and first * self.time_base <= self._start:
                return

    def _pass_over_what_comes_before(self):
        """Goes on to the first frame of the part; says so if there is none."""
        lacking = Fraction(0)  # time from the last frame before the part up to the part
        while self._first is not None and self._first.pts is not None:
            lacking = self._start - self._first.pts * self.time_base
            if lacking <= 0:
                return
            self._first = next(self._decoded, None)
        if self._first is None:
            begin = self._start - self.origin
            end = begin - lacking + 1 / self.frame_rate
            raise VideoError(
                f"{self.path}: lasts {float(end):.1f} s, and the part begins at {float(begin):g} s"
            )

    def _exact_pts(self, frame):
        """The frame's own time; where it is missing or does not increase, the next free one."""
        pts = frame.pts if frame.pts is not None else frame.dts
        if pts is None:
            step = max(round(1 / (self.frame_rate * self.time_base)), 1)
            pts = 0 if self._last_pts is None else self._last_pts + step
            self.timestamp_errors += 1
        elif self._last_pts is not None and pts <= self._last_pts:
            pts = self._last_pts + 1
            self.timestamp_errors += 1
        self._last_pts = pts
        return pts

    def _note_missing_end(self):
        """Compares the end of the last frame with the stream's own stated end."""
        if self._stream.duration and self._last_pts is not None:
            stated = (self._stream.start_time or 0) + self._stream.duration
            self.missing_s = max(float((stated - self._last_pts) * self.time_base), 0.0)


def _has_whole_color(pixels):
    components = pixels.components
    return len(components) > 2 and components[1].height == pixels.height
