"""Opening media files, with errors that name the file and what is wrong with it."""

import os
import pathlib
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import av

from deep3d.video.errors import VideoError, reason

# What FFmpeg also calls a video: playlists that lead to other files or hosts, and text drawn as
# ANSI art. Pictures come as `image2` or `png_pipe`, `jpeg_pipe` and so on.
_NOT_FILMS = {
    "concat": "a playlist",
    "concatf": "a playlist",
    "dash": "a playlist",
    "hls": "a playlist",
    "imf": "a playlist",
    "tty": "a text",
    "image2": "a picture",
}
# 16384 x 16384: four times the area of 16K video; a header asking for more is a fault or an attack.
_MAX_PIXELS = 1 << 28


def open_input(path: pathlib.Path) -> av.container.InputContainer:
    """Opens a media file for reading.

    Args:
        path: The file.

    Returns:
        PyAV's container.

    Raises:
        VideoError: If there is no such file or it is not a media file.
    """
    if path.is_dir():
        raise VideoError(f"{path}: is a folder, not a video file")
    if not path.exists():
        raise VideoError(f"{path}: no such file")
    try:
        # An absolute path cannot be taken for a protocol ("concat:a|b"); tags may not be UTF-8.
        container = av.open(os.path.abspath(path), metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        if _lacks_index(path):
            cause = "cut off: its index (moov) at the end is missing"
        elif isinstance(error, av.error.EOFError):
            cause = "ends before its first frame"
        else:
            cause = f"not a readable video ({reason(error)})"
        raise VideoError(f"{path}: {cause}") from error
    kind = "image2" if container.format.name.endswith("_pipe") else container.format.name
    if kind in _NOT_FILMS:
        container.close()
        raise VideoError(f"{path}: is {_NOT_FILMS[kind]}, not a video")
    return container


def main_video_stream(
    container: av.container.InputContainer, path: pathlib.Path
) -> av.video.stream.VideoStream:
    """The main video stream of a file; cover pictures do not count.

    Args:
        container: The opened file.
        path: Its name, for messages.

    Returns:
        The stream, which has a decoder.

    Raises:
        VideoError: If there is none, it cannot be decoded, or its frames are absurdly large.
    """
    cover = av.stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not streams:
        raise VideoError(f"{path}: contains no video stream")
    best = container.streams.best("video")
    stream = best if best in streams else streams[0]
    context = stream.codec_context
    if context is None:
        raise VideoError(f"{path}: its video codec is not known to this build of FFmpeg")
    if context.width * context.height > _MAX_PIXELS:
        raise VideoError(f"{path}: frames of {context.width}x{context.height} are too large")
    # The size may change in mid-stream; FFmpeg then holds to the same bound.
    context.options = {"max_pixels": str(_MAX_PIXELS)}
    return stream


def demux_tolerantly(
    container: av.container.InputContainer,
    streams: Sequence[av.stream.Stream],
    on_error: Callable[[Exception], None],
) -> Iterator[av.Packet]:
    """Yields the packets of some streams and goes on behind damaged places.

    Args:
        container: The opened file.
        streams: Streams whose packets are wanted; all others are passed over unread.
        on_error: Is told every error; raises to give up.

    Yields:
        Packets in file order; an empty one per stream at the end, which flushes a decoder.
    """
    for stream in container.streams:
        wanted = any(stream is one for one in streams)
        stream.discard = av.stream.Discard.default if wanted else av.stream.Discard.all
    while True:
        try:
            yield from container.demux(*streams)
            return
        except av.error.FFmpegError as error:
            on_error(error)


def timeline_origin(container: av.container.InputContainer) -> Fraction:
    """The time stamp in seconds that players show as 0:00.

    It is where the first stream begins (a transport stream may begin at any hour), but not before
    0, where AAC audio has its priming samples.
    """
    starts = [
        stream.start_time * stream.time_base
        for stream in (*container.streams.video, *container.streams.audio)
        if stream.start_time is not None
    ]
    return max(min(starts, default=Fraction(0)), Fraction(0))


def decimal_seconds(seconds: float) -> Fraction:
    """The number that was typed, to the microsecond: 0.1 is 1/10, not the nearest binary one."""
    return Fraction(seconds).limit_denominator(1_000_000)


def _lacks_index(path):
    """Whether a file begins as MP4 but has no `moov` box, as after an interrupted recording."""
    boxes = []
    with open(path, "rb") as file:
        end = os.fstat(file.fileno()).st_size
        position = 0
        while position + 8 <= end and len(boxes) < 1000:
            file.seek(position)
            header = file.read(16)
            size = int.from_bytes(header[:4], "big")
            if size == 1:  # the true size follows in 64 bits
                size = int.from_bytes(header[8:16], "big")
            boxes.append(header[4:8])
            if size < 8:  # 0: up to the end of the file; anything else is damage
                break
            position += size
    return boxes[:1] == [b"ftyp"] and b"moov" not in boxes
