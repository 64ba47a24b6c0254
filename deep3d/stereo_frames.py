"""Packed stereo frames from the pictures of a film, one after the other."""

import dataclasses
from collections.abc import Iterable, Iterator
from fractions import Fraction

import cv2
import numpy as np

from deep3d.comfort import ParallaxBudget, parallax_measures
from deep3d.conversion_config import ConversionConfig
from deep3d.eye_views import farthest_parallax, left_parallax, placed_parallax, render_eyes
from deep3d.frame_packer import FramePacker
from deep3d.inference import Predictor
from deep3d.placed_frames import PlacedFrame, State, placed_frames
from deep3d.stage_clock import StageClock
from deep3d.video import DISPARITY_FORMATS, disparity_to_gray
from deep3d.video.color import VideoColor


@dataclasses.dataclass(frozen=True)
class StereoFrame:
    """One frame, ready to be encoded.

    Attributes:
        image: (h, w, 3) uint8 or uint16: both views, packed.
        pts: Presentation time as it came.
        time_s: The same in seconds.
        starts_shot: Whether a shot begins with it.
        measures: `parallax_measures` of what is shown, if they are wanted.
        state: As of `PlacedFrame`.
    """

    image: np.ndarray
    pts: int
    time_s: float
    starts_shot: bool
    measures: np.ndarray | None = None
    state: State | None = None


def stereo_frames(
    frames: Iterable[tuple[np.ndarray, int]],
    predictor: Predictor,
    config: ConversionConfig,
    packer: FramePacker,
    *,
    time_base: Fraction = Fraction(1),
    color: VideoColor | None = None,
    state: State | None = None,
    budget: ParallaxBudget | None = None,
    clock: StageClock | None = None,
) -> Iterator[StereoFrame]:
    """Predicts, places, renders and packs.

    Args:
        frames: (h, w, 3) uint8 or uint16 left views and their presentation times, in order.
        predictor: The network.
        config: What to make.
        packer: Of `packer_for`.
        time_base: Seconds per unit of the times.
        color: What the numbers of 16-bit pictures mean.
        state: Of the frame that comes first, if the film does not begin with it.
        budget: What the parallax is measured against; None measures nothing.
        clock: Is told the time of "render" and "pack", and of the stages of `placed_frames`.

    Yields:
        The frames in their order.

    Raises:
        ResumeError: If the first frame does not belong to the state.
    """
    levels, clock = predictor.config.levels, clock or StageClock()
    fitting = ((packer.fit(left), pts) for left, pts in frames)
    for frame in placed_frames(fitting, predictor, config, time_base, color, state, clock):
        picture = frame.bars.crop(frame.left)
        depth = frame.prediction, levels, frame.placement, config
        measures = None
        with clock("render"):
            if budget is not None:
                measures = parallax_measures(placed_parallax(*depth), budget)
            if config.format in DISPARITY_FORMATS:
                left, second = frame.left, _gray(frame, left_parallax(*depth))
            else:
                left, second = render_eyes(picture, *depth, predictor.render_warp)
                left = frame.left if left is picture else frame.bars.put_back(left, frame.left)
                second = frame.bars.put_back(second, frame.left)
        with clock("pack"):
            image = packer.pack(left, second)
        yield StereoFrame(image, frame.pts, frame.time_s, frame.starts_shot, measures, frame.state)


def _gray(frame: PlacedFrame, parallax: np.ndarray) -> np.ndarray:
    """The gray picture of parallax in % of the picture's width; black bars are at the screen."""
    whole = np.zeros(frame.left.shape[:2], np.float32)
    picture = frame.bars.crop(whole)
    rows, columns = picture.shape
    picture[:] = cv2.resize(parallax, (columns, rows)) * (columns / whole.shape[1])
    return disparity_to_gray(whole, frame.left.dtype)


def packer_for(
    width: int,
    height: int,
    predictor: Predictor,
    config: ConversionConfig,
    pixel_aspect: Fraction = Fraction(1),
) -> FramePacker:
    """What packs the views of a film.

    Args:
        width: Of the source in pixels.
        height: Likewise.
        predictor: The network.
        config: What to make.
        pixel_aspect: Width of a pixel of the source over its height.

    Returns:
        The packer.
    """
    farthest = farthest_parallax(predictor.config.levels, config)
    return FramePacker(width, height, config, pixel_aspect=pixel_aspect, farthest=farthest)
