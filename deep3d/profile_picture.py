"""The disparity along one scan line, drawn as a plot.

Behind the lines stands the distribution that the prediction is the mean of: where it has two peaks
the network hesitates between near and far, and the mean lies where neither is.
"""

import cv2
import numpy as np

from deep3d.disparity import DisparityLevels
from deep3d.disparity_pictures import tick_label, tick_values
from deep3d.lettering import LETTERS, write

WIDTH, HEIGHT = 512, 280
LEFT, RIGHT, TOP, BOTTOM = 48, 14, 26, 40
PREDICTION, TRUTH = (214, 39, 40), (31, 90, 220)
GRID = (190, 190, 190)
SUBPIXEL = 4  # bits of a fraction of a pixel in cv2's coordinates


def profile_picture(
    probabilities: np.ndarray,
    predicted: np.ndarray,
    truth: np.ndarray | None,
    levels: DisparityLevels,
    title: str = "",
) -> np.ndarray:
    """Disparity along a row of the right view: prediction, truth, and the distribution as gray.

    Args:
        probabilities: (columns, channels) of the row.
        predicted: (columns,) disparity in pixels at `levels.width`.
        truth: (columns,) likewise, NaN where it is unknown; None if it is nowhere known.
        levels: The levels; the plot shows their range and one step more at either end.
        title: Said above the plot, on the left.

    Returns:
        (280, 512, 3) uint8 RGB: column of the view to the right, % of the width upwards, near up.
    """
    step = abs(levels.step)
    low, high = min(levels.values) - step, max(levels.values) + step
    plot = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    inside = plot[TOP : HEIGHT - BOTTOM, LEFT : WIDTH - RIGHT]
    inside[:] = _distribution(probabilities, levels, inside.shape)
    plot = _axes(plot, len(predicted), 100.0 * low / levels.width, 100.0 * high / levels.width)
    # the truth below, so that a prediction that follows it is seen
    for values, color, thickness in ((truth, TRUTH, 3), (predicted, PREDICTION, 2)):
        if values is not None:
            _draw_line(plot, values, low, high, color, thickness)
    plot = write(plot, (LEFT, 6), title)
    plot = write(plot, (WIDTH - RIGHT - 310, 6), "prediction", PREDICTION)
    if truth is not None:
        plot = write(plot, (WIDTH - RIGHT - 220, 6), "truth", TRUTH)
    return write(plot, (WIDTH - RIGHT, 6), "gray: the distribution", (110, 110, 110), "ra")


def _distribution(probabilities, levels: DisparityLevels, shape):
    """The plot's background: a band for each level, darker where it is likelier, near up."""
    bands = probabilities[:, int(levels.empty) :].T  # (levels, columns)
    if levels.step > 0:
        bands = bands[::-1]
    # the range has half a step beyond the outermost bands, at either end
    bands = np.repeat(bands, 2, axis=0)
    bands = np.pad(bands, ((1, 1), (0, 0)))
    gray = 255.0 - 190.0 * np.sqrt(np.clip(bands, 0.0, 1.0))
    enlarged = cv2.resize(gray, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST)
    return np.rint(enlarged).astype(np.uint8)[..., np.newaxis]


def _axes(plot, columns: int, low: float, high: float):
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for value in tick_values(low, high):
        row = round(TOP + (high - value) / (high - low) * (bottom - TOP - 1))
        if value == 0:
            plot[row, LEFT:right] = (0, 0, 0)
        else:
            plot[row, LEFT:right:4] = GRID
        plot = write(plot, (LEFT - 6, row), tick_label(value), anchor="rm")
    plot = write(plot, (4, 6), "%")
    for column in np.linspace(0, columns - 1, 5).round().astype(int):
        x = round(LEFT + column / max(1, columns - 1) * (right - LEFT - 1))
        plot[bottom : bottom + 4, x] = 0
        plot = write(plot, (x, bottom + 5), str(column), anchor="ma")
    plot[TOP:bottom, LEFT - 1] = 0
    plot[bottom, LEFT - 1 : right] = 0
    caption = "column of the right view, pixels; upwards: disparity in % of the width, near is up"
    return write(plot, ((LEFT + right) / 2, bottom + 6 + LETTERS + 2), caption, anchor="ma")


def _draw_line(plot, values, low: float, high: float, color, thickness: int):
    """The known stretches of a row of values; what is alone gets a dot."""
    inside = plot[TOP : HEIGHT - BOTTOM, LEFT : WIDTH - RIGHT]  # cuts off what is beyond
    height, width = inside.shape[:2]
    x = np.linspace(0.0, width - 1.0, len(values))
    y = (high - values) / (high - low) * (height - 1)
    known = np.isfinite(values)
    points = np.stack([x, np.where(known, np.clip(y, -height, 2 * height), 0.0)], axis=-1)
    points = np.rint(points * 2**SUBPIXEL).astype(np.int32)
    canvas = np.ascontiguousarray(inside)
    ends = np.flatnonzero(np.diff(np.concatenate([[0], known, [0]])))
    for begin, end in zip(ends[::2], ends[1::2], strict=True):
        line = points[begin:end] if end - begin > 1 else points[begin:end].repeat(2, axis=0)
        cv2.polylines(canvas, [line], False, color, thickness, cv2.LINE_AA, SUBPIXEL)
    inside[:] = canvas
