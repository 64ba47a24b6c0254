"""Stereo frames from pictures in memory, for programs that read and write films themselves."""

import itertools
from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from deep3d.conversion_config import ConversionConfig
from deep3d.frame_packer import check_size
from deep3d.inference import Predictor
from deep3d.stereo_frames import packer_for, stereo_frames


def convert_frames(
    frames: Iterable[np.ndarray],
    predictor: Predictor,
    config: ConversionConfig,
    frame_rate: float = 24.0,
) -> Iterator[np.ndarray]:
    """Converts the frames of a film, shot by shot, some frames behind.

    Args:
        frames: (h, w, 3) uint8 RGB, all of one size.
        predictor: The network.
        config: What to make; what concerns files is ignored.
        frame_rate: Frames per second.

    Yields:
        For each frame the packed one, uint8 RGB; of `two_files` the left view beside the right.

    Raises:
        ValueError: If a frame is none, or of another size than the first, or too small.
    """
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        return
    _check(first, None)
    check_size(first.shape[1], first.shape[0], "frames")
    packer = packer_for(first.shape[1], first.shape[0], predictor, config)
    timed = ((_check(frame, first), n) for n, frame in enumerate(itertools.chain([first], frames)))
    time_base = 1 / Fraction(frame_rate)
    for made in stereo_frames(timed, predictor, config, packer, time_base=time_base):
        yield made.image


def _check(frame, first) -> np.ndarray:
    if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8 or frame.shape[2:] != (3,):
        kind = getattr(frame, "dtype", type(frame).__name__), getattr(frame, "shape", "")
        raise ValueError(f"A frame must be uint8 (h, w, 3). Received: {kind[0]} {kind[1]}")
    if first is not None and frame.shape != first.shape:
        raise ValueError(
            f"All frames must be of the size of the first, {first.shape}. Received: {frame.shape}"
        )
    return frame
