"""From a 2D video or picture to a 3D one: read, predict, render, pack, write.

The stages run in threads of their own with short queues between them, so memory stays constant
and decoding and encoding go on while the network thinks.
"""

import dataclasses
import itertools
import pathlib
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

import cv2
import numpy as np

from deep3d.atomic_file import write_bytes
from deep3d.background import in_background
from deep3d.config import ConversionConfig
from deep3d.disparity import DisparityLevels
from deep3d.inference import Predictor
from deep3d.pairs import IMAGE_SUFFIXES, read_image
from deep3d.rendering import recompose, render_select, render_warp
from deep3d.video import VideoError, VideoReader, VideoWriter, output_name, pack, packed_size

# Frames for which the network is called at once: more gain nothing and cost memory.
BATCH = 8
MIN_SIDE = 16
# A file may end this much before its stated end: containers round, and count audio as well.
TOLERATED_MISSING_S = 1.0


@dataclasses.dataclass(frozen=True)
class ConversionResult:
    """What a conversion made.

    Attributes:
        output: The 3D file.
        frames: Number of frames.
        remarks: What could not be kept, one line each.
    """

    output: pathlib.Path
    frames: int
    remarks: tuple[str, ...] = ()


def is_image(path) -> bool:
    """Whether a path is treated as a picture, by its suffix."""
    return pathlib.Path(path).suffix.lower() in IMAGE_SUFFIXES


def convert(
    source,
    output,
    predictor: Predictor,
    config: ConversionConfig,
    overwrite: bool = False,
    progress: Callable[[int, int | None], None] | None = None,
) -> ConversionResult:
    """Converts one video or picture.

    Args:
        source: Video that PyAV reads, or picture.
        output: Target file, a folder, or None for the usual name beside the source.
        predictor: The network.
        config: What to make.
        overwrite: Whether an existing target is replaced.
        progress: Called with (frames done, frames expected or None) after every frame.

    Returns:
        Where it lies and what was lost.

    Raises:
        VideoError: If the source cannot be read or the target not be written.
        ValueError: If the target exists or is the source, or the picture is too small.
    """
    source = pathlib.Path(source)
    target = _target(source, output, config.format)
    if target.exists() and source.exists() and target.samefile(source):
        raise ValueError(f"The output must not be the input. Received: {target}")
    if not source.exists():
        raise VideoError(f"{source}: no such file")
    if target.exists() and not overwrite:
        raise ValueError(f"{target} exists already; --overwrite replaces it.")
    if is_image(source):
        return _convert_image(source, target, predictor, config)
    return _convert_video(source, target, predictor, config, progress or (lambda *_: None))


def render_right(
    left: np.ndarray, prediction: np.ndarray, levels: DisparityLevels, config: ConversionConfig
) -> np.ndarray:
    """Right view of one frame, with the strength and convergence that were asked for.

    Args:
        left: (h, w, 3) uint8.
        prediction: Of the right view: (rows, columns) expected disparity in pixels at
            `levels.width`, or (rows, columns, levels) distribution for the "select" renderer.
        levels: The network's levels.
        config: Strength, convergence and renderer.

    Returns:
        (h, w, 3) uint8 right view.
    """
    gain, shift = recomposition(levels, config)
    if config.renderer == "select":
        values = dataclasses.replace(
            levels, minimum=gain * levels.minimum + shift, step=gain * levels.step
        )
        return render_select(left, prediction, values)
    columns = prediction.shape[1]
    disparity = recompose(
        prediction * (columns / levels.width), gain, shift * columns / levels.width
    )
    return render_warp(left, disparity * (left.shape[1] / columns))


def recomposition(levels: DisparityLevels, config: ConversionConfig) -> tuple[float, float]:
    """Factor and shift of disparity that strength and convergence mean.

    Args:
        levels: The network's levels.
        config: Strength and convergence in % of the width.

    Returns:
        The factor, and the shift in pixels at `levels.width`.
    """
    span = abs(levels.values[-1] - levels.values[0])
    gain = 1.0 if config.strength is None else config.strength / 100.0 * levels.width / span
    return gain, config.convergence / 100.0 * levels.width


def _target(source: pathlib.Path, output, stereo_format: str) -> pathlib.Path:
    suffix = source.suffix.lower() if is_image(source) else None
    usual = output_name(source, stereo_format, suffix)
    if output is None:
        return usual
    output = pathlib.Path(output)
    return output / usual.name if output.is_dir() else output


def _convert_image(source, target, predictor, config) -> ConversionResult:
    left = read_image(source)
    _check_size(left.shape[1], left.shape[0], source)
    frame = next(_stereo_frames([(left, 0)], predictor, config))[0]
    ok, data = cv2.imencode(target.suffix, cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    if not ok:
        raise VideoError(f"{target}: this kind of picture cannot be written")
    write_bytes(target, data.tobytes())
    return ConversionResult(target, 1)


def _convert_video(source, target, predictor, config, progress) -> ConversionResult:
    with VideoReader(source, config.start, config.end) as reader:
        _check_size(reader.width, reader.height, source)
        with _writer_like(reader, target, config) as writer:
            times = _write_all(reader, writer, predictor, config, progress)
            if config.end is None:
                _check_end(reader, times)
            remarks = [f"not copied: {stream}" for stream in writer.skipped_streams]
        if reader.decode_errors:
            remarks.append(f"{reader.decode_errors} damaged packets were passed over")
        return ConversionResult(target, times.count, tuple(remarks))


def _writer_like(reader: VideoReader, target: pathlib.Path, config: ConversionConfig):
    width, height = packed_size(reader.width, reader.height, config.format)
    return VideoWriter(
        target,
        width,
        height,
        reader.frame_rate,
        reader.time_base,
        copy_from=reader.path,
        crf=config.crf,
        preset=config.preset,
        color=reader.color,
        stereo_format=config.format,
        sample_aspect_ratio=reader.sample_aspect_ratio,
        start_s=config.start,
        end_s=config.end,
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


def _write_all(reader, writer, predictor, config, progress) -> _FrameTimes:
    times = _FrameTimes()
    # Both threads have ended before reader and writer are closed, whatever happens.
    with (
        in_background((frame.image, frame.pts) for frame in reader) as read,
        in_background(_stereo_frames(read, predictor, config)) as made,
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
    frames: Iterable[tuple[np.ndarray, int]], predictor: Predictor, config: ConversionConfig
) -> Iterator[tuple[np.ndarray, int]]:
    """(left view, pts) -> (packed frame, pts)."""
    levels = predictor.config.levels
    predict = predictor.probabilities if config.renderer == "select" else predictor.disparity
    frames = iter(frames)
    while batch := list(itertools.islice(frames, BATCH)):
        small = np.stack([predictor.shrink(left) for left, _ in batch])
        for (left, pts), prediction in zip(batch, predict(small), strict=True):
            right = render_right(left, prediction, levels, config)
            yield pack(left, right, config.format), pts


def _check_size(width: int, height: int, source):
    if min(width, height) < MIN_SIDE:
        raise VideoError(
            f"{source}: the picture must be at least {MIN_SIDE}x{MIN_SIDE}. "
            f"Received: {width}x{height}"
        )
