"""Vertical misalignment between the eyes of a shot: measured, and whether to correct or refuse.

Two cameras that differ by a shift, a roll or a focal length show one point at two heights. With x
and y in pixels from the picture's centre, y downwards, a point at (., y) of the left view lies in
the right view at

    (x_r, y_r) = zoom * R(rotation) (x, y) + (., offset)    =>    y = A + B x_r + C y_r,

which says nothing about the horizontal disparity, so that depth cannot leak into it; A, B and C are
fitted to matched points (eye_points.py) of all pairs of the shot by robust least squares. What no
such model explains, like the keystone of rigs that are toed in, is the residual.
"""

import dataclasses
import math
from collections.abc import Sequence

import cv2
import numpy as np

from data_pipeline.decisions.eye_points import COARSE_LINES, EyePoints, find_points, refine

# Points of a shot in all its pairs together: enough to average, few enough to be cheap. Where their
# mean is not sure to so many percent of the height, 0.08 pixels of the middle size, there are more.
_POINTS, _MORE_POINTS, _SURE = 240, 720, 0.015
# Lines at which the points are refined first, and how often they are moved there and at full size.
_MIDDLE_LINES = 540
_MIDDLE_ITERATIONS, _FULL_ITERATIONS = 12, 6
# Scales of the robust fit in percent of the height: from all that may be there to what is good.
_COARSE_SCALES, _FINE_SCALES = (3.0, 1.5, 0.8, 0.4), (0.4, 0.2, 0.1, 0.06)
_TOLERANCE = 0.9  # percent of the height, to the model, of a point found in the small picture
_ROUNDS = 4
# Share of the points that count as independent, and the F value at which an offset is not all.
_INDEPENDENT, _SIGNIFICANT = 0.25, 6.0
# Points are exact to so many percent of the height at best, however well a few words agree.
_EXACT = 0.005


@dataclasses.dataclass(frozen=True)
class AlignmentLimits:
    """What is corrected and what is refused.

    Attributes:
        corrected_above: Largest vertical error in the picture, in percent of its height, that is
            left alone. 0.1 % is a fifth of a pixel of a picture 216 px high, on which the network
            is trained; interpolation would soften more than it mends.
        refused_above: Largest vertical error that is corrected. Rectified films stay below 0.5 %
            and unrectified rigs within 2 %; correcting 2.5 % costs that share of the rows.
        residual_below: What may remain after the correction, in percent of the height: half a
            pixel of a picture 216 px high. More is a keystone or not one moment in both eyes.
        points_above: Fewer points say nothing. Three numbers are fitted.
    """

    corrected_above: float = 0.1
    refused_above: float = 2.5
    residual_below: float = 0.25
    points_above: int = 20


@dataclasses.dataclass(frozen=True)
class Misalignment:
    """How the right view lies against the left.

    Attributes:
        vertical_offset: In percent of the view's height at the right view's centre, positive where
            the right view's content lies lower.
        rotation_deg: Of the right view around its centre, positive clockwise as seen on the screen.
        zoom: The right view's scale over the left's.
        points: How many matched points this rests on; 0 if it was not measured.
        residual: Robust standard deviation of the vertical error of the points to this model, in
            percent of the height.
        parallax: Median of x_left - x_right of the points without the misalignment, in percent of
            the height. Where both views are turned by half, it tells by how much that lifts one.
    """

    vertical_offset: float = 0.0
    rotation_deg: float = 0.0
    zoom: float = 1.0
    points: int = 0
    residual: float = math.nan
    parallax: float = 0.0

    def largest_error(self, aspect_ratio: float = 16 / 9) -> float:
        """Largest vertical error in a picture width / height = `aspect_ratio`, in percent of it."""
        turned = abs(math.tan(math.radians(self.rotation_deg))) * aspect_ratio
        return abs(self.vertical_offset) + 50 * (turned + abs(self.zoom - 1))

    def is_corrected(self, limits: AlignmentLimits, aspect_ratio: float = 16 / 9) -> bool:
        """Whether it is worth correcting."""
        return self.points > 0 and self.largest_error(aspect_ratio) > limits.corrected_above

    def is_refused(self, limits: AlignmentLimits, aspect_ratio: float = 16 / 9) -> bool:
        """Whether a shot with it is refused as `misaligned`."""
        too_large = self.largest_error(aspect_ratio) > limits.refused_above
        return self.points > 0 and (too_large or self.residual > limits.residual_below)


NOT_MEASURED = Misalignment()


def measure_misalignment(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], limits: AlignmentLimits = AlignmentLimits()
) -> Misalignment:
    """The misalignment that all pairs of a shot have in common.

    Args:
        pairs: (left, right) views, (h, w, 3) uint8 RGB of one size with square pixels, without
            black bars; a few moments of one shot.
        limits: How many points it takes.

    Returns:
        What was measured; NOT_MEASURED where there are too few points, as without texture.

    Raises:
        ValueError: If the views differ in size.
    """
    if len({view.shape for pair in pairs for view in pair}) > 1:
        raise ValueError(
            "all views must have one size. "
            f"Received: {sorted({view.shape for pair in pairs for view in pair})}"
        )
    gray = [[cv2.cvtColor(view, cv2.COLOR_RGB2GRAY) for view in pair] for pair in pairs]
    stage = _middle_stage(gray, _POINTS, limits)
    if gray and (stage is None or stage.standard_error > _SURE):
        stage = _middle_stage(gray, _MORE_POINTS, limits)
    if stage is None:
        return NOT_MEASURED
    if gray[0][0].shape[0] > _MIDDLE_LINES:
        full = _next_stage(gray, stage, gray[0][0].shape[0], _FULL_ITERATIONS)
        # Soft or grainy films have no more detail than the middle size shows.
        is_better = full.standard_error < stage.standard_error
        stage = full if is_better and len(full.points) > limits.points_above else stage
    return _described(stage)


@dataclasses.dataclass(frozen=True)
class _Stage:
    """What is known at one size of the pictures."""

    found: list[EyePoints]  # of each pair, in pixels
    lines: int
    points: EyePoints  # all of them in percent of the height
    model: np.ndarray  # A, B, C
    error: np.ndarray  # of every point's height, in percent of the height

    @property
    def agreeing(self) -> np.ndarray:
        """Which points agree with the model."""
        return np.abs(self.error) < 3 * _spread(self.error) + 1e-3

    @property
    def standard_error(self) -> float:
        """Of the mean height of the points that agree, in percent of the height."""
        if not len(self.points):
            return math.inf
        weights = self.points.weight[self.agreeing]
        return math.sqrt(np.sum(np.square(weights * self.error[self.agreeing]))) / weights.sum()


def _middle_stage(gray, count: int, limits: AlignmentLimits) -> _Stage | None:
    """Points in pictures of the middle size; None where there are too few, or no pictures."""
    if not gray:
        return None
    stage = _first_stage(gray, count)
    if len(stage.points) > limits.points_above:
        stage = _next_stage(gray, stage, _MIDDLE_LINES, _MIDDLE_ITERATIONS)
    return stage if len(stage.points) > limits.points_above else None


def _first_stage(gray, count: int) -> _Stage:
    """About so many points looked for in small pictures."""
    views = [[_shrunk(view, COARSE_LINES) for view in pair] for pair in gray]
    height, width = views[0][0].shape
    side = math.sqrt(width * height / (count / len(gray)))  # of a cell
    cells = (math.ceil(width / side), math.ceil(height / side))
    return _staged([find_points(*pair, cells) for pair in views], height, _COARSE_SCALES)


def _next_stage(gray, stage: _Stage, lines: int, iterations: int) -> _Stage:
    """The points near the model, refined in larger pictures."""
    views = [[_shrunk(view, lines) for view in pair] for pair in gray]
    height = views[0][0].shape[0]
    near = np.abs(stage.error) < _TOLERANCE
    ends = np.cumsum([len(points) for points in stage.found])[:-1]
    followed = []
    for pair, points, kept in zip(views, stage.found, np.split(near, ends), strict=True):
        points = points.where(kept)
        expected = points.right @ stage.model[1:] + stage.model[0] / 100 * stage.lines
        left = np.column_stack((points.left[:, 0], expected))
        points = EyePoints(left, points.right, points.weight)
        points, good = refine(*pair, points.scaled(height / stage.lines), iterations)
        followed.append(points.where(good))
    return _staged(followed, height, _FINE_SCALES)


def _staged(found: list[EyePoints], lines: int, scales) -> _Stage:
    names = [field.name for field in dataclasses.fields(EyePoints)]
    together = (np.concatenate([getattr(points, name) for points in found]) for name in names)
    points = EyePoints(*together).scaled(100 / lines)
    return _Stage(found, lines, points, *_fit(points, scales))


def _shrunk(gray, lines: int) -> np.ndarray:
    if gray.shape[0] <= lines:
        return gray
    size = (round(gray.shape[1] * lines / gray.shape[0]), lines)
    return cv2.resize(gray, size, interpolation=cv2.INTER_AREA)


def _fit(points: EyePoints, scales: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """A, B, C of the model and the error of every point's height, in percent of the height.

    Least squares by the points' own weights, times those of Geman and McClure, whose scale shrinks:
    at first nearly all points count, at last only those that agree.
    """
    terms = np.column_stack((np.ones(len(points)), points.right))
    heights = points.left[:, 1]
    if not len(points):
        return np.array([0.0, 0.0, 1.0]), heights
    model = np.array([np.median(heights - points.right[:, 1]), 0.0, 1.0])
    own = points.weight / points.weight.mean()
    for scale in scales:
        for _ in range(_ROUNDS):
            error = heights - terms @ model
            weighted = terms * (own / np.square(1 + np.square(error / scale)))[:, None]
            # A weak pull towards no rotation and no zoom, for points on one line: as much as one
            # point off by 1 % of the height has at a slope of 1 in 100.
            pull = np.array([0.0, 1.0, 1.0])
            model = np.linalg.solve(
                weighted.T @ terms + np.diag(pull), weighted.T @ heights + pull * (0.0, 0.0, 1.0)
            )
    return model, heights - terms @ model


def _simplest(stage: _Stage) -> tuple[EyePoints, np.ndarray, np.ndarray]:
    """The stage's points, model and errors; an offset alone where that explains them as well.

    Turns and zooms that are not there would be taken from the few points far out.
    """
    points = stage.points
    error = points.left[:, 1] - points.right[:, 1]
    agree = stage.agreeing
    weights = points.weight[agree] / points.weight[agree].sum()
    offset = np.sum(weights * error[agree])
    left_by_offset = np.sum(weights * np.square(error[agree] - offset))
    left_by_model = np.sum(weights * np.square(stage.error[agree]))
    gain = left_by_offset / (left_by_model + _EXACT**2)
    # An F test; neighbors err alike, so only a part of the points is independent.
    if (gain - 1) * _INDEPENDENT / np.sum(np.square(weights)) / 2 > _SIGNIFICANT:
        return points, stage.model, stage.error
    return points, np.array([offset, 0.0, 1.0]), error - offset


def _spread(error) -> float:
    return 1.4826 * float(np.median(np.abs(error)))


def _described(stage: _Stage) -> Misalignment:
    """The model in words; see the module's formula."""
    points, model, error = _simplest(stage)
    turned, scaled = -model[1], model[2]  # sin(rotation) / zoom, cos(rotation) / zoom
    center = points.right - (0.0, -model[0] / model[2])
    straight = scaled * center[:, 0] + turned * center[:, 1]  # x of the right view put right
    spread = _spread(error)
    return Misalignment(
        vertical_offset=float(-model[0] / model[2]),
        rotation_deg=math.degrees(math.atan2(turned, scaled)),
        zoom=1 / math.hypot(turned, scaled),
        points=int((np.abs(error) < 3 * spread + 1e-3).sum()),
        residual=spread,
        parallax=float(np.median(points.left[:, 0] - straight)),
    )
