"""From a 2D video or picture to a 3D one: read, predict, render, pack, write.

The stages run in threads of their own with short queues between them, so memory stays constant
and decoding and encoding go on while the network thinks.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

import cv2
import numpy as np

from deep3d.atomic_file import write_bytes
from deep3d.background import in_background
from deep3d.comfort import ParallaxReport
from deep3d.config import ConversionConfig
from deep3d.eye_views import farthest_parallax, left_parallax, placed_parallax, render_eyes
from deep3d.frame_packer import FramePacker
from deep3d.image_file import read_image
from deep3d.inference import Predictor
from deep3d.output_files import files_of, is_image, target_of
from deep3d.placed_frames import placed_frames
from deep3d.video import (
    CONTAINERS,
    DISPARITY_FORMATS,
    VideoError,
    VideoReader,
    VideoWriter,
    disparity_to_gray,
    unpack,
)
from deep3d.video.color import VideoColor
from deep3d.video.high_dynamic_range import is_hdr
from deep3d.video.picture_losses import encoding_losses
from deep3d.video.stereo_picture import PAIR_SUFFIXES, encode_frame, encode_pair
from deep3d.video.two_files import TwoFilesWriter

MIN_SIDE = 16
# A file may end this much before its stated end: containers round, and count audio as well.
TOLERATED_MISSING_S = 1.0


@dataclasses.dataclass(frozen=True)
class ConversionResult:
    """What a conversion made.

    Attributes:
        output: The 3D file; of `two_files` the left eye's.
        frames: Number of frames.
        losses: What of the source was known beforehand not to be kept, in words.
        remarks: What else came up during the work, one line each.
        right_output: The right eye's file of `two_files`.
    """

    output: pathlib.Path
    frames: int
    losses: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    right_output: pathlib.Path | None = None


def convert(
    source,
    output,
    predictor: Predictor,
    config: ConversionConfig,
    overwrite: bool = False,
    progress: Callable[[int, int | None], None] | None = None,
    announce: Callable[[tuple[str, ...]], None] | None = None,
    report: ParallaxReport | None = None,
) -> ConversionResult:
    """Converts one video or picture.

    Args:
        source: Video that PyAV reads, or picture.
        output: Target file, a folder, or None for the usual name beside the source.
        predictor: The network.
        config: What to make.
        overwrite: Whether an existing target is replaced.
        progress: Called with (frames done, frames expected or None) after every frame.
        announce: Called before the work begins with what cannot be kept, if anything cannot.
        report: Is told the parallax of every frame.

    Returns:
        Where it lies and what was lost.

    Raises:
        VideoError: If the source cannot be read or the target not be written.
        ValueError: If the target exists or is the source, or the picture is too small.
    """
    source = pathlib.Path(source)
    target = target_of(source, output, config)
    if config.container is None and target.suffix.lower() in CONTAINERS:
        config = dataclasses.replace(config, container=target.suffix.lower()[1:])
    if not source.exists():
        raise VideoError(f"{source}: no such file")
    for path in files_of(target, config):
        if path.exists() and path.samefile(source):
            raise ValueError(f"The output must not be the input. Received: {path}")
        if path.exists() and not overwrite:
            raise ValueError(f"{path} exists already; --overwrite replaces it.")
    if is_image(source):
        return _convert_image(source, target, predictor, config, report)
    listeners = progress or _ignore, announce or _ignore, report
    return _convert_video(source, target, predictor, config, *listeners)


def _ignore(*_):
    """Listens to nothing."""


def _convert_image(source, target, predictor, config, report) -> ConversionResult:
    suffix = target.suffix.lower()
    if suffix in CONTAINERS:
        raise ValueError(f"{target}: a picture cannot be written as {suffix}")
    if suffix in PAIR_SUFFIXES:
        if config.format not in ("half_sbs", "full_sbs", "cross_eyed"):
            raise ValueError(
                f"{target}: a {suffix} file holds two whole views, not {config.format}"
            )
        config = dataclasses.replace(config, format="full_sbs")
    left = read_image(source)
    _check_size(left.shape[1], left.shape[0], source)
    packer = _packer(left.shape[1], left.shape[0], predictor, config)
    frame = next(_stereo_frames([(left, 0)], predictor, config, packer, report=report))[0]
    if suffix in PAIR_SUFFIXES:
        write_bytes(target, encode_pair(*unpack(frame, config.format), suffix))
        return ConversionResult(target, 1)
    files = files_of(target, config)
    views = (frame,) if len(files) == 1 else unpack(frame, config.format)
    for path, view in zip(files, views, strict=True):
        write_bytes(path, encode_frame(view, suffix))
    return ConversionResult(files[0], 1, right_output=files[1] if len(files) == 2 else None)


def _convert_video(
    source, target, predictor, config, progress, announce, report
) -> ConversionResult:
    with VideoReader(source, config.start, config.end) as reader:
        _check_size(reader.width, reader.height, source)
        encoding = config.encoding(hdr=is_hdr(reader.color.transfer_tag))
        reader.full_depth = encoding.bits > 8
        packer = _packer(reader.width, reader.height, predictor, config, reader.sample_aspect_ratio)
        with _writer_like(reader, target, config, encoding, packer) as writer:
            of_encoding = encoding_losses(reader.bits, reader.whole_color, reader.light, encoding)
            losses = (*reader.losses, *of_encoding, *writer.losses)
            if losses:
                announce(losses)
            times = _write_all(reader, writer, predictor, config, packer, progress, report)
            if config.end is None:
                _check_end(reader, times)
        left, *right = files_of(target, config)
        remarks = tuple(_remarks(reader, writer))
        return ConversionResult(left, times.count, losses, remarks, *right)


def _remarks(reader: VideoReader, writer: VideoWriter | TwoFilesWriter) -> Iterator[str]:
    if reader.decode_errors:
        yield f"{reader.decode_errors} damaged packets were passed over"
    if reader.timestamp_errors:
        yield f"{reader.timestamp_errors} frames had no usable time and got one"
    if reader.resized_frames:
        yield (
            f"{reader.resized_frames} frames were of another size and scaled to "
            f"{reader.width}x{reader.height}"
        )
    if writer.lost_packets:
        yield f"{writer.lost_packets} damaged packets of sound or subtitles were left out"


def _packer(width, height, predictor, config, pixel_aspect=Fraction(1)) -> FramePacker:
    farthest = farthest_parallax(predictor.config.levels, config)
    return FramePacker(width, height, config, pixel_aspect=pixel_aspect, farthest=farthest)


def _writer_like(reader, target, config, encoding, packer) -> VideoWriter | TwoFilesWriter:
    options = {
        "copy_from": reader.path,
        **dataclasses.asdict(encoding),
        "color": reader.color,
        "light": reader.light,
        "sample_aspect_ratio": packer.pixel_aspect,
        "start_s": config.start,
        "end_s": config.end,
    }
    frame = packer.width, packer.height, reader.frame_rate, reader.time_base
    if config.format == "two_files":
        return TwoFilesWriter(target, *frame, **options)
    return VideoWriter(target, *frame, stereo_format=config.format, **options)


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


def _write_all(reader, writer, predictor, config, packer, progress, report) -> _FrameTimes:
    times = _FrameTimes()
    # Both threads have ended before reader and writer are closed, whatever happens.
    with (
        in_background((frame.image, frame.pts) for frame in reader) as read,
        in_background(
            _stereo_frames(read, predictor, config, packer, reader.time_base, reader.color, report)
        ) as made,
    ):
        for frame, pts in made:
            writer.write(frame, pts)
            times.add(pts, reader.time_base)
            progress(times.count, reader.frame_count)
    return times


def _check_end(reader: VideoReader, times: _FrameTimes):
    # The last picture of a slide show may stand as long as the others do.
    if reader.missing_s > max(TOLERATED_MISSING_S, 3 * times.longest_s):
        raise VideoError(
            f"{reader.path}: is cut off, its last {reader.missing_s:.1f} s are missing; "
            "--end converts the part before"
        )


def _stereo_frames(
    frames: Iterable[tuple[np.ndarray, int]],
    predictor: Predictor,
    config: ConversionConfig,
    packer: FramePacker,
    time_base: Fraction = Fraction(1),
    color: VideoColor | None = None,
    report: ParallaxReport | None = None,
) -> Iterator[tuple[np.ndarray, int]]:
    """(left view, pts) -> (packed frame, pts); the color is needed for views of 16 bits."""
    levels = predictor.config.levels
    fitting = ((packer.fit(left), pts) for left, pts in frames)
    for frame in placed_frames(fitting, predictor, config, time_base, color):
        left, depth = frame.left, (frame.prediction, levels, frame.placement, config)
        if report is not None:
            report.add(placed_parallax(*depth), frame.time_s, frame.starts_shot)
        if config.format in DISPARITY_FORMATS:
            shown = cv2.resize(left_parallax(*depth), left.shape[1::-1])
            second = disparity_to_gray(shown, left.dtype)
        else:
            left, second = render_eyes(left, *depth)
        yield packer.pack(left, second), frame.pts


def _check_size(width: int, height: int, source):
    if min(width, height) < MIN_SIDE:
        raise VideoError(
            f"{source}: the picture must be at least {MIN_SIDE}x{MIN_SIDE}. "
            f"Received: {width}x{height}"
        )
