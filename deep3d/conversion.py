"""From a 2D video or picture to a 3D one."""

import dataclasses
import pathlib
from collections.abc import Callable

from deep3d.atomic_file import write_bytes
from deep3d.comfort import ParallaxReport
from deep3d.conversion_config import ConversionConfig
from deep3d.film_conversion import convert_film
from deep3d.film_output import FilmJob
from deep3d.frame_packer import check_size
from deep3d.image_file import read_image
from deep3d.inference import Predictor
from deep3d.output_files import files_of, is_image, target_of
from deep3d.stereo_frames import packer_for, stereo_frames
from deep3d.video import CONTAINERS, VideoError, unpack
from deep3d.video.stereo_picture import PAIR_SUFFIXES, encode_frame, encode_pair


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
    progress: Callable[[int, int | None, dict[str, float]], None] | None = None,
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
        progress: Called after every frame with (frames done, frames expected or None,
            milliseconds per frame of each stage so far).
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
    job = FilmJob(source, target, predictor, config, *listeners, overwrite)
    made = convert_film(job)
    left, *right = files_of(target, config)
    return ConversionResult(left, made.frames, made.losses, made.remarks, *right)


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
    check_size(left.shape[1], left.shape[0], source)
    packer = packer_for(left.shape[1], left.shape[0], predictor, config)
    budget = None if report is None else report.budget
    (made,) = stereo_frames([(left, 0)], predictor, config, packer, budget=budget)
    frame = made.image
    if report is not None:
        report.add_measures(made.measures, made.time_s, made.starts_shot)
    if suffix in PAIR_SUFFIXES:
        write_bytes(target, encode_pair(*unpack(frame, config.format), suffix))
        return ConversionResult(target, 1)
    files = files_of(target, config)
    views = (frame,) if len(files) == 1 else unpack(frame, config.format)
    for path, view in zip(files, views, strict=True):
        write_bytes(path, encode_frame(view, suffix))
    return ConversionResult(files[0], 1, right_output=files[1] if len(files) == 2 else None)
