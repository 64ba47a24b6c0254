"""What a film is made into: the job, and the files that its frames go to."""

import contextlib
import dataclasses
import pathlib
from collections.abc import Callable, Iterator

from deep3d.comfort import ParallaxReport
from deep3d.conversion_config import ConversionConfig
from deep3d.frame_packer import FramePacker, check_size
from deep3d.inference import Predictor
from deep3d.journal import Journal
from deep3d.output_files import files_of
from deep3d.stereo_frames import packer_for
from deep3d.video import Encoding, VideoReader, VideoWriter
from deep3d.video.high_dynamic_range import is_hdr
from deep3d.video.picture_losses import encoding_losses
from deep3d.video.segment_writer import SegmentWriter


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
        overwrite: Whether an unfinished conversion with other settings is dropped.
    """

    source: pathlib.Path
    target: pathlib.Path
    predictor: Predictor
    config: ConversionConfig
    progress: Callable[[int, int | None, dict[str, float]], None]
    announce: Callable[[tuple[str, ...]], None]
    report: ParallaxReport | None = None
    overwrite: bool = False


@contextlib.contextmanager
def open_film(job: FilmJob) -> Iterator[VideoReader]:
    """Opens the source for the depth that is to be written.

    Args:
        job: What to do.

    Yields:
        The reader.

    Raises:
        VideoError: If the source cannot be read or is too small.
    """
    with VideoReader(job.source, job.config.start, job.config.end) as reader:
        check_size(reader.width, reader.height, job.source)
        reader.full_depth = _encoding(job, reader).bits > 8
        yield reader


def _encoding(job, reader) -> Encoding:
    return job.config.encoding(hdr=is_hdr(reader.color.transfer_tag))


class FilmOutput:
    """What is known of source and target before the first frame.

    Attributes:
        packer: Makes the frames.
        targets: The files to write.
    """

    def __init__(self, job: FilmJob, reader: VideoReader):
        """Settles sizes and encoding.

        Args:
            job: What to do.
            reader: The opened source.
        """
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
        """Opens the targets, so that what would fail fails now.

        Returns:
            What of the source cannot be kept, in words.

        Raises:
            VideoError: If a target cannot be written or cannot hold the source's sound.
        """
        losses: tuple[str, ...] = ()
        for target in self.targets:
            writer = self._writer(target)
            losses = writer.losses  # the same for both eyes
            writer.abort()
        return *self._source_losses, *losses

    def segment_writer(self, journal: Journal) -> SegmentWriter:
        """What encodes the next segment into the journal's folder.

        Args:
            journal: Of the conversion.
        """
        names = (f"{len(journal.steps):06d}.{eye}.packets" for eye in range(len(self.targets)))
        paths = [journal.folder / name for name in names]
        return SegmentWriter(paths, encoding=self._encoding, **self._pictures)

    def join(self, journal: Journal) -> int:
        """Makes the targets from the segments.

        Args:
            journal: In which all of them are finished.

        Returns:
            The packets of sound and subtitles that were too damaged to be copied.

        Raises:
            VideoError: If a target cannot be written.
        """
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
