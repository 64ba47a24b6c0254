"""From a 3D movie to accepted stereo frames, shot by shot, with a reason for each one left out.

Pictures from all over the movie tell its layout (`film_facts`). Then every decoded frame goes, as
a thumbnail, through the shot detector and to those who watch its light and the time between the
eyes; a few per second become samples, which `shot` judges and composes. All that is held are a
shot's first samples, until they are decided about, and the few frames before each that are wanted
with it.

Frames from which no other is predicted are half of most movies and a third of the work. Cuts, light
and samples can do without them; only the time between the eyes needs frame after frame. So all are
decoded in the movie's first half minute and in a part of every minute.

Reasons, of single samples: `black`, `fade`, `flash`, `dissolve`, `one_eye_black`, `duplicate` (of
the sample kept before), `no_parallax` (both eyes alike, as in title cards, or shifted alike),
`unmatched` (the eyes do not show one scene), `subtitles`, `out_of_levels` (more parallax than the
disparity levels hold). Of whole shots: `misaligned`, `color_mismatch`, `eyes_unsure` (which eye is
first), `too_narrow` (the shift leaves too few columns), `time_offset` (the eyes show different
moments).
"""

import collections
import dataclasses
import os
from collections.abc import Callable, Iterator
from fractions import Fraction

import cv2
import numpy as np

from data_pipeline.decisions.film_facts import FilmFacts, inspect_film, unpack_eyes
from data_pipeline.decisions.light import LightWatch
from data_pipeline.decisions.time_offset import TimeOffset
from data_pipeline.movie_options import (
    PERIOD_S,
    WHOLE_AT_FIRST_S,
    WHOLE_OF_PERIOD_S,
    MovieOptions,
)
from data_pipeline.movies.shot import Sample, Shot, StereoFrame
from data_pipeline.movies.shot_report import ShotReport
from deep3d.frame_stack import repeat_earliest
from deep3d.video import ShotDetector, VideoError, VideoReader, unpack
from deep3d.video.deferred_frame import DeferredFrame
from deep3d.video.reading_faults import ReadingFaults

# Of a packed frame; either eye's part is then scaled to what the watchers want.
THUMBNAIL_SIZE = (128, 72)
EYE_THUMBNAIL_SIZE = (64, 36)
# Encoders leave up to so many frames in a row that no other is predicted from.
MOST_LEFT_OUT = 8
# A movie may end this much before its stated end: containers round, and count sound as well.
TOLERATED_MISSING_S = 1.0


@dataclasses.dataclass(frozen=True)
class ShotStart:
    """The first frame of a shot, from which on a movie can be read as if it had not been left.

    Attributes:
        shot: Number of the shot.
        pts: Presentation time stamp of its first frame.
        faults: What had to be put up with so far; damaged films, entered in the middle, may decode
            in another way, and are read from their beginning.
        carried: What is remembered of the shots before it, by name; the shot detector knows only
            the new frame behind a cut.
    """

    shot: int
    pts: int
    faults: ReadingFaults
    carried: dict[str, np.ndarray]


def stereo_frames(
    path: str | os.PathLike,
    options: MovieOptions,
    on_shot: Callable[[ShotReport], None] = lambda report: None,
    on_film: Callable[[FilmFacts], None] = lambda film: None,
    on_cut: Callable[[ShotStart], None] = lambda start: None,
    on_end: Callable[[list[str]], None] = lambda remarks: None,
    start: ShotStart | None = None,
    film: FilmFacts | None = None,
    part_s: tuple[float, float] | tuple[()] = (),
) -> Iterator[StereoFrame]:
    """Yields the accepted stereo frames of a movie in order of time.

    Args:
        path: The movie.
        options: What is known of it, and what is accepted.
        on_shot: Called with a report after every shot, also where nothing was accepted.
        on_film: Called once with what was decided about the movie.
        on_cut: Called after `on_shot` where another shot follows, with where it begins.
        on_end: Called once when all is read, with what had to be put up with anywhere in the movie
            and with what it lacks, in words.
        start: Where to begin; None is the first frame.
        film: What was decided about the movie before; None looks at it now.
        part_s: From when to when it is read, in seconds as players show them; () is all of it.

    Yields:
        Accepted frames, all frames of a shot with the same composition.

    Raises:
        VideoError: If the movie cannot be opened, is no 3D movie, or breaks off; frames before
            that are yielded.
    """
    film = film or inspect_film(path, options)
    on_film(film)
    detector, shot, end = ShotDetector(), None, None
    # Frames before a sample are its neighbors, so that none is left out where they are wanted.
    sparse = {} if options.frames_before else {"wants_all": wants_all}
    # Samples are stored so small that a picture without the codec's filter differs by a tenth of
    # what their JPEG does.
    with VideoReader(path, *part_s, quick=True, **sparse) as reader:
        if start is not None:
            reader.skip_to(start.pts, seek=start.faults == ReadingFaults())
        watch = FrameWatch(film, options, reader, start)
        try:
            for frame in reader.deferred():
                end, eyes = frame.time, eye_thumbnails(frame, film)
                # The left eye's part alone: where the eyes differ in time, the whole changes twice.
                if detector.update(eyes[0], 1 + watch.left_out(frame)) or shot is None:
                    if shot is not None:
                        yield from watch.finish(shot, end, on_shot)
                        start = ShotStart(shot.number + 1, frame.pts, watch.faults, watch.carried)
                        on_cut(start)
                    shot = Shot(start.shot if start else 0, end, film, options, watch.kept)
                yield from watch.take(shot, frame, eyes)
        except VideoError:
            # What was read before the damage is as good as the rest.
            if shot is not None:
                yield from watch.finish(shot, end, on_shot)
            raise
        if shot is not None:
            yield from watch.finish(shot, end, on_shot)
        remarks = list(watch.faults.remarks(reader.width, reader.height))
        on_end(remarks + _missing_end(reader, end))


def wants_all(time: Fraction) -> bool:
    """Whether all frames of a movie are decoded at a time, in seconds as players show it."""
    return time < WHOLE_AT_FIRST_S or time % PERIOD_S >= PERIOD_S - WHOLE_OF_PERIOD_S


def eye_thumbnails(frame: DeferredFrame, film: FilmFacts) -> tuple[np.ndarray, np.ndarray]:
    """Either eye's part of a packed frame, in the stored order.

    Args:
        frame: The packed frame.
        film: How it is packed.

    Returns:
        Two (36, 64, 3) uint8 RGB pictures.
    """
    parts = unpack(frame.thumbnail(*THUMBNAIL_SIZE), film.layout)
    return tuple(
        cv2.resize(part, EYE_THUMBNAIL_SIZE, interpolation=cv2.INTER_AREA) for part in parts
    )


def _missing_end(reader: VideoReader, end: Fraction | None) -> list[str]:
    """A sentence if the last frame, which is shown at `end`, comes too early."""
    # Matroska states one length for all streams, from 0.
    missing_s = reader.missing_s or (reader.duration_s or 0.0) - float(end or 0)
    if missing_s <= max(TOLERATED_MISSING_S, 3 / reader.frame_rate):
        return []
    return [f"its pictures end {missing_s:.1f} s before its stated end"]


class FrameWatch:
    """What sees every frame of a movie, and makes samples of some.

    Whether a frame belongs to a fade is known some frames later; until then a sample waits, with
    its frames not yet converted.

    Args:
        film: What is known of the movie.
        options: What is sampled.
        reader: Of the movie.
        start: Where reading begins.

    Attributes:
        kept: Thumbnail of the sample that was kept last, of which the next may be a duplicate.
    """

    def __init__(self, film, options: MovieOptions, reader: VideoReader, start: ShotStart | None):
        self._film, self._aspect_ratio = film, reader.sample_aspect_ratio
        self._light, self._offset = LightWatch(float(reader.frame_rate)), TimeOffset()
        self._recent: collections.deque = collections.deque(maxlen=options.frames_before)
        self._waiting: dict[int, list[DeferredFrame]] = {}
        self._reader, self._earlier = reader, start.faults if start else None
        self._uncounted = ReadingFaults()
        self._latest: Fraction | None = None  # time of the frame before
        self._gap = False  # whether frames that the time between the eyes is seen in were left out
        carried = dict(start.carried) if start else {}
        self.kept = carried.pop("kept", None)
        if carried:
            self._offset.state = carried

    @property
    def carried(self) -> dict[str, np.ndarray]:
        """What is remembered across a cut, by name."""
        kept = {} if self.kept is None else {"kept": self.kept}
        return kept | ({} if self._gap else self._offset.state)

    @property
    def faults(self) -> ReadingFaults:
        """What had to be put up with so far, also before `start`."""
        return self._reader.faults - self._uncounted

    def left_out(self, frame: DeferredFrame) -> int:
        """How many frames were not decoded between the one that was taken last and this one."""
        if self._latest is None or self._is_in_whole_part(frame):
            return 0
        since = (frame.time - self._latest) * self._reader.frame_rate
        return min(max(round(since) - 1, 0), MOST_LEFT_OUT)

    def take(self, shot: Shot, frame: DeferredFrame, eyes) -> Iterator[StereoFrame]:
        """Takes the next frame of a shot; yields whatever can be handed on after it."""
        if self._earlier is not None:
            # Up to where it begins all is counted, or is no fault: a file without an index is
            # entered where nothing can be decoded yet.
            self._uncounted, self._earlier = self._reader.faults - self._earlier, None
        one = np.maximum(*eyes)  # one black eye has a reason of its own
        self._light.update(one, self.left_out(frame))
        if not self._is_in_whole_part(frame):
            self._gap = True
        else:
            if self._gap:
                self._offset.interrupt()
            self._offset.update(*eyes)
            self._gap = False
        self._latest = frame.time
        if shot.is_due(frame.time):
            self._waiting[frame.pts] = [frame, *self._recent]
            self._light.watch(frame.pts)
        self._recent.appendleft(frame)
        yield from self._offer(shot, self._light.settled())

    def finish(self, shot: Shot, end, on_shot) -> Iterator[StereoFrame]:
        """Ends a shot."""
        yield from self._offer(shot, self._light.flush())
        yield from shot.finish(end, self._offset.decide(), on_shot)
        self.kept = shot.kept
        self._offset.reset()
        self._recent.clear()

    def _is_in_whole_part(self, frame: DeferredFrame) -> bool:
        return bool(self._recent.maxlen) or wants_all(frame.time - self._reader.origin)

    def _offer(self, shot: Shot, settled) -> Iterator[StereoFrame]:
        for pts, reason in settled:
            frames = self._waiting.pop(pts)
            if reason := reason or shot.refused:
                shot.refuse(reason)
                continue
            wanted = 1 + self._recent.maxlen
            pair, *before = repeat_earliest([self._views(one) for one in frames], wanted)
            sample = Sample(pair, before, pts, frames[0].time_base)
            yield from shot.offer(sample, self._offset.decide())

    def _views(self, frame: DeferredFrame) -> tuple[np.ndarray, np.ndarray]:
        """Both views without the movie's bars, in the stored order."""
        views = unpack_eyes(frame.image, self._film, self._aspect_ratio)
        return tuple(map(self._film.bars.crop, views))
