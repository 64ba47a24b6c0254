"""Pairs to evaluate on, from all that the scripts take: data sets, films, folders.

What is given is recognized by its content. Every source is read anew each time that it is iterated
over, and hands on one pair at a time. Those of ingested data sets are in ingested_pairs.py.
"""

import collections
import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator

import numpy as np

from data_pipeline.decisions.film_facts import FilmFacts, inspect_film, unpack_eyes
from data_pipeline.decisions.quality import measure_pair
from data_pipeline.ingested_pairs import PACK, SHARDS
from data_pipeline.movie_options import AUTO, MovieOptions
from data_pipeline.stereo_pack import is_stereo_pack
from data_pipeline.storage.sources import MOVIE_SUFFIXES, Source, find_sources
from deep3d.pairs import FilePairs, Pair, in_shot_of
from deep3d.stereo_layouts import FOLDER_LAYOUTS, folder_layout, list_pairs
from deep3d.video import LAYOUTS, ShotDetector, VideoError, VideoReader
from deep3d.video.media_input import decimal_seconds
from deep3d.wording import either

KNOWN_LAYOUTS = (SHARDS, PACK, *FOLDER_LAYOUTS, "films", *LAYOUTS)
# Neighbouring frames taken at each place of a film, so that flicker can be told from motion.
RUN = 2
# Where in its part of a film a place is looked for, until it shows two views of one scene.
PLACES = (0.5, 0.3, 0.7)
# Time in which the frames before a place are looked for, in frames of the stated rate for each.
RESERVE = 1.5


def find_layout(data: str) -> str:
    """How what is given is laid out.

    Args:
        data: Ingested data set, pack of one, folder of pictures or films, film, or glob pattern of
            films.

    Returns:
        "shards", "pack", "films", or one of `deep3d.stereo_layouts.FOLDER_LAYOUTS`.

    Raises:
        ValueError: If there is nothing.
    """
    path = pathlib.Path(data)
    if (path / "dataset_info.json").exists():
        return SHARDS
    if is_stereo_pack(path):
        return PACK
    if path.is_dir():
        films = any(file.suffix.lower() in MOVIE_SUFFIXES for file in path.iterdir())
        return "films" if films else folder_layout(path)
    if path.suffix.lower() in MOVIE_SUFFIXES or set("*?[") & set(data):
        return "films"
    raise ValueError(f"There is no folder {data}.")


def open_pairs(
    data: str,
    layout: str = "",
    table: dict[str, dict] | None = None,
    at_most: int | None = None,
    film_frames: int = 20,
    swap_eyes: bool = False,
) -> "FilePairs | FilmPairs":
    """Pairs of a folder or of films, not composed yet.

    Args:
        data: As for `find_layout`.
        layout: What `find_layout` returns, or how films are packed; "" finds out.
        table: What is known of pairs by name, as for `deep3d.pairs.FilePairs`.
        at_most: That many pairs or fewer, evenly spread.
        film_frames: As for `FilmPairs`.
        swap_eyes: As for `FilmPairs`.

    Returns:
        The pairs, to be iterated over as often as wanted.

    Raises:
        ValueError: If there are no pairs, a view is missing, or the layout is unknown.
    """
    layout = layout or find_layout(data)
    if layout in FOLDER_LAYOUTS:
        return FilePairs(list_pairs(data, layout), table, at_most)
    if layout == "films" or layout in LAYOUTS:
        packed = "" if layout == "films" else layout
        return FilmPairs(data, film_frames, packed, swap_eyes, at_most)
    raise ValueError(f"layout must be one of {either(KNOWN_LAYOUTS)}. Received: {layout!r}")


class FilmPairs:
    """Frames of stereo films, evenly drawn, two neighbouring ones at a time.

    Places that are black, flat or no stereo are replaced by others nearby, and left out where
    those are no better.

    Args:
        pattern: Film, folder of films, or glob pattern.
        frames: Frames of each film.
        layout: How all are packed; "" decides by the pictures of each.
        swap_eyes: Whether the films have the right eye first.
        at_most: Frames of all films together; None is no bound.
        frames_before: How many frames before each are read with it. May be set later.

    Raises:
        ValueError: If there is no film, or one cannot be read.
    """

    def __init__(
        self,
        pattern: str,
        frames: int = 20,
        layout: str = "",
        swap_eyes: bool = False,
        at_most: int | None = None,
        frames_before: int = 0,
    ):
        self._pattern = pattern
        self.frames_before = frames_before
        self._sources = find_sources([pattern])
        if not self._sources:
            raise ValueError(f"No film was found by {pattern}.")
        broken = next((source for source in self._sources if source.error), None)
        if broken:
            raise ValueError(broken.error)
        self._options = MovieOptions(layout or AUTO, "right_first" if swap_eyes else "left_first")
        self._facts = [inspect_film(source.path, self._options) for source in self._sources]
        self.layouts = [facts.layout for facts in self._facts]
        if at_most is not None:
            frames = min(frames, max(RUN, at_most // len(self._sources)))
        self._runs = max(1, frames // RUN)

    def __iter__(self) -> Iterator[Pair]:
        """Yields the pairs film by film; ValueError if no film has any."""
        found = False
        options = dataclasses.replace(self._options, frames_before=self.frames_before)
        for source, facts in zip(self._sources, self._facts, strict=True):
            for pair in _film_pairs(source, facts, options, self._runs):
                found = True
                yield pair
        if not found:
            raise ValueError(
                f"{self._pattern}: no frame shows two views of one scene. "
                f"Read as {either(sorted(set(self.layouts)))}; --layout says otherwise."
            )


def _film_pairs(
    source: Source, facts: FilmFacts, options: MovieOptions, runs: int
) -> Iterator[Pair]:
    with VideoReader(source.path) as reader:
        duration_s = reader.duration_s or 0.0
        lead_s = float(RESERVE * options.frames_before / reader.frame_rate)
    for number in range(runs):
        for share in PLACES:
            start_s = duration_s * (number + share) / runs
            pairs = _run(source, facts, options, start_s, max(0.0, start_s - lead_s))
            if pairs:
                yield from pairs
                break


def _run(source: Source, facts: FilmFacts, options, start_s, lead_start_s) -> list[Pair]:
    """Neighbouring frames of one shot; none if the first is no stereo picture."""
    detector, pairs = ShotDetector(), []
    before: collections.deque = collections.deque(maxlen=options.frames_before)
    # A damaged place in the middle must not keep the rest from being looked at.
    with contextlib.suppress(VideoError), VideoReader(source.path, lead_start_s) as part:
        for frame in part:
            eyes = unpack_eyes(frame.image, facts, part.sample_aspect_ratio)
            left, right = (np.ascontiguousarray(facts.bars.crop(view)) for view in eyes)
            if options.eyes == "right_first":
                left, right = right, left
            if frame.time - part.origin < decimal_seconds(start_s):
                before.appendleft(left)
                continue
            cut = detector.update(frame.image)
            if (cut and pairs) or (not pairs and measure_pair(left, right, options.quality).reason):
                break
            name = f"{source.name} {float(frame.time - part.origin):.3f} s"
            known = in_shot_of(left, before)
            pairs.append(
                Pair(name, left, right, film=source.name, follows=bool(pairs), before=known)
            )
            if len(pairs) == RUN:
                break
            before.appendleft(left)
    return pairs
