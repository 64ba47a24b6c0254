"""Whether one eye of a film runs ahead of the other, and by how many frames.

Where a picture moves sideways, being late looks like disparity: of a steady pan nobody can tell.
So places are not compared at all, only what happens when, which every depth shows at one moment:

- change: how much of the picture changes, which jumps at cuts, where something starts or stops;
- light: its brightness, which jumps in flashes, fades and flicker;
- motion: by how much the picture as a whole moves, sideways and up or down, in a pan that speeds
  up and in a camera that is held by hand.

The series of one eye are laid against those of the other, moved by every lag, and what differs is
summed up in units of what differs anyway, as in a log likelihood; a single frame counts little. A
lag is decided when it explains the shot clearly better than its neighbors; in a steady pan none
does, though things enter the picture at other moments in either eye, since they do so gradually.
"""

import collections
import dataclasses
import math
from collections.abc import Iterable

import cv2
import numpy as np

MAX_LAG = 4  # frames
HISTORY = 480  # frames of a shot that are remembered, the latest
# What differs anyway between eyes of one moment: the logarithm of the change and of the brightness
# from frame to frame, and the motion in pixels of a thumbnail.
_USUAL = np.array([0.2, 0.03, 0.2, 0.15])
# Gray steps below which change is noise, and brightness is black.
_NOISE, _BLACK = 1.0, 8.0
_SURE_MOTION = 0.1  # response of the phase correlation, 1 for a perfect match
_MOST = 4.0  # that one frame counts in one series
# Change that grows or falls by this factor's logarithm from one frame to the next is a cut: the
# whole picture, and not something that enters it, so it counts more.
_CUT, _MOST_OF_CUT = 1.5, 12.0
# By how much a lag must explain more than any other: little where it is 0, as in nearly all films.
_IN_TIME, _OFF_TIME = 5.0, 12.0
# A lag must explain this share of what the others leave; or, in grain and shake of the eyes' own,
# stand out by so many standard deviations (the root of twice the cost that remains).
_EXPLAINED, _DEVIATIONS = 0.5, 2.0
# Share of the evidence of a movie's shots that must agree.
_AGREE = 0.75


@dataclasses.dataclass(frozen=True)
class TimeOffsetDecision:
    """What was decided of a shot or a movie.

    Attributes:
        frames: By how many frames the right eye is late (negative: early), or None if unsure.
        confidence: 0 where unsure, near 1 with plenty of evidence.
    """

    frames: int | None = None
    confidence: float = 0.0


class TimeOffset:
    """Watches both eyes of a film, frame by frame; decides for one shot at a time."""

    def __init__(self):
        """Starts before the first frame."""
        self._rows: collections.deque = collections.deque(maxlen=HISTORY)
        self._previous: tuple[np.ndarray, np.ndarray] | None = None
        self._window = None

    @property
    def state(self) -> dict[str, np.ndarray]:
        """What is remembered of the frames so far, by name; nothing before the first."""
        if self._previous is None:
            return {}
        return {"rows": np.array(self._rows), "previous": np.stack(self._previous)}

    @state.setter
    def state(self, state: dict[str, np.ndarray]):
        self._rows = collections.deque(state["rows"].tolist(), maxlen=HISTORY)
        self._previous = tuple(state["previous"])
        self._window = cv2.createHanningWindow(self._previous[0].shape[::-1], cv2.CV_32F)

    def reset(self) -> None:
        """Begins a new shot; keeps the last frames, as eyes that are off time cut at two."""
        self._rows = collections.deque(list(self._rows)[-2 * MAX_LAG :], maxlen=HISTORY)

    def interrupt(self) -> None:
        """The next frame is not the one behind the latest: nothing is compared across the gap."""
        self._rows.clear()
        self._previous = None

    def update(self, left_thumbnail: np.ndarray, right_thumbnail: np.ndarray) -> None:
        """Takes the next frame; after a gap of frames that are not given, see `interrupt`.

        Args:
            left_thumbnail: (36, 64, 3) or (36, 64) uint8, or of another small size.
            right_thumbnail: The same of the right eye.

        Raises:
            ValueError: If the thumbnails differ in size, or from those before.
        """
        eyes = tuple(map(_gray, (left_thumbnail, right_thumbnail)))
        shapes = {eye.shape for eye in (*eyes, *(self._previous or ()))}
        if len(shapes) > 1:
            raise ValueError(f"all thumbnails must have one size. Received: {sorted(shapes)}")
        if self._window is None:
            self._window = cv2.createHanningWindow(eyes[0].shape[::-1], cv2.CV_32F)
        before = self._previous or eyes
        self._rows.append([self._seen(*two) for two in zip(before, eyes, strict=True)])
        self._previous = eyes

    def decide(self) -> TimeOffsetDecision:
        """What the frames since the shot began say, and the few before it."""
        if len(self._rows) < 3 * MAX_LAG:
            return TimeOffsetDecision()
        costs = _costs(np.array(self._rows))
        best = int(costs.argmin())
        margin = float(np.delete(costs, best).min() - costs[best])
        lag = best - MAX_LAG
        least = _OFF_TIME if lag else _IN_TIME
        explained = costs[best] <= (1 - _EXPLAINED) * np.median(costs)
        if margin < least + (0.0 if explained else _DEVIATIONS * math.sqrt(2 * costs[best])):
            return TimeOffsetDecision()
        return TimeOffsetDecision(lag, _confidence(margin))

    def _seen(self, before: np.ndarray, now: np.ndarray) -> tuple[float, ...]:
        """Change, brightness, motion across and down, and the response of the motion."""
        change = cv2.norm(before, now, cv2.NORM_L1) / now.size
        (across, down), response = (0.0, 0.0), 1.0
        if change > _NOISE:
            # OpenCV multiplies what it is given by the window, in place.
            (across, down), response = cv2.phaseCorrelate(before.copy(), now.copy(), self._window)
        return change, float(cv2.mean(now)[0]), across, down, response


def combine(decisions: Iterable[TimeOffsetDecision]) -> TimeOffsetDecision:
    """One decision for a movie from those of its shots.

    Returns:
        The offset on which three quarters of the evidence agree, or None.
    """
    evidence: dict[int, float] = collections.defaultdict(float)
    for decision in decisions:
        if decision.frames is not None:
            evidence[decision.frames] += _evidence(decision.confidence)
    if not evidence:
        return TimeOffsetDecision()
    frames = max(evidence, key=evidence.get)
    share = evidence[frames] / sum(evidence.values())
    if share < _AGREE:
        return TimeOffsetDecision()
    return TimeOffsetDecision(frames, share * _confidence(evidence[frames]))


def _gray(thumbnail: np.ndarray) -> np.ndarray:
    if thumbnail.ndim == 3:
        thumbnail = cv2.cvtColor(thumbnail, cv2.COLOR_RGB2GRAY)
    return thumbnail.astype(np.float32)


def _confidence(evidence: float) -> float:
    return 1 - math.exp(-evidence / 10)


def _evidence(confidence: float) -> float:
    return -10 * math.log(max(1 - confidence, 1e-6))


def _costs(rows: np.ndarray) -> np.ndarray:
    """What is left unexplained by every lag, (2 * MAX_LAG + 1,), from (frames, 2, 5) rows."""
    left, right = rows[:, 0], rows[:, 1]
    series = [
        np.column_stack(
            (
                np.diff(np.log(eye[:, 0] + _NOISE), prepend=np.nan),
                np.diff(np.log(eye[:, 1] + _BLACK), prepend=np.nan),
                np.where(eye[:, 4:] > _SURE_MOTION, eye[:, 2:4], np.nan),
            )
        )
        for eye in (left, right)
    ]
    inner = np.s_[MAX_LAG : len(rows) - MAX_LAG]
    costs = []
    for lag in range(-MAX_LAG, MAX_LAG + 1):
        # What the left eye shows now, a late right eye shows `lag` frames later.
        difference = (series[0] - np.roll(series[1], -lag, axis=0))[inner]
        most = np.full(difference.shape, _MOST)
        most[np.abs(difference[:, 0]) > _CUT, 0] = _MOST_OF_CUT
        costs.append(np.nansum(np.minimum(np.square(difference / _USUAL) / 2, most)))
    return np.array(costs)
