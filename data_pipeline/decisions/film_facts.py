"""What is known of a movie before it is read: its layout, its bars, which eye is likely first.

Some two dozen pictures from all over the movie are looked at. Tags and the file's name are a prior
only: what the pictures show clearly counts.
"""

import dataclasses
import os
from collections.abc import Iterator, Sequence
from fractions import Fraction

import cv2
import numpy as np

from data_pipeline.decisions.black_bars import find_black_bars
from data_pipeline.decisions.eye_order import EyeOrderCues, decide_eye_order, measure_eye_order
from data_pipeline.decisions.layout_detection import (
    LayoutDecision,
    LayoutPrior,
    detect_layout,
    layout_prior,
)
from data_pipeline.decisions.quality import MeasuredPair, measure_pair
from data_pipeline.movie_options import AUTO, MovieOptions
from deep3d.video import BlackBars, VideoError, VideoReader, unpack
from deep3d.video.key_frames import key_frames

PROBES = 24
# The pictures are held together; of very large ones there are fewer.
PROBE_BYTES = 300_000_000
# Each costs 70 ms, so a short film is not looked at more often than every so many seconds.
EYE_PROBES, EYE_PROBE_S = 12, 10.0
# A shot's own evidence outweighs what the rest of the film says: of more than a hundred films,
# 22 % have a shot whose eyes are swapped (MSU, 3D film quality report 9).
LEAST_PRIOR = 0.2


class FilmRefused(VideoError):
    """The movie can be read and is of no use; the message says why."""


@dataclasses.dataclass(frozen=True)
class FilmFacts:
    """What holds for a whole movie.

    Attributes:
        layout: One of `deep3d.video.LAYOUTS`.
        layout_score: How sure that is, 0..1; 1 where the user said so.
        evidence: What it rests on, by cue.
        outer: Black rows and columns around the packed pictures, which go before these are halved.
        bars: Of every view, in its pixels.
        swapped_prior: Probability that a shot of the movie has the right eye first.
    """

    layout: str
    layout_score: float
    evidence: dict[str, float | str]
    outer: BlackBars
    bars: BlackBars
    swapped_prior: float


def inspect_film(path: str | os.PathLike, options: MovieOptions) -> FilmFacts:
    """Looks at pictures from all over a movie.

    Args:
        path: The movie.
        options: What of it the user knows.

    Returns:
        The facts.

    Raises:
        VideoError: If the movie cannot be opened; `FilmRefused` if it is no 3D movie that can be
            taken apart.
    """
    with VideoReader(path) as reader:
        size, duration_s = (reader.width, reader.height), reader.duration_s or 0.0
        aspect_ratio = reader.sample_aspect_ratio
        prior = layout_prior(path, reader)
    frames = list(_probes(path, duration_s, size))
    if options.layout == AUTO:
        decision = detect_layout(frames, aspect_ratio, prior)
        _refuse_2d(path, decision)
    else:
        decision = LayoutDecision(options.layout, 1.0, prior.right_first, {})
    _refuse_odd_halves(path, decision.layout, *size)
    facts = FilmFacts(
        layout=decision.layout,
        layout_score=decision.score,
        evidence=decision.evidence,
        outer=_outer_bars(decision),
        bars=BlackBars(),
        swapped_prior=0.5,
    )
    pairs = [unpack_eyes(frame, facts, aspect_ratio) for frame in frames]
    bars = find_black_bars(pairs)
    some = pairs[:: max(1, round(len(pairs) / _eye_probes(duration_s)))]
    swapped_prior = _swapped_prior([[*map(bars.crop, pair)] for pair in some], prior, options)
    return dataclasses.replace(facts, bars=bars, swapped_prior=swapped_prior)


def unpack_eyes(
    image: np.ndarray, film: FilmFacts, sample_aspect_ratio: Fraction = Fraction(1)
) -> tuple[np.ndarray, np.ndarray]:
    """First and second view of a packed frame, with square pixels.

    Args:
        image: (h, w, 3) uint8 packed frame.
        film: How it is packed.
        sample_aspect_ratio: Width of a pixel of the frame over its height.

    Returns:
        Two (h, w', 3) uint8 views.
    """
    first, second = unpack(film.outer.crop(image), film.layout, stretch=True)
    if sample_aspect_ratio != 1:  # broadcasts store 1920 columns as 1440
        size = (max(1, round(first.shape[1] * sample_aspect_ratio)), first.shape[0])
        first, second = (cv2.resize(view, size) for view in (first, second))
    return first, second


def eye_order_cues(measured: MeasuredPair) -> EyeOrderCues:
    """What a measured pair says about the order of its eyes."""
    return measure_eye_order(*measured.views, measured.disparity, measured.disparity_on_right)


def _probes(path, duration_s: float, size: tuple[int, int]) -> Iterator[np.ndarray]:
    count = max(3, min(PROBES, PROBE_BYTES // (3 * size[0] * size[1])))
    frames = list(key_frames(path, count))
    if 2 * len(frames) >= count:
        yield from frames
        return
    # A short film, or one without an index: all of it is decoded, and few frames are converted.
    step_s, found, frame = duration_s / count, 0, None
    with VideoReader(path) as reader:
        try:
            for frame in reader.deferred():
                if float(frame.time - reader.origin) >= (found + 0.5) * step_s and found < count:
                    found += 1
                    yield frame.image
            if not found and frame is not None:  # it is shorter than it says
                yield frame.image
        except VideoError:
            if not found:
                raise


def _refuse_2d(path, decision: LayoutDecision) -> None:
    if decision.layout == "anaglyph":
        raise FilmRefused(f"{path}: an anaglyph, whose eyes cannot be separated into full colors")
    if decision.layout == "mono":
        raise FilmRefused(f"{path}: a 2D movie: no two halves of its pictures show one scene")
    if float(decision.evidence.get("identical_share", 0.0)) >= 0.95:
        raise FilmRefused(f"{path}: 2D: both eyes are identical ({decision.layout})")


def _outer_bars(decision: LayoutDecision) -> BlackBars:
    rows = int(decision.evidence.get("outer_rows", 0))
    columns = int(decision.evidence.get("outer_columns", 0))
    return BlackBars(rows, rows, columns, columns)


def _refuse_odd_halves(path, layout: str, width: int, height: int) -> None:
    side, length = ("width", width) if layout.endswith("sbs") else ("height", height)
    if length % 2:
        raise VideoError(f"{path}: a {layout} movie has an even {side}, not {width}x{height}")


def _eye_probes(duration_s: float) -> int:
    return int(np.clip(duration_s / EYE_PROBE_S, 3, EYE_PROBES))


def _swapped_prior(pairs: Sequence, prior: LayoutPrior, options: MovieOptions) -> float:
    """Laplace's rule over the pictures that say something; a tag counts as one of them."""
    if options.eyes != AUTO:
        return 0.5  # nobody asks
    swapped, known = 0.0, 0
    if prior.right_first is not None:
        swapped, known = float(prior.right_first), 1
    for left, right in pairs:
        measured = measure_pair(left, right, options.quality)
        if measured.reason:
            continue
        verdict = decide_eye_order([eye_order_cues(measured)])
        if verdict.swapped is not None:
            swapped, known = swapped + verdict.swapped, known + 1
    return float(np.clip((swapped + 0.5) / (known + 1), LEAST_PRIOR, 1 - LEAST_PRIOR))
