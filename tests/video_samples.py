"""Small video files made for the tests with PyAV alone, not with the code under test."""

import itertools
import math
from fractions import Fraction

import av
import numpy as np

WIDTH, HEIGHT = 64, 48
MILLISECOND = Fraction(1, 1000)


def smooth_image(shift=0, width=WIDTH, height=HEIGHT):
    """Colors that change slowly, so that 4:2:0 and the encoder keep them: uint8 (h, w, 3)."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    red = 60 + 150 * x
    green = 200 - 140 * y
    blue = 90 + 70 * np.sin(2 * np.pi * (x + shift / 50)) * y
    return np.stack([red, green, blue], axis=-1).round().astype(np.uint8)


def write_video(
    path,
    times=tuple(range(0, 480, 40)),
    time_base=MILLISECOND,
    *,
    images=None,
    audio=(),
    audio_s=0.5,
    codec="libx264",
    set_up=lambda stream: None,
    container=lambda container: None,
    container_options=None,
):
    """Writes a film with one frame per time, and a sine per audio codec.

    Args:
        path: Target.
        times: Presentation times in `time_base`.
        time_base: Seconds per unit.
        images: RGB frames; None makes smooth ones.
        audio: Audio codecs, one stream each.
        audio_s: Length of the audio in seconds.
        codec: Video encoder; None leaves the video out.
        set_up: Is called with the video stream before anything is encoded.
        container: Is called with the container.
        container_options: Options of the muxer.
    """
    images = images or [smooth_image(i) for i in range(len(times))]
    # Otherwise Matroska's muxer moves the film by the priming samples of AAC, which begin before 0.
    options = {"avoid_negative_ts": "disabled"} if str(path).endswith(".mkv") else {}
    with av.open(str(path), "w", container_options=options | (container_options or {})) as output:
        container(output)
        packets = []
        if codec is not None:
            packets += _video_packets(output, codec, images, times, time_base, set_up)
        streams = [output.add_stream(name, rate=48000) for name in audio]
        for number, stream in enumerate(streams):
            stream.metadata.update({"language": ("eng", "deu")[number], "title": f"track {number}"})
        for stream in streams:
            packets += _audio_packets(stream, audio_s)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            output.mux(packet)
    return path


def _video_packets(output, codec, images, times, time_base, set_up):
    stream = output.add_stream(codec, rate=25, options={"crf": "4"} if codec == "libx264" else {})
    stream.height, stream.width = images[0].shape[:2]
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = stream.time_base = time_base
    set_up(stream)
    packets = []
    for image, time in zip(images, times, strict=True):
        frame = av.VideoFrame.from_ndarray(image)
        frame.pts, frame.time_base = time, time_base
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def _audio_packets(stream, seconds):
    context = stream.codec_context
    context.open()
    size, packets = context.frame_size or 1024, []
    for begin in range(0, int(seconds * 48000), size):
        wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(begin, begin + size) / 48000)
        samples = np.stack([wave, wave]).astype(np.float32)
        if context.format.name.startswith("s"):
            samples = (samples * 32767).astype(
                np.int16 if "16" in context.format.name else np.int32
            )
        if not context.format.is_planar:
            samples = samples.T.reshape(1, -1).copy()
        frame = av.AudioFrame.from_ndarray(samples, format=context.format.name, layout="stereo")
        frame.rate, frame.pts, frame.time_base = 48000, begin, Fraction(1, 48000)
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def video_times(path, end_s=math.inf):
    """Presentation times in seconds of all frames before `end_s`, as FFmpeg gives them."""
    with av.open(str(path)) as container:
        times = (frame.pts * frame.time_base for frame in container.decode(video=0))
        return list(itertools.takewhile(lambda time: time < end_s, times))


def audio_packets(path, track=0):
    """(time in seconds, bytes) of every packet of one audio track."""
    with av.open(str(path)) as container:
        return [
            (packet.pts * packet.time_base, bytes(packet))
            for packet in container.demux(container.streams.audio[track])
            if packet.size
        ]
