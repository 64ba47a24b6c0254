"""Single pictures from all over a film, cheaply: its key frames, without what lies between them."""

import contextlib
import os
import pathlib
from collections.abc import Iterator

import av
import numpy as np

from deep3d.video.media_input import main_video_stream, open_input
from deep3d.video.rgb_conversion import RgbConverter


def key_frames(path: str | os.PathLike, count: int) -> Iterator[np.ndarray]:
    """Pictures of a film that can be decoded by themselves, evenly drawn over it.

    Args:
        path: The film.
        count: How many places are looked at. Films with few key frames have fewer pictures; a
            damaged place has none, nor has a file of unknown length or without an index.

    Yields:
        (h, w, 3) uint8 RGB, all of one size, each key frame once.

    Raises:
        VideoError: If the film cannot be opened.
    """
    path = pathlib.Path(path)
    with open_input(path) as container:
        stream = main_video_stream(container, path)
        length, unit = stream.duration, stream.time_base
        if not length and container.duration:
            length = int(_seconds(container) / unit)
        if not length:
            return
        stream.codec_context.skip_frame = "NONKEY"
        stream.codec_context.thread_count = 1  # more would wait for further key frames
        to_rgb, seen = None, set()
        for number in range(count):
            target = (stream.start_time or 0) + int(length * (number + 0.5) / count)
            frame = _key_frame_before(container, stream, target, seen)
            if frame is not None and frame.pts not in seen:
                seen.add(frame.pts)
                to_rgb = to_rgb or RgbConverter(frame)
                yield to_rgb(frame)


def _seconds(container) -> float:
    length, start = container.duration / av.time_base, (container.start_time or 0) / av.time_base
    # Matroska's, as FFmpeg writes it, counts from 0 and not from the first frame.
    return length - start if "matroska" in container.format.name and length > start else length


def _key_frame_before(container, stream, target: int, seen: set[int]) -> av.VideoFrame | None:
    """The last key frame up to a time, or none if it is among those seen already."""
    # A damaged place must not keep the rest from being looked at.
    with contextlib.suppress(av.error.FFmpegError):
        container.seek(target, stream=stream)
        may_be_held = False
        for packet in container.demux(stream):
            if packet.pts in seen:
                return None
            frames = packet.decode()
            if may_be_held and not frames:
                # Decoders hold a picture until they have seen what may come before it.
                frames = stream.codec_context.decode(None)
                stream.codec_context.flush_buffers()
            if frames:
                return frames[0]
            may_be_held = packet.is_keyframe  # its second field may be in the next packet
    return None
