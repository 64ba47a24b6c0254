"""What each eye sees of a frame, from the network's prediction and the placement of its depth.

The picture is the left eye's as it is, or, with `eyes="both"`, what an eye in the middle would see,
and each eye is half the parallax away from it. Things in front of the screen that the left or right
edge of the frame cuts off contradict themselves: an edge behind them hides them. By default they
bend back to the screen there; a floating window instead brings the edge forward to them, with a
black strip at the left edge of the left eye and at the right edge of the right one.
"""

from collections.abc import Callable

import numpy as np

from deep3d.comfort import FrameParallax, Placement, Placer, measure_parallax
from deep3d.conversion_config import ConversionConfig
from deep3d.disparity import DisparityLevels, expected_disparity
from deep3d.left_disparity import disparity_of_left, moved
from deep3d.rendering import recompose, render_select, render_warp

# Share of the width over which things in front bend back to the screen. 1 % in front is stretched
# by less than a fifth there.
BEND = 0.08


def placer_for(levels: DisparityLevels, config: ConversionConfig) -> Placer:
    """What places films as a config asks.

    Args:
        levels: The network's levels.
        config: Strength, convergence and budget.

    Returns:
        A placer before its first frame.
    """
    return Placer(config.budget, _gain(levels, config), config.fixed_convergence)


def farthest_parallax(levels: DisparityLevels, config: ConversionConfig) -> float:
    """The least parallax that a film can get, in % of the width."""
    if config.fixed_convergence is None:
        return -config.budget_back
    farthest = _gain(levels, config) * _percent(min(levels.values), levels)
    return float(config.budget.compress(farthest + config.fixed_convergence))


def measure_prediction(prediction: np.ndarray, levels: DisparityLevels) -> FrameParallax:
    """The numbers of a frame that its placement depends on.

    Args:
        prediction: (rows, columns) expected disparity in pixels at `levels.width`, or
            (rows, columns, levels) distribution, of the right view.
        levels: The network's levels.

    Returns:
        Them, as predicted.
    """
    # Every fourth pixel does for percentiles.
    return measure_parallax(_percent(_disparity(prediction[::2, ::2], levels), levels))


def place_alone(
    prediction: np.ndarray, levels: DisparityLevels, config: ConversionConfig
) -> Placement:
    """The placement of a picture that belongs to no film; arguments as `measure_prediction`."""
    placer = placer_for(levels, config)
    placer.push(measure_prediction(prediction, levels), 0.0, starts_shot=True)
    return placer.finish()[0]


def placed_parallax(
    prediction: np.ndarray, levels: DisparityLevels, placement: Placement, config: ConversionConfig
) -> np.ndarray:
    """The parallax that is shown.

    Args:
        prediction: As for `measure_prediction`.
        levels: The network's levels.
        placement: Of this frame.
        config: Budget, and what is done at the frame's edges.

    Returns:
        (rows, columns) float32 in % of the width, for the pixels of the prediction.
    """
    disparity = _disparity(prediction, levels)
    percent, columns = _percent(disparity, levels), disparity.shape[1]
    source = np.arange(columns, dtype=np.float32) + percent * (columns / 100.0)
    return _placed(percent, source, placement, config)


def render_eyes(
    left: np.ndarray,
    prediction: np.ndarray,
    levels: DisparityLevels,
    placement: Placement | None,
    config: ConversionConfig,
    render: Callable[[np.ndarray, np.ndarray], np.ndarray] = render_warp,
) -> tuple[np.ndarray, np.ndarray]:
    """The views of both eyes.

    Args:
        left: (h, w, 3) uint8 or uint16 picture.
        prediction: As for `measure_prediction`; a distribution for the "select" renderer.
        levels: The network's levels.
        placement: Of this frame; None places it as a film of its own.
        config: Renderer, eyes, budget, and what is done at the frame's edges.
        render: `render_warp`, or another way to do the same, for the "warp" renderer.

    Returns:
        (h, w, 3) left and right view. The left one is the same array unless both eyes are asked
        for or a floating window hides a part of it.
    """
    if placement is None:
        placement = place_alone(prediction, levels, config)
    if config.renderer == "select":
        values = placement.apply(_percent(np.array(levels.values), levels))
        values = config.budget.compress(values) * (levels.width / 100.0)
        return _windowed(left, render_select(left, prediction, levels, values), placement, config)
    parallax = placed_parallax(prediction, levels, placement, config)
    columns = prediction.shape[1]
    disparity = prediction * (columns / levels.width)
    shown = parallax * (columns / 100.0)
    if config.eyes == "right":
        right = _render(left, recompose(disparity, shown), render)
        return _windowed(left, right, placement, config)
    # What is seen in column x was x + disparity of the picture, from which each eye is half away.
    half = shown / 2
    right = _render(left, moved(half, disparity - half), render)
    # Mirrored, a left eye is a right eye.
    mirrored = _render(left[:, ::-1], moved(half, disparity + half)[:, ::-1], render)
    return _windowed(np.ascontiguousarray(mirrored[:, ::-1]), right, placement, config)


def left_parallax(
    prediction: np.ndarray, levels: DisparityLevels, placement: Placement, config: ConversionConfig
) -> np.ndarray:
    """The parallax that is shown, for the pixels of the left view.

    Args:
        prediction: (rows, columns) expected disparity of the right view in pixels at
            `levels.width`.
        levels: The network's levels.
        placement: Of this frame.
        config: Budget, and what is done at the frame's edges.

    Returns:
        (rows, columns) float32 in % of the width.
    """
    columns = prediction.shape[1]
    percent = disparity_of_left(prediction * (columns / levels.width)) * (100.0 / columns)
    return _placed(percent, np.arange(columns, dtype=np.float32), placement, config)


def _gain(levels: DisparityLevels, config: ConversionConfig) -> float:
    if config.strength is None:
        return 1.0
    return config.strength / _percent(abs(levels.values[-1] - levels.values[0]), levels)


def _percent(disparity, levels: DisparityLevels):
    return disparity * (100.0 / levels.width)


def _disparity(prediction: np.ndarray, levels: DisparityLevels) -> np.ndarray:
    return expected_disparity(prediction, levels) if prediction.ndim == 3 else prediction


def _placed(percent, source, placement: Placement, config: ConversionConfig) -> np.ndarray:
    """Parallax of points that lie in the picture's columns `source`."""
    parallax = config.budget.compress(placement.apply(percent))
    if config.floating_window:
        return parallax
    columns = percent.shape[1]
    from_edge = np.minimum(source, columns - 1 - source) / (BEND * columns)
    from_edge = np.clip(from_edge, 0.0, 1.0)
    bent = parallax * (from_edge * from_edge * (3 - 2 * from_edge))
    return np.where(parallax > 0, bent, parallax)


def _render(picture: np.ndarray, shown: np.ndarray, render) -> np.ndarray:
    return render(picture, shown * np.float32(picture.shape[1] / shown.shape[1]))


def _windowed(left, right, placement: Placement, config: ConversionConfig):
    """The views behind a floating window, if one is wanted."""
    if not config.floating_window:
        return left, right
    width = left.shape[1]
    of_left, of_right = (
        round(percent / 100.0 * width)
        for percent in (placement.left_window, placement.right_window)
    )
    left, right = left.copy(), right.copy()
    left[:, :of_left] = 0
    right[:, width - of_right :] = 0
    return left, right
