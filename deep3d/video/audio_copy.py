"""Carries the audio of one file over into another, packet by packet, without decoding it."""

import math
import pathlib
from fractions import Fraction

import av

from deep3d.video.errors import VideoError, reason
from deep3d.video.video_reader import decimal_seconds, open_input, timeline_origin

# Codecs that players accept inside MP4. FFmpeg would write more (PCM as `ipcm`, DTS), to be played
# by hardly anything; MOV and Matroska take what FFmpeg says they take.
_MP4_AUDIO = ("aac", "ac3", "alac", "eac3", "flac", "mp3", "opus")
_TRACK_METADATA = ("language", "title", "handler_name")


class AudioCopy:
    """Copies all audio packets of a source into an output container, in time with its video.

    Attributes:
        metadata: The source's own metadata (title, artist, ...), without what describes the file.
        skipped_streams: What of the source is not copied, in words, e.g. "subrip subtitles (eng)".
    """

    def __init__(
        self,
        source: pathlib.Path,
        output: av.container.OutputContainer,
        target: pathlib.Path,
        start_s: float | None,
        end_s: float | None,
    ):
        """Adds one stream per audio stream of the source to the output.

        Args:
            source: File to copy from.
            output: Container whose header is not written yet.
            target: Name of the output, for messages and for what its container can hold.
            start_s: Copies from here on, and moves it to time 0.
            end_s: Copies up to here.

        Raises:
            VideoError: If the source cannot be read or the container cannot hold its audio.
        """
        self._output, self._source = output, source
        self._container = open_input(source)
        try:
            self._streams = {
                stream.index: _add_audio_stream(stream, output, target)
                for stream in self._container.streams.audio
            }
        except BaseException:
            self._container.close()
            raise
        origin = timeline_origin(self._container)
        self.offset = Fraction(0) if start_s is None else origin + decimal_seconds(start_s)
        self._end = None if end_s is None else origin + decimal_seconds(end_s)
        self.metadata = _without_file_facts(self._container.metadata)
        self.skipped_streams = _skipped_streams(self._container)
        self._packets = self._wanted_packets()
        self._next = None

    def mux_until(self, time: Fraction | float) -> None:
        """Writes every packet that begins up to `time`, in seconds of the output.

        Raises:
            VideoError: If the source's audio cannot be read.
        """
        while self._streams:
            if self._next is None:
                self._next = next(self._packets, None)
                if self._next is None:
                    return
            begin, packet = self._next
            if begin > time:
                return
            self._output.mux(packet)
            self._next = None

    def close(self) -> None:
        """Closes the source."""
        self._packets.close()
        self._container.close()

    def _wanted_packets(self):
        """Yields (decoding time in output seconds, packet) of all audio streams in file order."""
        for stream in self._container.streams:
            if stream.index not in self._streams:
                stream.discard = av.stream.Discard.all
        try:
            for packet in self._container.demux(*self._container.streams.audio):
                stamp = packet.dts if packet.dts is not None else packet.pts
                if not packet.size or stamp is None:
                    continue
                time, time_base = stamp * packet.time_base, packet.time_base
                length = (packet.duration or 0) * time_base
                if self._end is not None and time >= self._end:
                    continue
                if self.offset and time + length <= self.offset:
                    continue
                shift = round(self.offset / time_base)
                packet.dts = stamp - shift
                packet.pts = (stamp if packet.pts is None else packet.pts) - shift
                packet.stream = self._streams[packet.stream_index]
                yield packet.dts * time_base, packet
        except av.error.FFmpegError as error:
            raise VideoError(f"{self._source}: audio cannot be read ({reason(error)})") from error


def _add_audio_stream(stream, output, target):
    """A stream of the output that takes packets of `stream` as they are."""
    name = stream.codec_context.name if stream.codec_context is not None else "unknown"
    codec = stream.codec_context.codec.canonical_name if name != "unknown" else name
    advice = f"{target}: {target.suffix} files cannot hold {codec} audio; choose an .mkv file"
    if output.format.name == "mp4" and codec not in _MP4_AUDIO:
        raise VideoError(advice)
    try:
        copy = output.add_stream_from_template(stream)
    except ValueError as error:
        raise VideoError(advice) from error
    copy.metadata.update({k: v for k, v in stream.metadata.items() if k in _TRACK_METADATA})
    copy.disposition = stream.disposition
    return copy


def _without_file_facts(metadata):
    """Drops tags that describe the old file and not the film."""
    facts = {"major_brand", "minor_version", "compatible_brands", "encoder", "creation_time"}
    return {key: value for key, value in metadata.items() if key.lower() not in facts}


def _skipped_streams(container):
    """Names the streams that are neither audio nor the main video."""
    words, main = [], container.streams.best("video")
    for stream in container.streams:
        if stream.type == "audio" or stream is main:
            continue
        codec = stream.codec_context.name if stream.codec_context is not None else stream.name
        language = f" ({stream.language})" if stream.language not in (None, "und") else ""
        words.append(f"{codec or 'unknown'} {stream.type}{language}")
    return words


EVERYTHING = math.inf
