"""Sound for synthetic films: one soft chord per shot, as AAC."""

import os
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np

SAMPLE_RATE = 48000
_CHORDS = ((0, 4, 7), (0, 3, 7), (0, 5, 9), (0, 4, 9), (0, 3, 8))  # semitones above the root
_FADE_SECONDS = 0.08


def write_chords(path: str | os.PathLike, seconds: Sequence[float], seed: int) -> None:
    """Writes a film of one black picture with stereo AAC sound, one chord for each given length.

    VideoWriter copies the sound of films, hence the picture.

    Args:
        path: of the file, usually .mp4.
        seconds: length of each chord.
        seed: decides the chords.
    """
    with av.open(os.fspath(path), "w") as container:
        video = container.add_stream("libx264", rate=1)
        stream = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo", bit_rate=96_000)
        _write_black_picture(container, video)
        written = 0
        for samples in _chunks(seconds, seed):
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = SAMPLE_RATE, written
            frame.time_base = Fraction(1, SAMPLE_RATE)
            written += samples.shape[1]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _write_black_picture(
    container: av.container.OutputContainer, stream: av.video.stream.VideoStream
) -> None:
    stream.width = stream.height = 16
    stream.pix_fmt = "yuv420p"
    picture = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
    picture.pts, picture.time_base = 0, Fraction(1)
    container.mux(stream.encode(picture))
    container.mux(stream.encode(None))


def _chunks(seconds: Sequence[float], seed: int, size: int = 1024):
    """The chords as float32 (2, n), n at most `size`, every chunk within one chord."""
    rng = np.random.default_rng([seed, 4])
    start = 0
    for end in np.round(np.cumsum(seconds) * SAMPLE_RATE).astype(int):
        root = 110.0 * 2 ** (rng.integers(0, 13) / 12)
        pitches = root * 2 ** (np.array(_CHORDS[rng.integers(len(_CHORDS))]) / 12)
        for first in range(start, end, size):
            time = (np.arange(first, min(first + size, end)) - start) / SAMPLE_RATE
            left = (end - start) / SAMPLE_RATE - time
            envelope = 0.06 * np.clip(np.minimum(time, left) / _FADE_SECONDS, 0, 1)
            waves = np.sin(2 * np.pi * pitches[:, None] * time)
            pan = np.linspace(0.7, 1.3, len(pitches))[:, None]
            yield np.stack([(waves * gain).sum(0) * envelope for gain in (pan, pan[::-1])]).astype(
                np.float32
            )
        start = end
