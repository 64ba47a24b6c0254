"""Disparity, doubt and level slices as pictures with a scale.

Disparity is drawn near = bright, over the range of the levels, and measured in % of the width,
since that is what films are compared by. All pictures are to be read at their own size.
"""

import math

import cv2
import numpy as np

from deep3d.disparity import DisparityLevels
from deep3d.lettering import LETTERS, write

# Narrower pictures are enlarged before they get a scale, so that its letters have room.
LEAST_WIDTH = 384
UNKNOWN = 128  # gray of pixels without a value; no color of the map is gray
BAR, TICK, MARGIN = 14, 4, 16
ZERO_COLOR = (0, 200, 255)
TILE_WIDTH, TILES_IN_ROW, GAP = 192, 4, 4
# Distances of ticks, in % of the width.
TICK_STEPS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


def disparity_picture(disparity: np.ndarray, levels: DisparityLevels) -> np.ndarray:
    """A disparity map as a color picture, near = bright, over the range of the levels.

    Args:
        disparity: (h, w) pixels at `levels.width`; NaN, which is drawn gray, where it is unknown.
        levels: They set the ends of the scale.

    Returns:
        (h, w, 3) uint8 RGB.
    """
    low, high = min(levels.values), max(levels.values)
    known = np.isfinite(disparity)
    share = (np.where(known, disparity, low) - low) / (high - low)
    picture = _colored(share)
    picture[~known] = UNKNOWN
    return picture


def disparity_with_scale(disparity: np.ndarray, levels: DisparityLevels) -> np.ndarray:
    """`disparity_picture` above a bar with ticks in % of the width, the screen marked on it.

    Args:
        disparity: (h, w) pixels at `levels.width`, NaN where it is unknown.
        levels: They set the ends of the scale.

    Returns:
        (rows, columns, 3) uint8 RGB, at least 384 pixels wide.
    """
    low, high = (100.0 * end / levels.width for end in (min(levels.values), max(levels.values)))
    caption = "disparity in % of the width; bright is near, 0 the screen"
    return _with_bar(disparity_picture(disparity, levels), low, high, caption, mark_zero=True)


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """Entropy of a distribution as a share of the largest possible one.

    Args:
        probabilities: (..., levels) summing to 1.

    Returns:
        (...) in 0..1: 0 is certain, 1 knows nothing.
    """
    p = np.asarray(probabilities)
    bits = -np.sum(p * np.log(np.maximum(p, 1e-12)), axis=-1)
    return bits / np.log(p.shape[-1])


def entropy_with_scale(probabilities: np.ndarray) -> np.ndarray:
    """Entropy above a bar: dark is certain, bright knows nothing.

    Args:
        probabilities: (h, w, levels).

    Returns:
        (rows, columns, 3) uint8 RGB, at least 384 pixels wide.
    """
    caption = "entropy of the levels: 0 is certain, 100 % knows nothing"
    return _with_bar(_colored(entropy(probabilities)), 0.0, 100.0, caption)


def level_sheet(probabilities: np.ndarray, levels: DisparityLevels) -> np.ndarray:
    """Every level's slice under its disparity in pixels and in % of the width, in rows of four.

    Small probabilities are drawn lighter than they are, as their square root.

    Args:
        probabilities: (h, w, channels).
        levels: What the channels mean, in their order.

    Returns:
        (rows, columns, 3) uint8 RGB.
    """
    height, width, count = probabilities.shape
    tile = TILE_WIDTH, max(1, round(height * TILE_WIDTH / width))
    across, down = tile[0] + GAP, tile[1] + LETTERS + 2 * GAP
    top = LETTERS + 2 * GAP
    rows = math.ceil(count / TILES_IN_ROW)
    sheet = np.full((top + rows * down, TILES_IN_ROW * across - GAP, 3), 255, np.uint8)
    sheet = write(
        sheet, (0, GAP), "probability of each level, drawn as its square root: white is 1"
    )
    for channel, label in enumerate(level_labels(levels)):
        row, column = divmod(channel, TILES_IN_ROW)
        y, x = top + row * down, column * across
        sheet = write(sheet, (x + GAP, y + GAP - 2), label)
        y += LETTERS + GAP
        gray = np.rint(255.0 * np.sqrt(np.clip(probabilities[..., channel], 0.0, 1.0)))
        small = cv2.resize(gray.astype(np.uint8), tile, interpolation=_interpolation(tile, width))
        sheet[y : y + tile[1], x : x + tile[0]] = small[..., np.newaxis]
    return sheet


def level_labels(levels: DisparityLevels) -> list[str]:
    """What each channel of a distribution stands for, as "-8 px   -2.08 %"."""
    labels = [
        f"{d:+g} px   {100.0 * d / levels.width:+.2f} %" if d else "0 px   0 %"
        for d in levels.values
    ]
    return ["no level"] * int(levels.empty) + labels


def enlarged(picture: np.ndarray) -> np.ndarray:
    """A picture at least 384 pixels wide, by whole numbers and without interpolation."""
    factor = math.ceil(LEAST_WIDTH / picture.shape[1])
    return np.repeat(np.repeat(picture, factor, axis=0), factor, axis=1)


def tick_values(low: float, high: float, most: int = 9) -> list[float]:
    """Round values in low..high, at most so many, 0 among them if it lies between.

    Args:
        low: Lower end.
        high: Upper end, more than `low`.
        most: Number of ticks there is room for.

    Returns:
        Rising multiples of a step of 1, 2 or 5 times a power of ten.
    """
    step = next((s for s in TICK_STEPS if (high - low) / s <= most - 1), TICK_STEPS[-1])
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 6) for number in range(first, last + 1)]


def tick_label(value: float) -> str:
    """A tick's value with its sign, which 0 has not."""
    return f"{value:+g}" if value else "0"


def _colored(share: np.ndarray) -> np.ndarray:
    gray = np.clip(share * 255.0, 0, 255).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(gray, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)


def _with_bar(picture, low: float, high: float, caption: str, mark_zero: bool = False):
    """The picture, enlarged if it is narrow, above a bar from low to high with ticks."""
    picture = enlarged(picture)
    height, width = picture.shape[:2]
    bar_top = height + GAP
    tick_top = bar_top + BAR
    foot = np.full((GAP + BAR + TICK + 2 * (LETTERS + GAP) + GAP, width, 3), 255, np.uint8)
    whole = np.concatenate([picture, foot])
    length = width - 2 * MARGIN
    ramp = np.linspace(0.0, 1.0, length)[np.newaxis]
    whole[bar_top:tick_top, MARGIN : width - MARGIN] = _colored(ramp)
    for value in tick_values(low, high):
        column = MARGIN + round((value - low) / (high - low) * (length - 1))
        whole[tick_top : tick_top + TICK, column] = 0
        if mark_zero and value == 0:
            whole[bar_top - GAP + 1 : tick_top + TICK, column - 1 : column + 2] = ZERO_COLOR
        label = tick_label(value) if mark_zero else f"{value:g}"
        whole = write(whole, (column, tick_top + TICK), label, anchor="ma")
    return write(whole, (width / 2, tick_top + TICK + LETTERS + GAP), caption, anchor="ma")


def _interpolation(tile, width: int) -> int:
    return cv2.INTER_AREA if tile[0] <= width else cv2.INTER_NEAREST
