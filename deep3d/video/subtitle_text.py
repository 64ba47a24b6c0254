"""Text subtitles from one codec into another, packet by packet.

FFmpeg decodes every text codec to the one that it calls ASS and encodes from it, which keeps lines,
italics, bold and colors as far as the other codec has them.
"""

from fractions import Fraction

import av
from av.subtitles.codeccontext import SubtitleCodecContext
from av.subtitles.stream import SubtitleStream

# The encoders of text count in milliseconds.
_TICK = Fraction(1, 1000)


class TextConverter:
    """Converts the packets of one subtitle stream."""

    def __init__(self, source: SubtitleStream, encoder: str):
        """Prepares decoder and encoder.

        Args:
            source: Stream with text subtitles.
            encoder: FFmpeg encoder: "mov_text", "subrip" or "webvtt".

        Raises:
            av.error.FFmpegError: If the decoder or the encoder cannot be opened.
        """
        self._decoder = source.codec_context
        self._decoder.open(strict=False)
        self.encoder = encoder
        # The encoder reads styles from here; text decoders make it when they are opened.
        self.header = self._decoder.subtitle_header or b""

    def convert(self, packet: av.Packet, context: SubtitleCodecContext) -> av.Packet | None:
        """The packet in the other codec.

        Args:
            packet: Packet of the source stream.
            context: The encoder, opened.

        Returns:
            A packet with the same times, or None if it says nothing: MP4 fills the gaps between
            subtitles with empty ones.

        Raises:
            av.error.FFmpegError: If the packet is damaged.
        """
        subtitles = self._decoder.decode2(packet)
        if subtitles is None or not len(subtitles):
            return None
        converted = context.encode_subtitle(subtitles)
        if not converted.size:
            return None
        converted.time_base = packet.time_base
        converted.pts, converted.dts = packet.pts, packet.dts
        converted.duration = packet.duration or round(converted.duration * _TICK / packet.time_base)
        return converted
