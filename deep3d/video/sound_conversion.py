"""Sound into another codec, for containers and devices that do not play the one it has.

Every decoded sample keeps its place in time: where the stream has a gap there is silence, what it
has twice is dropped, and what lies outside the part is cut off to the sample. So sound stays with
the picture however long the film is, and memory does not grow with it.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import numpy as np

# Channel layouts that every decoder of the codec knows, by their number of channels.
_LAYOUTS = {
    "aac": ("mono", "stereo", "3.0", "4.0", "5.0", "5.1", "5.1", "7.1"),
    "libopus": ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1"),
}
_FORMATS = {"aac": "fltp", "libopus": "flt"}
_BITS_PER_SAMPLE = {"aac": 2.0, "libopus": 1.4}  # 192 and 134 kbit/s for two channels at 48 kHz
_AAC_RATES = (48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
_USUAL_RATE = 48000
# Containers round times, and resampling holds some samples back: up to this there is no gap.
_TOLERANCE_S = Fraction(1, 50)
# A longer gap is no silence but damage, or the clock was set anew.
_LONGEST_GAP_S = 3600
# All channels of a sample beside each other: PyAV 18 takes planes of eight channels for more.
_SAMPLES = "flt"
_SILENCE = 48000  # samples that are made at once


class SoundConverter:
    """Decodes one stream of sound and encodes it into an output.

    Attributes:
        stream: The new stream of the output.
    """

    def __init__(
        self,
        source: av.AudioStream,
        output: av.container.OutputContainer,
        encoder: str,
        on_error: Callable[[], None],
    ):
        """Adds a stream to the output, with the channels and, if it can be, the rate of the source.

        Args:
            source: Stream with a decoder.
            output: Container whose header is not written yet.
            encoder: "aac" or "libopus".
            on_error: Called for every packet that cannot be decoded.
        """
        self._decoder, self._on_error = source.codec_context, on_error
        self._rate = _rate_for(encoder, self._decoder.sample_rate)
        self._layout = _layout_for(encoder, self._decoder.layout)
        self.stream = output.add_stream(encoder, rate=self._rate)
        context = self.stream.codec_context
        context.layout, context.format = self._layout, _FORMATS[encoder]
        channels = context.layout.nb_channels
        context.bit_rate = round(_BITS_PER_SAMPLE[encoder] * self._rate * channels)
        context.time_base = Fraction(1, self._rate)
        self._resampler = self._resampled = None  # the second: what the first is made for
        self._next = None  # sample of the output at which the next decoded one lies
        self._doubled = 0  # samples to come that lie where others have been already
        self._start, self._end = Fraction(0), None

    def set_part(self, start: Fraction, end: Fraction | None):
        """Chooses the part that is encoded.

        Args:
            start: Time of the source in seconds that becomes 0.
            end: Time at which to end, None for all.
        """
        self._start = start
        self._end = None if end is None else round((end - start) * self._rate)

    def convert(self, packet: av.Packet) -> Iterator[av.Packet]:
        """Decodes a packet and yields what the encoder gives for it; the header must be written.

        Args:
            packet: Of the source.

        Raises:
            av.error.FFmpegError: If the encoder fails.
        """
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            self._on_error()
            return
        for frame in frames:
            yield from self._take(frame)

    def finish(self) -> Iterator[av.Packet]:
        """Yields what decoder and encoder still hold."""
        try:
            frames = self._decoder.decode(None)
        except av.error.FFmpegError:
            self._on_error()
            frames = []
        for frame in frames:
            yield from self._take(frame)
        yield from self._resample(None)
        if self._next is not None:
            yield from self._completed(self.stream.encode(None))

    def _take(self, frame):
        """Encodes a decoded frame at its place."""
        gap = 0
        if frame.pts is not None:
            place = round((frame.pts * frame.time_base - self._start) * self._rate)
            self._next = place if self._next is None else self._next
            gap = place - self._next + self._doubled
        self._next = self._next or 0
        if _TOLERANCE_S < Fraction(abs(gap), self._rate) < _LONGEST_GAP_S:
            yield from self._resample(None)
            yield from self._silence(gap)
            self._doubled += max(-gap, 0)
        frame.pts = None
        yield from self._resample(frame)

    def _silence(self, samples):
        channels = self.stream.codec_context.layout.nb_channels
        for begin in range(0, samples, _SILENCE):
            count = min(_SILENCE, samples - begin)
            yield from self._encode(np.zeros((count, channels), np.float32))

    def _resample(self, frame):
        """Encodes a frame at the rate of the output, what is left of the ones before if None."""
        kind = frame and (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is not None and kind != self._resampled:
            for rest in self._resampler.resample(None):
                yield from self._encode(self._samples_of(rest))
            self._resampler = None
        if frame is None:
            return
        if self._resampler is None:
            self._resampler = av.AudioResampler(_SAMPLES, self._layout, self._rate)
            self._resampled = kind
        for resampled in self._resampler.resample(frame):
            yield from self._encode(self._samples_of(resampled))

    def _encode(self, samples):
        """Encodes (count, channels) samples that follow, as far as they belong to the part."""
        doubled = min(self._doubled, len(samples))
        self._doubled -= doubled
        samples, begin = samples[doubled:], self._next
        self._next += len(samples)
        last = self._next if self._end is None else min(self._end, self._next)
        samples = samples[max(-begin, 0) : max(last - begin, 0)]
        if not len(samples):
            return
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), _SAMPLES, self._layout)
        frame.sample_rate, frame.pts = self._rate, max(begin, 0)
        frame.time_base = Fraction(1, self._rate)
        yield from self._completed(self.stream.encode(frame))

    def _samples_of(self, frame):
        return frame.to_ndarray().reshape(-1, self.stream.codec_context.layout.nb_channels)

    def _completed(self, packets):
        for packet in packets:
            packet.stream = self.stream
            yield packet


def _rate_for(encoder, rate):
    return rate if encoder == "aac" and rate in _AAC_RATES else _USUAL_RATE


def _layout_for(encoder, layout):
    """The same layout if the codec has it, else the usual one of as many channels."""
    names = _LAYOUTS[encoder]
    return layout.name if layout.name in names else names[min(layout.nb_channels, len(names)) - 1]
