"""A few moments of a film in 3D, within seconds, to judge strength and convergence by.

Every moment is predicted and placed by itself, as the first frame of a shot, without the frames
around it that hold the depth of a film still.
"""

import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator

import cv2
import numpy as np

from deep3d.atomic_file import write_bytes
from deep3d.conversion_config import ConversionConfig
from deep3d.disparity import expected_disparity
from deep3d.eye_views import left_parallax, place_alone, render_eyes
from deep3d.frame_stack import stack_frames
from deep3d.image_file import read_image
from deep3d.inference import Predictor
from deep3d.output_files import is_image
from deep3d.preview_pictures import Moment, contact_sheet, wiggle
from deep3d.video import ANAGLYPHS, VideoError, VideoReader
from deep3d.video.high_dynamic_range import is_hdr, to_standard_range

MOMENTS = 6
# Wider pictures are shrunk before the views are made: the sheet shows half as much.
MAX_WIDTH = 960
# Where in its part of the film a moment is looked for, until one is not all of one color.
_PLACES = (0.5, 0.3, 0.7)
_LEAST_CONTRAST = 6.0


@dataclasses.dataclass(frozen=True)
class PreviewResult:
    """What a preview made.

    Attributes:
        sheet: The picture with all moments.
        wiggle: The moving one.
        times_s: When the moments are; empty for a picture.
    """

    sheet: pathlib.Path
    wiggle: pathlib.Path
    times_s: tuple[float, ...] = ()


def preview(
    source: pathlib.Path,
    files: tuple[pathlib.Path, pathlib.Path],
    predictor: Predictor,
    config: ConversionConfig,
    overwrite: bool = False,
) -> PreviewResult:
    """Shows what a conversion will look like.

    Args:
        source: Video or picture.
        files: The sheet (PNG) and the wiggle (GIF) to write.
        predictor: The network.
        config: Strength, convergence, budget, eyes and part of the film.
        overwrite: Whether existing files are replaced.

    Returns:
        Where they lie.

    Raises:
        VideoError: If the source cannot be read.
        ValueError: If a file exists already, or the source is no picture.
        OSError: If a file cannot be written.
    """
    if not source.exists():
        raise VideoError(f"{source}: no such file")
    for path in files:
        if path.exists() and not overwrite:
            raise ValueError(f"{path} exists already; --overwrite replaces it.")
    if is_image(source):
        found = [(None, _shrunk(read_image(source)), 1.0)]
    else:
        found = _moments_of(source, config)
    moments = [_in_3d(*one, predictor, config) for one in found]
    method = config.format if config.format in ANAGLYPHS else "anaglyph_dubois"
    ends = -config.budget_back, config.budget_front
    sheet, moving = files
    write_bytes(sheet, contact_sheet(moments, _heading(config), ends, method))
    write_bytes(moving, wiggle(moments))
    return PreviewResult(*files, tuple(one.time_s for one in moments if one.time_s is not None))


def describe_preview(source: pathlib.Path, result: PreviewResult) -> tuple[list[str], dict]:
    """What a preview made, for `deep3d.batch.Reporter`.

    Args:
        source: What it was made of.
        result: From `preview`.

    Returns:
        Lines for people, facts for programs.
    """
    files = {"sheet": str(result.sheet), "wiggle": str(result.wiggle)}
    return list(files.values()), {"source": str(source), **files, "times_s": result.times_s}


def _moments_of(source, config) -> list[tuple[float, np.ndarray, float]]:
    """(time, picture, pixel aspect) of moments spread evenly over the part that is converted."""
    with VideoReader(source, config.start, config.end) as reader:
        duration = reader.duration_s
        first = next(_pictures(reader), None)
    if not duration:
        return [] if first is None else [first]
    begin, each, found = config.start or 0.0, duration / MOMENTS, {}
    for number in range(MOMENTS):
        moment = _moment_of(source, begin + number * each, each)
        if moment is not None and moment[0] < begin + duration:
            found[moment[0]] = moment
    if not found and first is None:
        raise VideoError(f"{source}: has no picture that can be read")
    return list(found.values()) or [first]


def _moment_of(source, begin, seconds):
    """The first picture of a stretch that shows something, else what there is, else None."""
    moment = None
    for place in _PLACES:
        # A damaged place must not keep the rest from being seen.
        with (
            contextlib.suppress(VideoError),
            VideoReader(source, begin + place * seconds) as reader,
        ):
            moment = next(_pictures(reader), moment)
        if moment is not None and moment[1].std() > _LEAST_CONTRAST:
            break
    return moment


def _pictures(reader: VideoReader) -> Iterator[tuple[float, np.ndarray, float]]:
    """(time as players show it, picture of standard range, pixel aspect) of every frame."""
    transfer, primaries = reader.color.transfer_tag, reader.color.primaries_tag
    reader.full_depth = is_hdr(transfer)
    for frame in reader:
        image = _shrunk(frame.image)
        if image.dtype != np.uint8:
            image = to_standard_range(image, transfer, primaries)
        yield float(frame.time - reader.origin), image, float(reader.sample_aspect_ratio)


def _in_3d(time_s, picture, pixel_aspect, predictor: Predictor, config) -> Moment:
    levels = predictor.config.levels
    predict = predictor.probabilities if config.renderer == "select" else predictor.disparity
    seen = stack_frames([predictor.shrink(picture)], predictor.config.frames)
    prediction = predict(seen[np.newaxis])[0]
    placement = place_alone(prediction, levels, config)
    picture = _square(picture, pixel_aspect)
    render = predictor.render_warp
    left, right = render_eyes(picture, prediction, levels, placement, config, render)
    disparity = expected_disparity(prediction, levels) if prediction.ndim == 3 else prediction
    parallax = left_parallax(disparity, levels, placement, config)
    return Moment(time_s, picture, left, right, parallax)


def _shrunk(picture):
    """The picture not wider than `MAX_WIDTH`, its pixels as they are."""
    height, width = picture.shape[:2]
    if width <= MAX_WIDTH:
        return picture
    size = MAX_WIDTH, max(1, round(height * MAX_WIDTH / width))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _square(picture, pixel_aspect):
    """The picture with square pixels."""
    height, width = picture.shape[:2]
    size = round(width * max(pixel_aspect, 1.0)), round(height * max(1.0 / pixel_aspect, 1.0))
    if size == (width, height):
        return picture
    return cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)


def _heading(config: ConversionConfig) -> str:
    strength = "as trained" if config.strength is None else f"{config.strength:g} %"
    words = [config.format, f"strength {strength}", f"convergence {config.convergence}"]
    words += [f"{config.eyes} eye moved" if config.eyes == "right" else "both eyes moved"]
    words += ["floating window"] if config.floating_window else []
    return ", ".join(words)
