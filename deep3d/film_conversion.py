"""From a 2D film to a 3D one: read, predict, render, pack and encode segment by segment, then join.

The stages run in threads of their own with short queues between them, so memory stays constant and
decoding and encoding go on while the network thinks. Every finished segment is noted in a journal
beside the target; the same command goes on behind the last of them.
"""

import collections
import contextlib
import dataclasses
import hashlib
import pathlib
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import numpy as np

import deep3d
from deep3d.background import QUEUE, in_background
from deep3d.comfort import ParallaxReport
from deep3d.config import ConversionConfig
from deep3d.frame_packer import FramePacker
from deep3d.inference import Predictor
from deep3d.journal import Journal
from deep3d.output_files import files_of, journal_folder
from deep3d.placed_frames import ResumeError
from deep3d.stage_clock import StageClock
from deep3d.stereo_frames import StereoFrame, check_size, packer_for, stereo_frames
from deep3d.video import Encoding, VideoError, VideoReader, VideoWriter
from deep3d.video.high_dynamic_range import is_hdr
from deep3d.video.picture_losses import encoding_losses
from deep3d.video.segment_writer import SegmentWriter
from deep3d.video.video_reader import ReadingFaults

# A file may end this much before its stated end: containers round, and count audio as well.
TOLERATED_MISSING_S = 1.0
# What may wait between two stages: 16 frames at 1080p, two batches, and 2 at 8K.
QUEUE_BYTES = 100_000_000
_BLOCK = 1 << 20
# Before the names of the numbers that belong to the frame behind a segment.
_NEXT = "next."


@dataclasses.dataclass(frozen=True)
class FilmJob:
    """What is made from what, and who is told.

    Attributes:
        source: The film.
        target: The file to be.
        predictor: The network.
        config: What to make.
        progress: Called after every frame with (frames done, frames expected or None,
            milliseconds per frame of each stage so far).
        announce: Called before the work begins with what cannot be kept, if anything cannot.
        report: Is told the parallax of every frame.
    """

    source: pathlib.Path
    target: pathlib.Path
    predictor: Predictor
    config: ConversionConfig
    progress: Callable[[int, int | None, dict[str, float]], None]
    announce: Callable[[tuple[str, ...]], None]
    report: ParallaxReport | None = None


@dataclasses.dataclass(frozen=True)
class FilmResult:
    """What came of it.

    Attributes:
        frames: Number of frames.
        losses: What of the source was known beforehand not to be kept, in words.
        remarks: What else came up during the work, one line each.
    """

    frames: int
    losses: tuple[str, ...]
    remarks: tuple[str, ...]


def convert_film(job: FilmJob) -> FilmResult:
    """Converts a film, or goes on with the conversion where it was interrupted.

    Args:
        job: What to do.

    Returns:
        What came of it.

    Raises:
        VideoError: If the source cannot be read or the target not be written.
        KeyboardInterrupt: With a word on how to go on, if something is finished.
    """
    with _opened(job) as reader:
        film = _Film(job, reader)
        losses = film.losses()
    if losses:
        job.announce(losses)
    with Journal(journal_folder(job.target), _task(job)) as journal:
        try:
            return _convert(job, film, journal, losses)
        except KeyboardInterrupt as interrupt:
            raise KeyboardInterrupt(_how_to_go_on(journal)) from interrupt
        except VideoError as error:
            if journal.steps:
                raise VideoError(f"{error}. {_how_to_go_on(journal)}") from error
            raise


def _how_to_go_on(journal: Journal) -> str:
    if not journal.steps:
        return ""
    frames = journal.steps[-1]["times"]["count"]
    return f"{frames} frames are finished; the same command goes on from there."


def _task(job: FilmJob) -> dict:
    """What a run must have in common with an earlier one to go on with it."""
    return {
        "deep3d": deep3d.__version__,
        "libraries": {name: list(version) for name, version in av.library_versions.items()},
        "source": {"size": job.source.stat().st_size, "ends": _ends_digest(job.source)},
        "target": job.target.name.encode(errors="surrogateescape").hex(),
        "model": job.predictor.fingerprint,
        "config": dataclasses.asdict(job.config),
        "report": job.report is not None,
    }


def _ends_digest(path) -> str:
    """Of the first and the last MiB of a file."""
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read(_BLOCK))
        file.seek(max(0, path.stat().st_size - _BLOCK))
        digest.update(file.read(_BLOCK))
    return digest.hexdigest()


@contextlib.contextmanager
def _opened(job: FilmJob) -> Iterator[VideoReader]:
    with VideoReader(job.source, job.config.start, job.config.end) as reader:
        check_size(reader.width, reader.height, job.source)
        reader.full_depth = _encoding(job, reader).bits > 8
        yield reader


def _encoding(job, reader) -> Encoding:
    return job.config.encoding(hdr=is_hdr(reader.color.transfer_tag))


class _Film:
    """What is known of source and target before the first frame.

    Attributes:
        packer: Makes the frames.
        targets: The files to write.
    """

    def __init__(self, job: FilmJob, reader: VideoReader):
        self._job = job
        self._encoding = _encoding(job, reader)
        self._source_losses = (
            *reader.losses,
            *encoding_losses(reader.bits, reader.whole_color, reader.light, self._encoding),
        )
        self.packer: FramePacker = packer_for(
            reader.width, reader.height, job.predictor, job.config, reader.sample_aspect_ratio
        )
        self.targets = files_of(job.target, job.config)
        self._pictures = {
            "width": self.packer.width // len(self.targets),
            "height": self.packer.height,
            "frame_rate": reader.frame_rate,
            "time_base": reader.time_base,
            "color": reader.color,
            "light": reader.light,
            "sample_aspect_ratio": self.packer.pixel_aspect,
            "stereo_format": job.config.format,
        }

    def losses(self) -> tuple[str, ...]:
        """What cannot be kept, in words; opens the targets, so that what would fail fails now."""
        losses: tuple[str, ...] = ()
        for target in self.targets:
            writer = self._writer(target)
            losses = writer.losses  # the same for both eyes
            writer.abort()
        return *self._source_losses, *losses

    def segment_writer(self, journal: Journal) -> SegmentWriter:
        """Encodes the next segment into the journal's folder."""
        names = (f"{len(journal.steps):06d}.{eye}.packets" for eye in range(len(self.targets)))
        paths = [journal.folder / name for name in names]
        return SegmentWriter(paths, encoding=self._encoding, **self._pictures)

    def join(self, journal: Journal) -> int:
        """Makes the targets from the segments; returns the number of packets that were lost."""
        with contextlib.ExitStack() as opened:
            writers = [
                opened.enter_context(self._writer(target, journal.folder))
                for target in self.targets
            ]
            for number in range(len(journal.steps)):
                for eye, writer in enumerate(writers):
                    writer.write_packets(journal.folder / f"{number:06d}.{eye}.packets")
        return writers[0].lost_packets

    def _writer(self, target, scratch=None) -> VideoWriter:
        return VideoWriter(
            target,
            copy_from=self._job.source,
            start_s=self._job.config.start,
            end_s=self._job.config.end,
            scratch=scratch,
            **dataclasses.asdict(self._encoding),
            **self._pictures,
        )


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


def _convert(job: FilmJob, film: _Film, journal: Journal, losses) -> FilmResult:
    remarks = []
    if journal.dropped:
        remarks.append("an unfinished conversion with other settings was dropped")
    try:
        _make_segments(job, film, journal, seek=True)
    except ResumeError:
        try:
            _make_segments(job, film, journal, seek=False)
        except ResumeError:
            remarks.append("an unfinished conversion did not fit the source and was dropped")
            journal.drop()
            _make_segments(job, film, journal, seek=False)
    last, lost_packets = journal.steps[-1], film.join(journal)
    if job.report is not None:
        for number in range(len(journal.steps)):
            arrays = journal.arrays(number)
            rows = (arrays[name] for name in ("times", "starts", "measures"))
            for time_s, starts_shot, measures in zip(*rows, strict=True):
                job.report.add_measures(measures, float(time_s), bool(starts_shot))
    journal.drop()
    remarks += _remarks(film.packer, ReadingFaults(**last["faults"]), lost_packets)
    return FilmResult(last["times"]["count"], losses, tuple(remarks))


def _remarks(packer: FramePacker, faults: ReadingFaults, lost_packets: int) -> Iterator[str]:
    if faults.decode_errors:
        yield f"{faults.decode_errors} damaged packets were passed over"
    if faults.timestamp_errors:
        yield f"{faults.timestamp_errors} frames had no usable time and got one"
    if faults.resized_frames:
        width, height = packer.source_size
        yield (
            f"{faults.resized_frames} frames were of another size and scaled to {width}x{height}"
        )
    if lost_packets:
        yield f"{lost_packets} damaged packets of sound or subtitles were left out"


def _make_segments(job: FilmJob, film: _Film, journal: Journal, seek: bool):
    """Adds the segments that are not finished yet to the journal."""
    if journal.steps and journal.steps[-1]["complete"]:
        return
    with _opened(job) as reader:
        _Run(job, film, journal, reader).go_on(seek)


class _Run:
    """From the first frame that is not finished yet to the end."""

    def __init__(self, job: FilmJob, film: _Film, journal: Journal, reader: VideoReader):
        self._job, self._film, self._journal, self._reader = job, film, journal, reader
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
                    self._film.packer,
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
            self._writer = self._film.segment_writer(self._journal)
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
