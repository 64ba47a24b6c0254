"""From a 3D movie whose layout is known to accepted stereo frames, shot by shot.

Every decoded frame goes through the shot detector; a few per second are unpacked, freed of black
bars, measured and either rejected, with a word that says why, or composed and handed on. All
frames of a shot get one composition (deep3d.composition), taken from its first accepted frames,
so that depth does not jump inside a shot. At most `composition_frames` samples, and the few frames
before each that are wanted with it, are held at a time.

Reasons: `black`, `duplicate` (of the frame kept before), `no_parallax` (both eyes alike, as in
title cards), `unmatched` (the eyes do not show one scene), `out_of_levels` (more parallax than the
disparity levels hold), `too_narrow` (the shift leaves too few columns).
"""

import collections
import contextlib
import os
from collections.abc import Callable, Iterator
from fractions import Fraction

import cv2
import numpy as np

from data_pipeline.black_bars import BlackBars, find_black_bars
from data_pipeline.movie_options import MovieOptions
from data_pipeline.shot import Shot, ShotReport, StereoFrame
from deep3d.frame_stack import repeat_earliest
from deep3d.video import ShotDetector, VideoError, VideoReader, unpack

# Where in the movie, as shares of its duration, frames are looked at for black bars.
BAR_PROBES = tuple(0.05 + 0.1 * k for k in range(10))


def stereo_frames(
    path: str | os.PathLike,
    options: MovieOptions,
    on_shot: Callable[[ShotReport], None] = lambda report: None,
) -> Iterator[StereoFrame]:
    """Yields the accepted stereo frames of a movie in order of time.

    Args:
        path: The movie.
        options: How it is packed, and what is accepted.
        on_shot: Called with a report after every shot, also where nothing was accepted.

    Yields:
        Accepted frames, all frames of a shot with the same composition.

    Raises:
        VideoError: If the movie cannot be opened or breaks off; frames before that are yielded.
    """
    bars = find_movie_bars(path, options)
    detector, shot, end = ShotDetector(), None, Fraction(0)
    recent: collections.deque = collections.deque(maxlen=options.frames_before)
    with VideoReader(path) as reader:
        aspect_ratio = reader.sample_aspect_ratio
        try:
            for frame in reader:
                end = frame.time
                if detector.update(frame.image) or shot is None:
                    if shot is not None:
                        yield from shot.finish(end, on_shot)
                    shot = Shot(shot.number + 1 if shot else 0, end, options, shot)
                    recent.clear()
                if shot.is_due(end):
                    pairs = [
                        tuple(map(bars.crop, unpack_eyes(image, options, aspect_ratio)))
                        for image in (frame.image, *recent)
                    ]
                    pair, *before = repeat_earliest(pairs, 1 + options.frames_before)
                    yield from shot.offer(pair, before, frame.pts, frame.time_base)
                recent.appendleft(frame.image)
        except VideoError:
            # What was read before the damage is as good as the rest.
            if shot is not None:
                yield from shot.finish(end, on_shot)
            raise
    if shot is not None:
        yield from shot.finish(end, on_shot)


def unpack_eyes(
    image: np.ndarray, options: MovieOptions, sample_aspect_ratio: Fraction = Fraction(1)
) -> tuple[np.ndarray, np.ndarray]:
    """Left and right view of a packed frame, with square pixels and the eyes the right way round.

    Args:
        image: (h, w, 3) uint8 packed frame.
        options: Layout and order of the eyes.
        sample_aspect_ratio: Width of a pixel of the frame over its height.

    Returns:
        Two (h, w', 3) uint8 views.
    """
    left, right = unpack(image, options.layout, stretch=True)
    if sample_aspect_ratio != 1:  # broadcasts store 1920 columns as 1440
        size = (max(1, round(left.shape[1] * sample_aspect_ratio)), left.shape[0])
        left, right = (cv2.resize(view, size) for view in (left, right))
    return (right, left) if options.swap_eyes else (left, right)


def find_movie_bars(path: str | os.PathLike, options: MovieOptions) -> BlackBars:
    """The black bars of either view, from ten frames all over the movie.

    Raises:
        VideoError: If the movie cannot be opened or is no movie of this layout.
    """
    with VideoReader(path) as reader:
        duration_s = reader.duration_s or 0.0
        side = "width" if options.layout.endswith("sbs") else "height"
        if getattr(reader, side) % 2:
            size = f"{reader.width}x{reader.height}"
            raise VideoError(f"{path}: a {options.layout} movie has an even {side}, not {size}")
    return find_black_bars(_probes(path, duration_s, options))


def _probes(path, duration_s: float, options: MovieOptions) -> Iterator:
    for share in BAR_PROBES if duration_s else (0.0,):
        # A damaged place in the middle must not keep the rest from being ingested.
        with contextlib.suppress(VideoError), VideoReader(path, start_s=share * duration_s) as part:
            for frame in part:
                yield unpack_eyes(frame.image, options, part.sample_aspect_ratio)
                break
