"""A film with everything in it, made with PyAV alone, and what an independent reader finds."""

from fractions import Fraction

import av
import cv2
from video_samples import HEIGHT, MILLISECOND, WIDTH, _audio_packets, smooth_image

SECONDS = 3
FONT = b"\0\1\0\0" + bytes(range(256)) * 5
TEXTS = {100: "<i>Guten</i> Tag", 1200: "two\nlines", 2500: "the last"}  # by ms
LENGTH_MS = 600
# Presentation graphics: an end segment alone is a legal, empty one, enough to be carried about.
GRAPHICS = {200: b"\x80\0\0", 1500: b"\x80\0\0"}
ASS_HEADER = (
    b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\n"
    b"Style: Default,Fancy,30\n\n[Events]\nFormat: Layer, Start, End, Style, Text\n"
)


def cover_bytes():
    """A small JPEG."""
    return cv2.imencode(".jpg", smooth_image()[..., ::-1])[1].tobytes()


def write_film(path, audio=("aac", "ac3"), graphics=True, fonts=True, cover=True, seconds=SECONDS):
    """Writes a Matroska film with sound, three kinds of subtitles, fonts, a cover and chapters."""
    with av.open(str(path), "w", container_options={"avoid_negative_ts": "disabled"}) as output:
        output.metadata.update({"title": "A film", "director": "Somebody"})
        output.set_chapters([_chapter(number) for number in range(seconds)])
        video = output.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.time_base = video.time_base = MILLISECOND
        sounds = [output.add_stream(name, rate=48000) for name in audio]
        for number, stream in enumerate(sounds):
            stream.metadata.update(
                {"language": ("eng", "deu")[number % 2], "title": f"no {number}"}
            )
            stream.disposition = av.stream.Disposition(1 if number == 0 else 1 << 3)
        subtitles = _add_subtitles(output, graphics)
        if fonts:
            output.add_attachment("Fancy.ttf", "font/ttf", FONT)
        if cover:
            output.add_attachment("cover.jpg", "image/jpeg", cover_bytes())
        packets = []
        for number in range(25 * seconds):
            frame = av.VideoFrame.from_ndarray(smooth_image(number))
            frame.pts, frame.time_base = 40 * number, MILLISECOND
            packets += video.encode(frame)
        packets += video.encode(None)
        for stream in sounds:
            packets += _audio_packets(stream, seconds)
        packets += subtitles
        output.start_encoding()
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            output.mux(packet)
    return path


def _chapter(number):
    return {
        "id": number + 1,
        "start": 1000 * number,
        "end": 1000 * number + 1000,
        "time_base": MILLISECOND,
        "metadata": {"title": f"chapter {number}"},
    }


def _add_subtitles(output, graphics):
    text = output.add_stream("subrip")
    text.codec_context.subtitle_header = b""
    text.metadata.update({"language": "deu", "title": "für alle"})
    text.disposition = av.stream.Disposition.forced
    styled = output.add_stream("ass")
    styled.codec_context.subtitle_header = ASS_HEADER
    styled.metadata["language"] = "eng"
    packets = [_packet(text, time, line.encode()) for time, line in TEXTS.items()]
    packets += [
        _packet(styled, time, b"%d,0,Default,,0,0,0,,{\\b1}%s" % (number, line.encode()))
        for number, (time, line) in enumerate(TEXTS.items())
    ]
    if graphics:
        pictures = output.add_mux_stream("hdmv_pgs_subtitle")
        pictures.metadata["language"] = "fra"
        packets += [_packet(pictures, time, data) for time, data in GRAPHICS.items()]
    return packets


def _packet(stream, time, data):
    packet = av.Packet(data)
    packet.stream, packet.time_base = stream, MILLISECOND
    packet.pts = packet.dts = time
    packet.duration = LENGTH_MS
    return packet


def packets_of(path, kind, number=0):
    """(time in seconds, duration, bytes) of every packet of the stream, by type and number."""
    with av.open(str(path)) as container:
        stream = [stream for stream in container.streams if stream.type == kind][number]
        return [
            (packet.pts * packet.time_base, packet.duration * packet.time_base, bytes(packet))
            for packet in container.demux(stream)
            if packet.size
        ]


def spoken(path, number=0):
    """[(begin, end, text)] of a text subtitle track, decoded; times in ms."""
    with av.open(str(path)) as container:
        stream = container.streams.subtitles[number]
        return [
            (_ms(packet.pts, packet), _ms(packet.pts + packet.duration, packet), rectangle.dialogue)
            for packet in container.demux(stream)
            if packet.size
            for rectangle in packet.decode()
            if rectangle.dialogue
        ]


def _ms(time, packet):
    return round(Fraction(time) * packet.time_base * 1000)


def chapters_of(path):
    """[(begin, end, title)] in seconds."""
    with av.open(str(path)) as container:
        return [
            (c["start"] * c["time_base"], c["end"] * c["time_base"], c["metadata"]["title"])
            for c in container.chapters()
        ]
