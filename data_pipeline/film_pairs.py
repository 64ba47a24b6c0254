"""Pairs of stereo films to evaluate on, taken, judged and composed as the ingestion does it.

From each of some places all over a film comes the first sample that the ingestion accepts there:
with the eyes in their order, aligned, without bars, of a shot that is not refused. So a film is
evaluated by the pairs that it would be learned from. Which eye is first is decided with the help
of the shipped network among other cues (see eye_order.py), so the shots for which that is unsure
are left out and counted; `eyes` says it for films of which it is known.
"""

import collections
import contextlib
import dataclasses
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from data_pipeline.decisions.film_facts import FilmFacts, inspect_film
from data_pipeline.movie_options import AUTO, MAX_FRAMES_BEFORE, MovieOptions
from data_pipeline.movies.movie import stereo_frames
from data_pipeline.movies.shot import StereoFrame
from data_pipeline.movies.shot_report import ShotReport
from data_pipeline.storage.sources import Source, find_sources
from deep3d.disparity import DisparityLevels
from deep3d.pairs import Pair
from deep3d.video import VideoError, VideoReader
from deep3d.wording import either

# Neighbouring frames taken at each place of a film, so that flicker can be told from motion.
RUN = 2


@dataclasses.dataclass
class Tally:
    """What became of the places of all films.

    Attributes:
        places: Looked at so far.
        found: Of these, those that gave a pair.
        exchanged: Of these, those whose right eye is stored first.
        left_out: Shots refused as the ingestion refuses them, by reason; a shot counts at every
            place at which it was met. "damaged" are places that cannot be read.
    """

    places: int = 0
    found: int = 0
    exchanged: int = 0
    left_out: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    def add_shot(self, report: ShotReport) -> None:
        """Counts a shot that was read to its end."""
        if not report.accepted:
            self.left_out[report.reason] += 1

    def __str__(self) -> str:
        refused = ", ".join(f"{reason} {count}" for reason, count in self.left_out.most_common())
        return (
            f"pairs from {self.found} of {self.places} places, the eyes exchanged at "
            f"{self.exchanged}; shots left out: {refused or 'none'}"
        )


@dataclasses.dataclass(frozen=True)
class _Film:
    source: Source
    facts: FilmFacts
    duration_s: float
    origin: Fraction


class FilmPairs:
    """Composed pairs of stereo films, from evenly spread places, two neighbouring frames at each.

    Args:
        pattern: Film, folder of films, or glob pattern.
        frames: Frames of each film.
        layout: How all are packed; "auto" decides by the pictures of each.
        eyes: "left_first" or "right_first" for all of them; "auto" decides for every shot.
        at_most: Frames of all films together; None is no bound.
        frames_before: How many frames before each are read with it. May be set later.
        levels: The disparity levels that pairs are composed for. May be set later.

    Attributes:
        layouts: How each film is packed.
        tally: What became of the places, of the last time that the pairs were iterated over.

    Raises:
        ValueError: If there is no film, or one cannot be read.
    """

    def __init__(
        self,
        pattern: str,
        frames: int = 20,
        layout: str = AUTO,
        eyes: str = AUTO,
        at_most: int | None = None,
        frames_before: int = 0,
        levels: DisparityLevels | None = None,
    ):
        self._pattern, self.tally = pattern, Tally()
        self.frames_before, self.levels = frames_before, levels or DisparityLevels()
        sources = find_sources([pattern])
        if not sources:
            raise ValueError(f"No film was found by {pattern}.")
        broken = next((source for source in sources if source.error), None)
        if broken:
            raise ValueError(broken.error)
        self._options = MovieOptions(layout, eyes)
        self._films = [_inspect(source, self._options) for source in sources]
        self.layouts = [film.facts.layout for film in self._films]
        if at_most is not None:
            frames = min(frames, max(RUN, at_most // len(sources)))
        self._places = max(1, frames // RUN)

    def __iter__(self) -> Iterator[Pair]:
        """Yields the pairs film by film; ValueError if no film has any."""
        self.tally = Tally()
        for film in self._films:
            length_s = film.duration_s / self._places
            options = self._options_for(length_s)
            for place in range(self._places):
                frame = _find(film, options, (place * length_s, (place + 1) * length_s), self.tally)
                if frame is not None:
                    yield from _run(film, frame, self.frames_before)
        if not self.tally.found:
            raise ValueError(
                f"{self._pattern}: nothing to evaluate; {self.tally}. "
                f"Read as {either(sorted(set(self.layouts)))}; --layout and --eyes say otherwise."
            )

    def _options_for(self, length_s: float) -> MovieOptions:
        """What is accepted, with samples so often that a short place has enough to judge it by."""
        usual, width = self._options, self.levels.width
        return dataclasses.replace(
            usual,
            every_s=float(np.clip(length_s / usual.composition_frames, 0.001, usual.every_s)),
            width=width,
            minimum_width=round(width * usual.minimum_width / usual.width),
            levels=self.levels,
            frames_before=min(self.frames_before + RUN - 1, MAX_FRAMES_BEFORE),
        )


def _inspect(source: Source, options: MovieOptions) -> _Film:
    with VideoReader(source.path) as reader:
        duration_s, origin = reader.duration_s, reader.origin
    if not duration_s:
        raise ValueError(f"{source.path}: its length is unknown, so no places can be chosen.")
    return _Film(source, inspect_film(source.path, options), duration_s, origin)


def _find(film: _Film, options: MovieOptions, part_s, tally: Tally) -> StereoFrame | None:
    """The first accepted frame of a part with a neighbour, else the first; None without any."""
    tally.places += 1
    found = None
    frames = stereo_frames(
        film.source.path, options, tally.add_shot, film=film.facts, part_s=part_s
    )
    # A damaged place must not keep the rest from being looked at.
    try:
        with contextlib.closing(frames):
            for frame in frames:
                found = found or frame
                if len(_known(frame)) >= RUN:
                    found = frame
                    break
    except VideoError:
        tally.left_out["damaged"] += 1
    if found is not None:
        tally.found += 1
        tally.exchanged += found.swapped_probability > 0.5
    return found


def _known(frame: StereoFrame) -> list[tuple[np.ndarray, np.ndarray]]:
    """A frame's views and those before it, without the repeated ones at the shot's beginning."""
    pairs = [(frame.left, frame.right), *frame.before]
    while len(pairs) > 1 and np.array_equal(pairs[-1][0], pairs[-2][0]):
        pairs.pop()
    return pairs


def _run(film: _Film, frame: StereoFrame, frames_before: int) -> Iterator[Pair]:
    """The frame and, first, the one before it where it is known."""
    known = _known(frame)
    lefts = tuple(left for left, _ in known)
    last = f"{film.source.name} {float(frame.pts * frame.time_base - film.origin):.3f} s"
    for back in reversed(range(min(RUN, len(known)))):
        yield Pair(
            f"{last}, frame before" if back else last,
            *known[back],
            film=film.source.name,
            follows=not back and len(known) > 1,
            before=lefts[back + 1 : back + 1 + frames_before],
        )
