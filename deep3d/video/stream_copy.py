"""Carries all that a film has beside its picture over into another file, packet by packet.

Sound and subtitles, chapters, fonts, covers, tags and data go over as they are, without being
decoded; sound and text subtitles are converted where the target has another kind (see `copy_plan`).
Packets are read when the picture has come as far, so memory does not grow with the film.
"""

import contextlib
import math
import pathlib
from fractions import Fraction

import av

from deep3d.video.chapters import cut_chapters
from deep3d.video.copy_plan import StreamPlan, plan_copy
from deep3d.video.errors import VideoError, reason
from deep3d.video.media_input import (
    decimal_seconds,
    demux_tolerantly,
    open_input,
    timeline_origin,
)
from deep3d.video.sound_conversion import SoundConverter
from deep3d.video.subtitle_text import TextConverter

# How far apart in a file sound and picture of one moment may lie; muxers wait no longer.
_INTERLEAVING_S = 10

# Decoders of sound need some packets before the first that they decode rightly.
_RUN_UP_S = Fraction(1, 2)

# Damaged places in the container behind which the copy goes on; one per minute of a long film.
_TOLERATED_ERRORS = 100

# No film is that long (115 days): a time stamp beyond is damage, and might overflow in a muxer.
_LONGEST_S = 10_000_000


class StreamCopy:
    """Copies the streams of a source into an output, in time with its video.

    Attributes:
        start: Time in seconds, on the source's own time line, that becomes 0 in the output.
        plan: What is copied and what is not.
        errors: Damaged places in the container passed over so far.
        lost_packets: Packets so far that could not be copied: unreadable text or sound, absurd
            times.
    """

    def __init__(
        self,
        source: pathlib.Path,
        output: av.container.OutputContainer,
        target: pathlib.Path,
        start_s: float | None = None,
        end_s: float | None = None,
    ):
        """Adds a stream per copied stream of the source, its chapters and its tags to the output.

        Args:
            source: File to copy from.
            output: Container whose header is not written yet and whose first stream is the video.
            target: Name of the output, for messages.
            start_s: Copies from here on and moves it to time 0; None keeps all times.
            end_s: Copies up to here.

        Raises:
            VideoError: If the source cannot be read or the container cannot hold its audio.
        """
        self._source, self._output = source, output
        part = (start_s, end_s) != (None, None)
        self.plan = plan_copy(source, target, part)
        self._container = open_input(source)
        try:
            self._streams, self._converters, self._sounds = {}, {}, {}  # by index in the source
            self._covers = []
            self.errors = self.lost_packets = 0
            for plan in self.plan.streams:
                self._add_stream(plan)
            origin = timeline_origin(self._container)
            self.start = Fraction(0) if start_s is None else origin + decimal_seconds(start_s)
            self._end = None if end_s is None else origin + decimal_seconds(end_s)
            chapters = self._container.chapters()
            output.set_chapters(cut_chapters(chapters, self.start, self._end, self.start))
            output.metadata.update(self.plan.metadata)
            output.streams.video[0].metadata.update(self.plan.video_metadata)
            for sound in self._sounds.values():
                sound.set_part(self.start, self._end)
            self._last = {}  # stream index -> (decoding time of its latest packet, its duration)
            self._due = {}  # stream index -> first sample of the packet expected next in the output
            self._written = {}  # stream index -> time of its latest packet in the output
            self._skip_to_start()
            self._packets = self._wanted_packets()
            self._next = None
        except BaseException:
            self._container.close()
            raise

    def mux_until(self, time: Fraction | float) -> None:
        """Writes every packet that begins up to a time; the header must be written.

        Args:
            time: Seconds in the output; infinity writes all that is left.

        Raises:
            VideoError: If the source is damaged beyond the bound.
            OSError: If the output cannot be written.
        """
        for packet in self._covers:
            self._mux(packet)
        self._covers.clear()
        if self._next is None:
            self._next = next(self._packets, None)
        while self._next is not None and self._next.dts * self._next.time_base <= time:
            self._mux(self._next)
            self._next = next(self._packets, None)

    def close(self) -> None:
        """Closes the source."""
        self._packets.close()
        self._container.close()

    def _add_stream(self, plan: StreamPlan):
        stream = self._container.streams[plan.index]
        if plan.cover is not None and self._output.format.name == "matroska":
            tags = plan.metadata
            self._output.add_attachment(tags["filename"], tags["mimetype"], plan.cover)
            return
        if plan.encoder is not None and stream.type == "audio":
            sound = SoundConverter(stream, self._output, plan.encoder, self._count_lost)
            self._sounds[plan.index], copy = sound, sound.stream
        elif plan.encoder is not None:
            self._converters[plan.index] = converter = TextConverter(stream, plan.encoder)
            copy = self._output.add_stream(plan.encoder)
            copy.codec_context.subtitle_header = converter.header
        else:
            copy = self._output.add_stream_from_template(stream, opaque=True)
        if stream.type == "attachment":
            return
        copy.metadata.update({"language": "und"} | plan.metadata)
        copy.disposition = stream.disposition
        if plan.cover is None:
            self._streams[plan.index] = copy
        else:
            packet = av.Packet(plan.cover)
            packet.stream, packet.time_base = copy, Fraction(1, 1000)
            packet.pts = packet.dts = 0
            packet.is_keyframe = True
            self._covers.append(packet)

    def _skip_to_start(self):
        """Spares reading what comes well before the part."""
        target = self.start - _INTERLEAVING_S
        if target > 0:
            with contextlib.suppress(av.error.FFmpegError):  # then it is read and dropped
                self._container.seek(int(target * av.time_base))

    def _wanted_packets(self):
        """Yields the packets of the part in file order, moved to the time line of the output."""
        streams, finished = [self._container.streams[index] for index in self._streams], set()
        if not streams:
            return
        for packet in demux_tolerantly(self._container, streams, self._count_error):
            if not packet.size or not self._has_times(packet):
                continue
            sound = self._sounds.get(packet.stream_index)
            begin = packet.dts * packet.time_base
            end = begin + packet.duration * packet.time_base
            if self._end is not None and begin >= self._end:
                finished.add(packet.stream_index)
                if len(finished) == len(streams):
                    break
            elif sound is not None:
                if not self.start or end > self.start - _RUN_UP_S:
                    yield from sound.convert(packet)
            elif not self.start or end > self.start:
                packet = self._for_output(packet)
                if packet is not None:
                    yield packet
        for sound in self._sounds.values():
            yield from sound.finish()

    def _has_times(self, packet):
        """Completes time and duration of a packet from the one before; False if it is absurd."""
        last, length = self._last.get(packet.stream_index, (None, 0))
        if packet.dts is None:
            packet.dts = packet.pts
        if packet.dts is None:
            packet.dts = 0 if last is None else last + length
        if abs(packet.dts * packet.time_base) > _LONGEST_S:
            self.lost_packets += 1
            return False
        # MP4 players drop a last packet without a duration, and Matroska need not state it.
        if not packet.duration and packet.stream.type == "audio" and last is not None:
            packet.duration = max(packet.dts - last, 0)
        if packet.duration * packet.time_base > _LONGEST_S:
            packet.duration = 0
        self._last[packet.stream_index] = packet.dts, packet.duration
        return True

    def _for_output(self, packet):
        """The packet with its stream and its times in the output; None if it cannot be copied."""
        index, stream = packet.stream_index, packet.stream
        if index in self._converters:
            try:
                packet = self._converters[index].convert(packet, self._streams[index].codec_context)
            except (av.error.FFmpegError, ValueError):
                self.lost_packets += 1
                return None
            if packet is None:
                return None
        if stream.type == "subtitle":
            self._cut(packet)
        shift = round(self.start / packet.time_base)
        packet.dts -= shift
        packet.pts = packet.dts if packet.pts is None else packet.pts - shift
        if stream.type == "audio":
            self._count_in_samples(packet, index, stream.codec_context)
        packet.stream = self._streams[index]
        return packet

    def _cut(self, packet):
        """Shortens a subtitle to the part: it may have begun before or end behind it."""
        begin, end = packet.dts, packet.dts + packet.duration
        if self.start:
            begin = max(begin, round(self.start / packet.time_base))
        if self._end is not None:
            end = min(end, round(self._end / packet.time_base))
        packet.pts = packet.dts = begin
        packet.duration = max(end - begin, 0)

    def _count_in_samples(self, packet, index, context):
        """Gives a packet of sound its exact time, as far as it is known.

        Matroska rounds times to 1 ms, which would make MP4 state an uneven length for every packet.
        Where a packet begins within that rounding of the last one's end, it begins there exactly.
        """
        tick, rate, length = packet.time_base, context.sample_rate, context.frame_size
        in_samples = (
            self._output.format.name not in ("matroska", "webm") and length and tick * rate > 1
        )
        if in_samples and packet.pts == packet.dts:
            sample = packet.pts * tick * rate
            due = self._due.get(index, sample)
            exact = round(due if abs(due - sample) <= tick * rate else sample)
            self._due[index] = exact + length
            packet.pts, packet.dts, packet.duration = exact, exact, length
            packet.time_base = Fraction(1, rate)

    def _mux(self, packet):
        """Writes a packet, behind the one before of its stream, as muxers demand."""
        index, tick = packet.stream_index, packet.stream.time_base
        time = math.floor(packet.dts * packet.time_base / tick + Fraction(1, 2))
        least = self._written.get(index, time - 1) + (packet.stream.type == "audio")
        if time < least:
            packet.duration = round(packet.duration * packet.time_base / tick)
            packet.pts = max(round(packet.pts * packet.time_base / tick), least)
            packet.dts, packet.time_base, time = least, tick, least
        self._written[index] = time
        try:
            self._output.mux(packet)
        except (av.error.ArgumentError, av.error.InvalidDataError):  # the muxer refuses just this
            self.lost_packets += 1

    def _count_lost(self):
        self.lost_packets += 1

    def _count_error(self, error):
        self.errors += 1
        if self.errors > _TOLERATED_ERRORS:
            raise VideoError(f"{self._source}: cannot be read on ({reason(error)})") from error
