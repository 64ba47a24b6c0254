"""Frames with what the network says of them and where their depth is placed."""

import collections
import dataclasses
import itertools
from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from deep3d.comfort import Placement
from deep3d.config import ConversionConfig
from deep3d.disparity import expected_disparity
from deep3d.eye_views import measure_prediction, placer_for
from deep3d.inference import Predictor
from deep3d.temporal import Stabiliser
from deep3d.video import DISPARITY_FORMATS, ShotDetector
from deep3d.video.color import VideoColor
from deep3d.video.high_dynamic_range import to_standard_range

# Frames for which the network is called at once: more gain nothing and cost memory.
BATCH = 8


@dataclasses.dataclass(frozen=True)
class PlacedFrame:
    """One frame, ready to be rendered.

    Attributes:
        left: (h, w, 3) picture.
        pts: Presentation time as it came.
        time_s: The same in seconds.
        starts_shot: Whether a shot begins with it.
        prediction: (rows, columns) expected disparity of the right view in pixels at the levels'
            width, or (rows, columns, levels) distribution for the "select" renderer.
        placement: Of its depth; None while it is not yet known.
    """

    left: np.ndarray
    pts: int
    time_s: float
    starts_shot: bool
    prediction: np.ndarray
    placement: Placement | None = None


def placed_frames(
    frames: Iterable[tuple[np.ndarray, int]],
    predictor: Predictor,
    config: ConversionConfig,
    time_base: Fraction = Fraction(1),
    color: VideoColor | None = None,
) -> Iterator[PlacedFrame]:
    """Predicts, holds still along the motion, and places shot by shot, some frames behind.

    Args:
        frames: (h, w, 3) uint8 or uint16 pictures and their presentation times, in order.
        predictor: The network.
        config: Renderer, steadiness, strength, convergence and budget.
        time_base: Seconds per unit of the times.
        color: What the numbers of 16-bit pictures mean.

    Yields:
        The frames in their order.
    """
    levels = predictor.config.levels
    placer, waiting = placer_for(levels, config), collections.deque()
    for frame in _predicted(frames, predictor, config, time_base, color):
        waiting.append(frame)
        measured = measure_prediction(frame.prediction, levels)
        for placement in placer.push(measured, frame.time_s, frame.starts_shot):
            yield dataclasses.replace(waiting.popleft(), placement=placement)
    for placement in placer.finish():
        yield dataclasses.replace(waiting.popleft(), placement=placement)


def _predicted(frames, predictor, config, time_base, color) -> Iterator[PlacedFrame]:
    select = config.renderer == "select" and config.format not in DISPARITY_FORMATS
    predict = predictor.probabilities if select else predictor.disparity
    detector, frames, levels = ShotDetector(), iter(frames), predictor.config.levels
    stabiliser = Stabiliser(config.steadiness) if config.steadiness > 1 else None
    while batch := list(itertools.islice(frames, BATCH)):
        small = np.stack([_for_network(predictor.shrink(left), color) for left, _ in batch])
        for (left, pts), picture, prediction in zip(batch, small, predict(small), strict=True):
            starts_shot = detector.update(picture)
            if stabiliser is not None:
                prediction = _steady(stabiliser, picture, prediction, levels, starts_shot)
            yield PlacedFrame(left, pts, float(pts * time_base), starts_shot, prediction)


def _steady(stabiliser, picture, prediction, levels, starts_shot) -> np.ndarray:
    if prediction.ndim == 2:
        return stabiliser.update(picture, prediction, starts_shot)
    disparity = expected_disparity(prediction, levels)
    return stabiliser.update(picture, disparity, starts_shot, prediction)


def _for_network(small: np.ndarray, color: VideoColor | None) -> np.ndarray:
    if small.dtype == np.uint8:
        return small
    return to_standard_range(small, color.transfer_tag, color.primaries_tag)
