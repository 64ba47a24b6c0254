"""From a 2D film to a 3D one, segment by segment.

Every finished segment is noted in a journal beside the target; when all are, they are joined. The
same command goes on behind the last of them.
"""

import dataclasses
import hashlib
from collections.abc import Iterator

import av

import deep3d
from deep3d.film_output import FilmJob, FilmOutput, open_film
from deep3d.film_segments import make_segments
from deep3d.frame_packer import FramePacker
from deep3d.journal import Journal
from deep3d.output_files import journal_folder
from deep3d.placed_frames import ResumeError
from deep3d.video import VideoError
from deep3d.video.errors import reason
from deep3d.video.reading_faults import ReadingFaults

_BLOCK = 1 << 20


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
        ValueError: If another conversion of the target is at work, or was begun with other
            settings.
        KeyboardInterrupt: With a word on how to go on.
    """
    with open_film(job) as reader:
        output = FilmOutput(job, reader)
        losses = output.losses()
    if losses:
        job.announce(losses)
    folder, name = journal_folder(job.target), str(job.target)
    with Journal(folder, _task(job), name, job.overwrite) as journal:
        try:
            return _convert(job, output, journal, losses)
        except KeyboardInterrupt as interrupt:
            raise KeyboardInterrupt(_how_to_go_on(journal)) from interrupt
        except OSError as error:
            full = f"{name}: cannot be written ({reason(error)})"
            raise VideoError(f"{full}. {_how_to_go_on(journal)}") from error
        except VideoError as error:
            if journal.steps:
                raise VideoError(f"{error}. {_how_to_go_on(journal)}") from error
            raise


def _how_to_go_on(journal: Journal) -> str:
    if not journal.steps:
        return "Nothing is finished yet; the same command begins anew."
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


def _convert(job: FilmJob, output: FilmOutput, journal: Journal, losses) -> FilmResult:
    remarks = []
    if journal.dropped:
        remarks.append("an unfinished conversion with other settings was dropped")
    if journal.damaged:
        remarks.append(f"{journal.damaged} finished segments were damaged and made again")
    try:
        make_segments(job, output, journal, seek=True)
    except ResumeError:
        try:
            make_segments(job, output, journal, seek=False)
        except ResumeError:
            remarks.append("an unfinished conversion did not fit the source and was dropped")
            journal.drop()
            make_segments(job, output, journal, seek=False)
    last, lost_packets = journal.steps[-1], output.join(journal)
    if job.report is not None:
        for number in range(len(journal.steps)):
            arrays = journal.arrays(number)
            rows = (arrays[name] for name in ("times", "starts", "measures"))
            for time_s, starts_shot, measures in zip(*rows, strict=True):
                job.report.add_measures(measures, float(time_s), bool(starts_shot))
    journal.drop()
    remarks += _remarks(output.packer, ReadingFaults(**last["faults"]), lost_packets)
    return FilmResult(last["times"]["count"], losses, tuple(remarks))


def _remarks(packer: FramePacker, faults: ReadingFaults, lost_packets: int) -> Iterator[str]:
    yield from faults.remarks(*packer.source_size)
    if lost_packets:
        yield f"{lost_packets} damaged packets of sound or subtitles were left out"
