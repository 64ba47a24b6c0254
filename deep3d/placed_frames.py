"""Frames with what the network says of them and where their depth is placed.

The film is divided into segments, after which a run that was interrupted can go on: the first frame
of each comes with all that is remembered of those before it. They begin at cuts where cuts are near
enough, and no batch of the network reaches over their borders, so that a frame comes out alike
whether the run began before it or with it.

Black bars are no part of the picture: what the network sees and what is moved lies between them.
"""

import collections
import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from deep3d.comfort import Placement, Placer
from deep3d.conversion_config import ConversionConfig
from deep3d.disparity import expected_disparity
from deep3d.eye_views import measure_prediction, placer_for
from deep3d.frame_stack import FrameStacker
from deep3d.inference import Predictor
from deep3d.stage_clock import StageClock
from deep3d.temporal import Stabiliser
from deep3d.video import DISPARITY_FORMATS, ShotDetector
from deep3d.video.color import VideoColor
from deep3d.video.high_dynamic_range import to_standard_range
from deep3d.video.picture_area import AreaFollower, BlackBars

# Frames for which the network is called at once: more gain nothing and cost memory.
BATCH = 8
# Frames of a segment: a cut ends it from the first on, the second ends it within a shot. It is what
# an interruption costs, and each begins with a key frame. Of pictures that are larger than this
# many pixels, which take longer, there are fewer.
SHORTEST_SEGMENT, LONGEST_SEGMENT = 120, 480
_USUAL_PIXELS = 1920 * 1080

State = dict[str, np.ndarray]


class ResumeError(ValueError):
    """The frames are not those with which an earlier run was interrupted."""


@dataclasses.dataclass(frozen=True)
class PlacedFrame:
    """One frame, ready to be rendered.

    Attributes:
        left: (h, w, 3) frame.
        bars: Its black bars, all around the picture.
        pts: Presentation time as it came.
        time_s: The same in seconds.
        starts_shot: Whether a shot begins with it.
        prediction: (rows, columns) expected disparity of the right view in pixels at the levels'
            width, or (rows, columns, levels) distribution for the "select" renderer.
        placement: Of its depth; None while it is not yet known.
        state: At the first frame of a segment but that of the film: what `placed_frames` needs to
            begin with this frame; None at others.
    """

    left: np.ndarray
    bars: BlackBars
    pts: int
    time_s: float
    starts_shot: bool
    prediction: np.ndarray
    placement: Placement | None = None
    state: State | None = None


def placed_frames(
    frames: Iterable[tuple[np.ndarray, int]],
    predictor: Predictor,
    config: ConversionConfig,
    time_base: Fraction = Fraction(1),
    color: VideoColor | None = None,
    state: State | None = None,
    clock: StageClock | None = None,
) -> Iterator[PlacedFrame]:
    """Predicts, holds still along the motion, and places shot by shot, some frames behind.

    Args:
        frames: (h, w, 3) uint8 or uint16 pictures and their presentation times, in order.
        predictor: The network.
        config: Renderer, steadiness, strength, convergence and budget.
        time_base: Seconds per unit of the times.
        color: What the numbers of 16-bit pictures mean.
        state: Of the frame that comes first, if the film does not begin with it.
        clock: Is told the time of "cuts", "network" and "steadiness".

    Yields:
        The frames in their order.

    Raises:
        ResumeError: If the first frame does not belong to the state.
    """
    parts, clock = _Parts(predictor, config, state), clock or StageClock()
    # Frames that an earlier run has written are placed again, and nobody waits for them.
    waiting = collections.deque([None] * parts.placer.waiting)
    for frame in _predicted(frames, predictor, config, parts, time_base, color, state, clock):
        if frame.state is not None:
            frame = dataclasses.replace(frame, state=frame.state | parts.state("placer"))
        waiting.append(frame)
        measured = measure_prediction(frame.prediction, predictor.config.levels)
        yield from _placed(waiting, parts.placer.push(measured, frame.time_s, frame.starts_shot))
    yield from _placed(waiting, parts.placer.finish())


class _Parts:
    """All that remembers frames."""

    detector: ShotDetector
    bars: AreaFollower
    last_bars: BlackBars
    stacker: FrameStacker
    stabiliser: Stabiliser
    placer: Placer

    def __init__(self, predictor, config, state: State | None):
        self.detector, self.stabiliser = ShotDetector(), Stabiliser(config.steadiness)
        self.placer, self.bars = placer_for(predictor.config.levels, config), AreaFollower()
        self.last_bars = BlackBars()
        self.stacker = FrameStacker(predictor.config.frames)
        if state is None:
            return
        bars = json.loads(state["bars"].tobytes())
        self.bars, self.last_bars = AreaFollower(bars["known"]), BlackBars(*bars["last"])
        for part in ("detector", "stacker", "stabiliser", "placer"):
            prefix = f"{part}."
            own = {name[len(prefix) :]: state[name] for name in state if name.startswith(prefix)}
            getattr(self, part).state = own

    def state(self, part: str) -> State:
        if part == "bars":
            bars = {"known": self.bars.state, "last": dataclasses.astuple(self.last_bars)}
            return {"bars": np.frombuffer(json.dumps(bars).encode(), np.uint8)}
        return {f"{part}.{name}": value for name, value in getattr(self, part).state.items()}


def _placed(waiting, placements) -> Iterator[PlacedFrame]:
    for placement in placements:
        frame = waiting.popleft()
        if frame is not None:
            yield dataclasses.replace(frame, placement=placement)


@dataclasses.dataclass(frozen=True)
class _WatchedFrame:
    """A frame that the network has not seen yet, with its picture as the network takes it.

    `stacked` is that picture with those before it, if the network sees several.
    """

    left: np.ndarray
    bars: BlackBars
    pts: int
    small: np.ndarray
    stacked: np.ndarray
    starts_shot: bool
    state: State | None


def _predicted(
    frames, predictor, config, parts: _Parts, time_base, color, state, clock
) -> Iterator[PlacedFrame]:
    select = config.renderer == "select" and config.format not in DISPARITY_FORMATS
    predict = predictor.probabilities if select else predictor.disparity
    levels = predictor.config.levels
    for batch in _batches(_watched(frames, predictor, parts, color, state, clock)):
        with clock("network"):
            predictions = predict(np.stack([frame.stacked for frame in batch]))
        for frame, prediction in zip(batch, predictions, strict=True):
            state = frame.state
            if state is not None and not frame.starts_shot:  # a new shot begins from nothing
                state = state | parts.state("stabiliser")
            if config.steadiness > 1:
                with clock("steadiness"):
                    prediction = _steady(parts.stabiliser, frame, prediction, levels)
            time_s = float(frame.pts * time_base)
            facts = frame.left, frame.bars, frame.pts, time_s, frame.starts_shot
            yield PlacedFrame(*facts, prediction, state=state)


def _watched(frames, predictor, parts: _Parts, color, state, clock) -> Iterator[_WatchedFrame]:
    """Finds cuts, and the frames with which segments begin."""
    segment = 0
    for left, pts in frames:
        if state is not None and segment == 0:
            _check_same(left, state)
        with clock("cuts"):
            before = parts.state("detector") | parts.state("bars")
            small = predictor.shrink(left)
            starts_shot = parts.detector.update(_for_network(small, color))
            bars = parts.bars.update(left, starts_shot)
            starts_shot = starts_shot or bars != parts.last_bars  # all places have moved
            parts.last_bars = bars
            small = small if bars == BlackBars() else predictor.shrink(bars.crop(left))
        enough = SHORTEST_SEGMENT if starts_shot else LONGEST_SEGMENT
        larger = left.shape[0] * left.shape[1] / _USUAL_PIXELS
        begins = segment * max(1.0, larger) >= enough
        segment = 1 if begins else segment + 1
        kept = None
        if begins:
            kept = before | parts.state("stacker") | {"digest": _digest(left)}
        small = _for_network(small, color)
        stacked = parts.stacker.update(small, starts_shot)
        yield _WatchedFrame(left, bars, pts, small, stacked, starts_shot, kept)
    if state is not None and segment == 0:
        raise ResumeError("The frame with which to go on is missing.")


def _check_same(left, state: State):
    if not np.array_equal(_digest(left), state["digest"]):
        raise ResumeError("The pictures are not those of the earlier run.")


def _digest(picture: np.ndarray) -> np.ndarray:
    return np.frombuffer(hashlib.sha256(np.ascontiguousarray(picture)).digest(), np.uint8)


def _batches(frames: Iterable[_WatchedFrame]) -> Iterator[list[_WatchedFrame]]:
    """Frames for the network: of one segment, and so of one shape."""
    batch: list[_WatchedFrame] = []
    for frame in frames:
        if batch and (frame.state is not None or frame.small.shape != batch[0].small.shape):
            yield batch
            batch = []
        batch.append(frame)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _steady(stabiliser, frame: _WatchedFrame, prediction, levels) -> np.ndarray:
    if prediction.ndim == 2:
        return stabiliser.update(frame.small, prediction, frame.starts_shot)
    disparity = expected_disparity(prediction, levels)
    return stabiliser.update(frame.small, disparity, frame.starts_shot, prediction)


def _for_network(small: np.ndarray, color: VideoColor | None) -> np.ndarray:
    if small.dtype == np.uint8:
        return small
    return to_standard_range(small, color.transfer_tag, color.primaries_tag)
