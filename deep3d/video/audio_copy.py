"""Carries the audio of one file over into another, packet by packet, without decoding it."""

import contextlib
import pathlib
from fractions import Fraction

import av

from deep3d.video.errors import VideoError, reason
from deep3d.video.media_input import (
    decimal_seconds,
    demux_tolerantly,
    main_video_stream,
    open_input,
    timeline_origin,
)

# Codecs that players accept inside MP4 and QuickTime. FFmpeg would write more into MP4 (PCM, DTS),
# which hardly anything plays. Matroska holds everything.
_AUDIO_CODECS = {
    "mp4": ("aac", "ac3", "alac", "eac3", "flac", "mp3", "opus"),
    "mov": ("aac", "ac3", "alac", "eac3", "mp3", "pcm_"),
}
_FILE_METADATA = ("major_brand", "minor_version", "compatible_brands", "encoder", "creation_time")

# How far apart in a file sound and picture of one moment may lie; muxers wait no longer.
_INTERLEAVING_S = 10

# Damaged places in the container behind which the copy goes on; one per minute of a long film.
_TOLERATED_ERRORS = 100


class AudioCopy:
    """Copies all audio packets and the chapters of a source into an output, in time with its video.

    Attributes:
        start: Time in seconds, on the source's own time line, that becomes 0 in the output.
        metadata: The source's title, artist and so on, without what describes the old file.
        skipped_streams: What of the source is not copied, in words: "subrip subtitle (eng)".
        errors: Damaged places passed over so far.
    """

    def __init__(
        self,
        source: pathlib.Path,
        output: av.container.OutputContainer,
        target: pathlib.Path,
        start_s: float | None = None,
        end_s: float | None = None,
    ):
        """Adds one stream per audio stream of the source to the output.

        Args:
            source: File to copy from.
            output: Container whose header is not written yet.
            target: Name of the output, for messages.
            start_s: Copies from here on and moves it to time 0; None keeps all times.
            end_s: Copies up to here.

        Raises:
            VideoError: If the source cannot be read or the container cannot hold its audio.
        """
        self._source, self._output = source, output
        self._container = open_input(source)
        try:
            self._streams = {
                stream.index: _add_audio_stream(stream, output, target)
                for stream in self._container.streams.audio
            }
            self.skipped_streams = _skipped_streams(self._container, source)
        except BaseException:
            self._container.close()
            raise
        origin = timeline_origin(self._container)
        self.start = Fraction(0) if start_s is None else origin + decimal_seconds(start_s)
        self._end = None if end_s is None else origin + decimal_seconds(end_s)
        if start_s is None and end_s is None:
            output.set_chapters(self._container.chapters())
        self.metadata = {
            key: value
            for key, value in self._container.metadata.items()
            if key.lower() not in _FILE_METADATA
        }
        self.errors = 0
        self._last_dts = {}  # stream index -> decoding time of its latest packet, in the source
        self._due = {}  # stream index -> first sample of the packet expected next, in the output
        self._skip_to_start()
        self._packets = self._wanted_packets()
        self._next = next(self._packets, None)

    def mux_until(self, time: Fraction | float) -> None:
        """Writes every packet that begins up to a time.

        Args:
            time: Seconds in the output; infinity writes all that is left.

        Raises:
            VideoError: If the source's audio is damaged beyond the bound.
        """
        while self._next is not None and self._next.dts * self._next.time_base <= time:
            self._output.mux(self._next)
            self._next = next(self._packets, None)

    def close(self) -> None:
        """Closes the source."""
        self._packets.close()
        self._container.close()

    def _skip_to_start(self):
        """Spares reading what comes well before the part."""
        target = self.start - _INTERLEAVING_S
        if target > 0:
            with contextlib.suppress(av.error.FFmpegError):  # then it is read and dropped
                self._container.seek(int(target * av.time_base))

    def _wanted_packets(self):
        """Yields the packets of the part in file order, moved to the time line of the output."""
        streams, finished = self._container.streams.audio, set()
        if not streams:
            return
        for packet in demux_tolerantly(self._container, streams, self._count_error):
            packet.dts = packet.pts if packet.dts is None else packet.dts
            if not packet.size or packet.dts is None:
                continue
            last = self._last_dts.get(packet.stream_index, packet.dts)
            self._last_dts[packet.stream_index] = packet.dts
            # MP4 players drop a last packet without a duration, and Matroska need not state it.
            packet.duration = packet.duration or packet.dts - last
            begin = packet.dts * packet.time_base
            end = begin + packet.duration * packet.time_base
            if self._end is not None and begin >= self._end:
                finished.add(packet.stream_index)
                if len(finished) == len(streams):
                    return
            elif not self.start or end > self.start:
                self._move_to_output(packet)
                yield packet

    def _move_to_output(self, packet):
        """Gives a packet its stream and its time in the output.

        Matroska rounds times to 1 ms, which would make MP4 state an uneven length for every packet.
        Where a packet begins within that rounding of the last one's end, it begins there exactly.
        """
        context = packet.stream.codec_context
        tick, rate, length = packet.time_base, context.sample_rate, context.frame_size
        shift = round(self.start / tick)
        packet.dts -= shift
        packet.pts = packet.dts if packet.pts is None else packet.pts - shift
        in_samples = self._output.format.name != "matroska" and length and tick * rate > 1
        if in_samples and packet.pts == packet.dts:
            sample = packet.pts * tick * rate
            due = self._due.get(packet.stream_index, sample)
            exact = round(due if abs(due - sample) <= tick * rate else sample)
            self._due[packet.stream_index] = exact + length
            packet.pts, packet.dts, packet.duration = exact, exact, length
            packet.time_base = Fraction(1, rate)
        packet.stream = self._streams[packet.stream_index]

    def _count_error(self, error):
        self.errors += 1
        if self.errors > _TOLERATED_ERRORS:
            raise VideoError(f"{self._source}: audio cannot be read ({reason(error)})") from error


def _add_audio_stream(stream, output, target):
    """A stream of the output that takes packets of `stream` as they are."""
    context = stream.codec_context
    codec = "its" if context is None else context.codec.canonical_name
    refusal = VideoError(
        f"{target}: {target.suffix} files cannot hold {codec} audio; write an .mkv file instead"
    )
    if not codec.startswith(_AUDIO_CODECS.get(output.format.name, "")):
        raise refusal
    try:
        copy = output.add_stream_from_template(stream)
    except ValueError as error:
        raise refusal from error
    # The title of a track is called "name" in what FFmpeg reads from MP4.
    title = stream.metadata.get("title") or stream.metadata.get("name")
    copy.metadata.update(
        {"language": stream.language or "und"} | ({"title": title} if title else {})
    )
    copy.disposition = stream.disposition
    return copy


def _skipped_streams(container, source):
    """Names the streams that are neither audio nor the main video."""
    main, words = main_video_stream(container, source), []
    for stream in container.streams:
        if stream.type == "audio" or stream is main:
            continue
        context = stream.codec_context
        codec = stream.name if context is None else context.codec.canonical_name
        language = f" ({stream.language})" if stream.language not in (None, "und") else ""
        words.append(f"{codec or 'unknown'} {stream.type}{language}")
    return words
