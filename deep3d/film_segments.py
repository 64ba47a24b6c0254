"""Makes the segments of a film that are not finished yet, each noted in the journal.

The stages run in threads of their own with short queues between them, so memory stays constant and
decoding and encoding go on while the network thinks.
"""

import collections
import dataclasses
from fractions import Fraction

import numpy as np

from deep3d.background import QUEUE, in_background
from deep3d.film_output import FilmJob, FilmOutput, open_film
from deep3d.journal import Journal
from deep3d.stage_clock import StageClock
from deep3d.stereo_frames import StereoFrame, stereo_frames
from deep3d.video import VideoError, VideoReader
from deep3d.video.reading_faults import ReadingFaults

# A file may end this much before its stated end: containers round, and count audio as well.
TOLERATED_MISSING_S = 1.0
# What may wait between two stages: 16 frames at 1080p, two batches, and 2 at 8K.
QUEUE_BYTES = 100_000_000
# Before the names of the numbers that belong to the frame behind a segment.
_NEXT = "next."


def make_segments(job: FilmJob, output: FilmOutput, journal: Journal, seek: bool):
    """Adds what is missing.

    Args:
        job: What to do.
        output: Where the frames go.
        journal: Of the conversion.
        seek: Whether a film that was interrupted is entered near there, or read from its beginning.

    Raises:
        ResumeError: If the source does not show there what it showed before.
        VideoError: If the source cannot be read or a segment not be written.
    """
    if journal.steps and journal.steps[-1]["complete"]:
        return
    with open_film(job) as reader:
        _Run(job, output, journal, reader).go_on(seek)


@dataclasses.dataclass
class _FrameTimes:
    """How many frames there were, and the longest time from one to the next in seconds."""

    count: int = 0
    longest_s: float = 0.0
    last_pts: int | None = None

    def add(self, pts: int, time_base: Fraction):
        if self.last_pts is not None:
            self.longest_s = max(self.longest_s, float((pts - self.last_pts) * time_base))
        self.count, self.last_pts = self.count + 1, pts


class _Run:
    """From the first frame that is not finished yet to the end."""

    def __init__(self, job: FilmJob, output: FilmOutput, journal: Journal, reader: VideoReader):
        self._job, self._output, self._journal, self._reader = job, output, journal, reader
        self._times, self._earlier = _FrameTimes(), ReadingFaults()
        self._state, self._next_pts = None, None
        if journal.steps:
            step = journal.steps[-1]
            self._times, self._earlier = (
                _FrameTimes(**step["times"]),
                ReadingFaults(**step["faults"]),
            )
            self._next_pts = step["next_pts"]
            self._state = _of_next(journal.arrays(len(journal.steps) - 1))
        self._read_faults: collections.deque = collections.deque()  # as each frame was read
        self._source_failed = False
        self._writer, self._rows = None, []
        self._clock, self._first_frame = StageClock(), self._times.count

    def go_on(self, seek: bool):
        """Makes the segments; `seek` as for `make_segments`."""
        if self._state is not None:
            self._reader.skip_to(self._next_pts, seek and self._earlier == ReadingFaults())
        try:
            self._write_all()
            if not self._times.count:
                raise VideoError(f"{self._job.source}: has no frame to convert")
            if self._job.config.end is None:
                self._check_end()
            self._finish_segment(self._earlier + self._reader.faults, None)
        except VideoError:
            if self._source_failed:  # it would fail again
                self._journal.drop()
            raise
        finally:
            if self._writer is not None:
                self._writer.abort()

    def _write_all(self):
        job, time_base = self._job, self._reader.time_base
        budget = job.report.budget if job.report is not None else None
        ahead = max(2, min(QUEUE, QUEUE_BYTES // (3 * self._reader.width * self._reader.height)))
        # Both threads have ended before the reader is closed, whatever happens.
        with (
            in_background(self._read(), ahead) as read,
            in_background(
                stereo_frames(
                    read,
                    job.predictor,
                    job.config,
                    self._output.packer,
                    time_base=time_base,
                    color=self._reader.color,
                    state=self._state,
                    budget=budget,
                    clock=self._clock,
                ),
                ahead,
            ) as made,
        ):
            for frame in made:
                faults = self._read_faults.popleft()
                if self._state is not None and self._writer is None:
                    # Those of frames that were read only to get there have been counted.
                    self._earlier -= faults
                if frame.state is not None:
                    self._finish_segment(self._earlier + faults, frame)
                self._write(frame)

    def _read(self):
        try:
            for frame in self._clock.timed("read", self._reader):
                self._read_faults.append(self._reader.faults)
                yield frame.image, frame.pts
        except VideoError:
            self._source_failed = True
            raise

    def _write(self, frame: StereoFrame):
        if self._writer is None:
            self._writer = self._output.segment_writer(self._journal)
        with self._clock("encode"):
            self._writer.write(frame.image, frame.pts)
        self._times.add(frame.pts, self._reader.time_base)
        self._rows.append((frame.time_s, frame.starts_shot, frame.measures))
        done = self._times.count
        stage_ms = self._clock.milliseconds(done - self._first_frame)
        self._job.progress(done, self._reader.frame_count, stage_ms)

    def _finish_segment(self, faults: ReadingFaults, following: StereoFrame | None):
        """Notes the segment; the frame that follows begins the next one."""
        with self._clock("encode"):
            self._writer.close()
        arrays = {}
        if self._job.report is not None:
            times, starts, measures = zip(*self._rows, strict=True)
            arrays = {"times": times, "starts": starts, "measures": measures}
            arrays = {name: np.array(values) for name, values in arrays.items()}
        if following is not None:
            arrays |= {f"{_NEXT}{name}": value for name, value in following.state.items()}
        step = {
            "times": dataclasses.asdict(self._times),
            "faults": dataclasses.asdict(faults),
            "next_pts": following and following.pts,
            "complete": following is None,
        }
        files = {file.path.name: (file.size, file.sha256) for file in self._writer.files}
        self._journal.add(step, files, arrays)
        self._writer, self._rows = None, []

    def _check_end(self):
        # The last picture of a slide show may stand as long as the others do.
        missing_s = self._reader.missing_s
        if missing_s > max(TOLERATED_MISSING_S, 3 * self._times.longest_s):
            self._source_failed = True
            raise VideoError(
                f"{self._job.source}: is cut off, its last {missing_s:.1f} s are missing; "
                "--end converts the part before"
            )


def _of_next(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(_NEXT): value for name, value in arrays.items() if name.startswith(_NEXT)
    }
